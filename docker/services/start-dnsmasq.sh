#!/usr/bin/env bash
# start-dnsmasq.sh [PORT=5353] [DATA_DIR=${XDG_CACHE_HOME:-$HOME/.cache}/clearwater-services/run/dnsmasq] [NODES=1]   (nodes on PORT, PORT+1, ...)
# It serves the records of DATA_DIR/dnsmasq.conf (srv-host=, naptr-record=, host-record=), if that is there, and asks nobody else.
. "$(dirname "$0")/lib.sh"
PORT=${1:-5353}; DATA=${2:-$SERVICES_DIR/run/dnsmasq}; NODES=${3:-1}
DATA=$(abs_dir "$DATA")
PATH=$PATH:/usr/sbin
apt_install dnsmasq dnsmasq-base
conf=$DATA/dnsmasq.conf; [ -f "$conf" ] || conf=/dev/null
eps=""
for ((i=1;i<=NODES;i++)); do
  p=$((PORT+i-1)); eps+="${eps:+,}127.0.0.1:$p"; pf=$DATA/dnsmasq-$i.pid; running "$pf" && continue
  port_free $p
  setsid nohup dnsmasq --keep-in-foreground --conf-file="$conf" --port=$p --listen-address=127.0.0.1 --bind-interfaces \
    --no-resolv --no-hosts --pid-file= --user=nobody --cache-size=0 --log-facility=- >"$DATA/dnsmasq-$i.log" 2>&1 </dev/null &
  echo $! >"$pf"; wait_for 10 $! "$DATA/dnsmasq-$i.log" port_open $p
done
log "dnsmasq ready: $eps"; echo "$eps"
