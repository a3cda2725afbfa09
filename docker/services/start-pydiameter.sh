#!/usr/bin/env bash
# start-pydiameter.sh [PORT=3869] [DATA_DIR=SERVICES_DIR/run/pydiameter]   : an independent HSS, CDF and Cx client in Python
# (pydiameter_peer.py, on PyPI's python-diameter). PEERS (client.ims.test): who may connect; IDENTITY (hss.ims.test); REALM (ims.test).
# Commands go into DATA_DIR/cmd (a fifo); what it saw, a JSON line each, is in DATA_DIR/peer.jsonl.
. "$(dirname "$0")/lib.sh"
HERE=$(cd "$(dirname "$0")" && pwd)
PORT=${1:-3869}; DATA=$(abs_dir "${2:-$SERVICES_DIR/run/pydiameter}")
pf=$DATA/pydiameter.pid; running "$pf" && { echo "127.0.0.1:$PORT"; exit 0; }
port_free "$PORT"
V=$SERVICES_DIR/diameter-venv
if ! { [ -x "$V/bin/python" ] && "$V/bin/python" -c 'import diameter' 2>/dev/null; }; then
  python3 -c 'import ensurepip' 2>/dev/null || apt_install /nonexistent python3-venv
  python3 -m venv "$V" && "$V/bin/pip" install -q python-diameter==0.9.0 || die "no python-diameter"
fi
rm -f "$DATA/cmd"; mkfifo "$DATA/cmd"
setsid nohup "$V/bin/python" "$HERE/pydiameter_peer.py" "$PORT" "${PEERS:-client.ims.test}" "${IDENTITY:-hss.ims.test}" "${REALM:-ims.test}" \
  <>"$DATA/cmd" >"$DATA/peer.jsonl" 2>"$DATA/peer.err" &
echo $! >"$pf"; wait_for 20 $! "$DATA/peer.err" port_open "$PORT"
log "python-diameter ready on 127.0.0.1:$PORT"; echo "127.0.0.1:$PORT"
