#!/usr/bin/env bash
# start-freediameter.sh [PORT=3868] [DATA_DIR=SERVICES_DIR/run/freediameter]   : an independent CDF, Debian's freeDiameter, which answers
# ACRs with DIAMETER_SUCCESS. Debian packages no accounting extension: test_acct.c of Debian's own source package is compiled here, once.
# IDENTITY (cdf.ims.test), REALM (ims.test): who it is; clients are any host of the realm, over plain TCP. Requests are dumped into its log.
. "$(dirname "$0")/lib.sh"
PORT=${1:-3868}; DATA=$(abs_dir "${2:-$SERVICES_DIR/run/freediameter}")
IDENTITY=${IDENTITY:-cdf.ims.test}; REALM=${REALM:-ims.test}
pf=$DATA/freediameter.pid; running "$pf" && { echo "127.0.0.1:$PORT"; exit 0; }
port_free "$PORT"

apt_install freeDiameterd freediameterd freediameter-extensions
[ -f /usr/include/freeDiameter/extension.h ] || apt_install /nonexistent libfreediameter-dev gcc libc6-dev
D=$SERVICES_DIR/freediameter
if [ ! -f "$D/test_acct.fdx" ]; then
  apt_install dpkg-source dpkg-dev
  mkdir -p "$D/lists/partial"
  suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
  echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian $suite main" >"$D/src.list"
  own=(-qq -o "Dir::Etc::sourcelist=$D/src.list" -o Dir::Etc::sourceparts=- -o "Dir::State::lists=$D/lists" -o APT::Sandbox::User=root)
  (cd "$D" && apt-get "${own[@]}" update && apt-get "${own[@]}" source --download-only freediameter && rm -rf fd &&
    dpkg-source -x freediameter_*.dsc fd) >"$D/src.log" 2>&1 || { tail "$D/src.log" >&2; die "no source of freediameter"; }
  gcc -shared -fPIC -O2 -o "$D/test_acct.fdx.new" "$D/fd/extensions/test_acct/test_acct.c" -lfdcore -lfdproto
  mv "$D/test_acct.fdx.new" "$D/test_acct.fdx"
fi
# It does not start without a certificate of its name, used or not.
openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj "/CN=$IDENTITY" -keyout "$DATA/key.pem" -out "$DATA/cert.pem" 2>/dev/null

printf 'ALLOW_IPSEC *.%s\n' "$REALM" >"$DATA/acl.conf"
extensions=$(dirname "$(dpkg -L freediameter-extensions | grep '/dict_nasreq.fdx$')")
cat >"$DATA/fd.conf" <<X
Identity = "$IDENTITY";
Realm = "$REALM";
Port = $PORT;
SecPort = 0;
ListenOn = "127.0.0.1";
No_SCTP;
No_IPv6;
TLS_Cred = "$DATA/cert.pem", "$DATA/key.pem";
TLS_CA = "$DATA/cert.pem";
LoadExtension = "$extensions/dict_nasreq.fdx";
LoadExtension = "$extensions/dict_dcca.fdx";
LoadExtension = "$extensions/dict_dcca_3gpp.fdx";
LoadExtension = "$D/test_acct.fdx";
LoadExtension = "$extensions/dbg_msg_dumps.fdx" : "0x0080";
LoadExtension = "$extensions/acl_wl.fdx" : "$DATA/acl.conf";
X
setsid nohup freeDiameterd -c "$DATA/fd.conf" >"$DATA/freediameter.log" 2>&1 </dev/null &
echo $! >"$pf"; wait_for 20 $! "$DATA/freediameter.log" port_open "$PORT"
log "freeDiameter ready on 127.0.0.1:$PORT as $IDENTITY"; echo "127.0.0.1:$PORT"
