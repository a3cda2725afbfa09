#!/usr/bin/env bash
# down.sh [ENGINE…]   : ends what up.sh started, all of it or the engines named; their data stays. `npm run services:down`
. "$(dirname "$0")/lib.sh"
cd "$(dirname "$0")"
RUN=${SERVICES_RUN:-$SERVICES_DIR/run}
engines=("$@")
[ $# -gt 0 ] || for d in "$RUN"/*/; do [ -d "$d" ] && engines+=("$(basename "$d")"); done
for engine in "${engines[@]}"; do
  [ -d "$RUN/$engine" ] && bash ./stop.sh "$RUN/$engine"
done
[ $# -gt 0 ] || rm -f "$RUN/addresses"
