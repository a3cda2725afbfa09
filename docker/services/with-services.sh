#!/usr/bin/env bash
# with-services.sh COMMAND…   : the engines started, the command run with their addresses, the engines ended. SERVICES=1 tells tests that a
# missing engine is a failure, not a reason to skip. Data is new each time: what a test left behind is not there for the next.
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
# SERVICES_ONLY: the engines to start, separated by spaces; all when unset.
# shellcheck disable=SC2086
bash "$here/up.sh" ${SERVICES_ONLY:-} >/dev/null
set -a; . "$SERVICES_RUN/addresses"; set +a
export SERVICES=1
"$@"
