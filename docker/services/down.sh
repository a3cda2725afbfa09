#!/usr/bin/env bash
# down.sh [--kill] [ENGINE|NODE…]   : ends what up.sh started, all of it or what is named (kafka; kafka-2 for one broker of three); data stays. `npm run services:down`
# --kill: at once, as a fault does.
. "$(dirname "$0")/lib.sh"
cd "$(dirname "$0")"
RUN=${SERVICES_RUN:-$SERVICES_DIR/run}
export STOP_SIGNAL=TERM
if [ "${1:-}" = --kill ]; then STOP_SIGNAL=KILL; shift; fi
engines=("$@")
[ $# -gt 0 ] || for d in "$RUN"/*/; do [ -d "$d" ] && engines+=("$(basename "$d")"); done
for engine in "${engines[@]}"; do
  pid=("$RUN"/*/"$engine.pid")
  if [ -d "$RUN/$engine" ]; then bash ./stop.sh "$RUN/$engine"
  elif [ -f "${pid[0]}" ]; then bash ./stop.sh "${pid[0]}"
  elif [ $# -gt 0 ]; then die "$engine does not run: there is neither $RUN/$engine nor a pid file of that name"
  fi
done
[ $# -gt 0 ] || rm -f "$RUN/addresses"
