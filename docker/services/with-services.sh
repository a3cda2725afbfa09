#!/usr/bin/env bash
# with-services.sh COMMAND…   : Kafka started, the command run with its address, Kafka ended. Data is new each time. Tests of the other
# engines start and end their own, since they stop and kill them. KAFKA_NODES=3: three brokers; SERVICES_ONLY: other engines beside it.
. "$(dirname "$0")/lib.sh"
here=$(cd "$(dirname "$0")" && pwd)
export SERVICES_DIR
SERVICES_RUN=$(mktemp -d)
export SERVICES_RUN
finish() {
  local code=$?
  bash "$here/down.sh" || true
  rm -rf "$SERVICES_RUN"
  exit $code
}
trap finish EXIT
# Ports of their own, beside those of engines that a developer runs.
export KAFKA_PORT=${KAFKA_PORT:-29492} MEMCACHED_PORT=${MEMCACHED_PORT:-29611} CASSANDRA_PORT=${CASSANDRA_PORT:-29742} ETCD_PORT=${ETCD_PORT:-29879}
export KAFKA_NODES=${KAFKA_NODES:-1} MEMCACHED_NODES=${MEMCACHED_NODES:-1}
# shellcheck disable=SC2086
bash "$here/up.sh" ${SERVICES_ONLY-kafka} >/dev/null
set -a; . "$SERVICES_RUN/addresses"; set +a
"$@"
