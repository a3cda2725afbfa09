#!/usr/bin/env bash
# up.sh [ENGINE…]   : starts the engines that programs need, or those named, without docker; what runs already goes on. `npm run services:up`
# Data and pids are in SERVICES_RUN/<engine>, addresses in SERVICES_RUN/addresses: `NAME=value` lines that tests and apps take.
# env: SERVICES_DIR (cache of what was fetched); SERVICES_RUN (SERVICES_DIR/run); KAFKA_NODES and MEMCACHED_NODES (3), ETCD_NODES (1); <ENGINE>_PORT
. "$(dirname "$0")/lib.sh"
cd "$(dirname "$0")"
RUN=$(abs_dir "${SERVICES_RUN:-$SERVICES_DIR/run}")
engines=("$@")
[ $# -gt 0 ] || engines=(kafka memcached cassandra etcd)
# So many that one can be lost.
export KAFKA_NODES=${KAFKA_NODES:-3} MEMCACHED_NODES=${MEMCACHED_NODES:-3}

declare -A variable=([kafka]=KAFKA_BROKERS [memcached]=MEMCACHED_SERVERS [cassandra]=CASSANDRA_CONTACT_POINTS [etcd]=ETCD_ENDPOINTS)
declare -A port=([kafka]=9092 [memcached]=11211 [cassandra]=9042 [etcd]=2379)

for engine in "${engines[@]}"; do
  upper=${engine^^}; nodes=${upper}_NODES; own_port=${upper}_PORT
  address=$(bash "start-$engine.sh" "${!own_port:-${port[$engine]:-}}" "$RUN/$engine" "${!nodes:-1}" | tail -1) || die "$engine did not start"
  name=${variable[$engine]:-${upper}_ADDRESS}
  { grep -v "^$name=" "$RUN/addresses" 2>/dev/null || true; echo "$name=$address"; } >"$RUN/addresses.new"
  mv "$RUN/addresses.new" "$RUN/addresses"
done
cat "$RUN/addresses"
