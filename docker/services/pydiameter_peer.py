#!/usr/bin/env python3
"""A Diameter peer of another make, for tests: HSS (Cx, application 16777216), CDF (Rf, application 3), and a Cx client.
usage: pydiameter_peer.py PORT PEER[,PEER..] ORIGIN_HOST REALM ; one JSON line a request or answer on standard output.
On standard input: "rtr IMPI", "ppr IMPI" push; "uar IMPI IMPU", "lir IMPU", "mar IMPI IMPU SCHEME", "sar IMPI IMPU TYPE" ask.
python-diameter 0.9.0 has typed Cx messages that do not fit the wire (no Session-Id in UAR, AVP 376 of RFC 4740 for 612 of 3GPP):
Cx is written here from single AVPs; Rf is the library's own."""
import json
import logging
import os
import sys

from diameter.message import Message
from diameter.message.avp import Avp
from diameter.node import Node
from diameter.node.application import SimpleThreadingApplication

port, peers, host, realm = int(sys.argv[1]), sys.argv[2].split(","), sys.argv[3], sys.argv[4]
logging.basicConfig(level=os.environ.get("DIAM_LOG", "WARNING"), stream=sys.stderr)
VENDOR, CX = 10415, 16777216
COMMANDS = {"uar": 300, "sar": 301, "lir": 302, "mar": 303, "rtr": 304, "ppr": 305}
NAMES = {code: name.upper() for name, code in COMMANDS.items()}
SCSCF = "sip:scscf." + realm + ":5054"


def tell(**line):
    print(json.dumps(line, default=lambda o: o.decode("latin1") if isinstance(o, bytes) else str(o)), flush=True)


def avp(code, value, vendor=0):
    return Avp.new(code, vendor, value=value, is_mandatory=True)


def every(avps, code, vendor=0):
    return [one.value for one in avps if one.code == code and (one.vendor_id or 0) == vendor]


def first(avps, code, vendor=0):
    return next(iter(every(avps, code, vendor)), None)


def result_of(avps):
    experimental = first(avps, 297)
    return first(avps, 268) if experimental is None else "10415/%s" % first(experimental, 298)


def plain(avps):
    """Codes and values, groups within groups."""
    return [[a.code, a.vendor_id or 0, plain(a.value) if isinstance(a.value, list) else a.value] for a in avps]


node = Node(host, realm, ip_addresses=["127.0.0.1"], tcp_port=port, vendor_ids=[VENDOR])
node.validate_received_request_avps = False
locations = {}


def cx_message(command, session, request=None):
    message = Message()
    message.header.command_code, message.header.application_id, message.header.is_proxyable = command, CX, True
    if request is not None:
        message.header.hop_by_hop_identifier = request.header.hop_by_hop_identifier
        message.header.end_to_end_identifier = request.header.end_to_end_identifier
    for one in (avp(263, session), avp(260, [avp(266, VENDOR), avp(258, CX)]), avp(277, 1),
                avp(264, host.encode()), avp(296, realm.encode())):
        message.append_avp(one)
    return message


def serve_rf(_app, request):
    answer = request.to_answer()
    answer.session_id, answer.origin_host, answer.origin_realm = request.session_id, host.encode(), realm.encode()
    answer.result_code, answer.acct_application_id, answer.acct_interim_interval = 2001, 3, 60
    answer.accounting_record_type = request.accounting_record_type
    answer.accounting_record_number = request.accounting_record_number
    tell(command="ACR", session=request.session_id, type=request.accounting_record_type,
         number=request.accounting_record_number, retransmitted=request.header.is_retransmit)
    return answer


def profile(impi, impu):
    return ('<?xml version="1.0"?><IMSSubscription><PrivateID>%s</PrivateID><ServiceProfile><PublicIdentity><Identity>%s'
            '</Identity></PublicIdentity></ServiceProfile></IMSSubscription>' % (impi, impu)).encode()


def serve_cx(_app, request):
    avps, command = list(request.avps), request.header.command_code
    answer = cx_message(command, first(avps, 263), request)
    impi, impu, server, kind = first(avps, 1), first(avps, 601, VENDOR), first(avps, 602, VENDOR), first(avps, 614, VENDOR)

    def say(*more):
        for one in more:
            answer.append_avp(one)

    def experimental(code):
        return avp(297, [avp(266, VENDOR), avp(298, code)])
    success = avp(268, 2001)
    if command == 300:
        known = impu in locations
        say(experimental(2002 if known else 2001),
            avp(602, locations[impu], VENDOR) if known else avp(603, [avp(602, SCSCF, VENDOR)], VENDOR))
    elif command == 302:
        say(*([success, avp(602, locations[impu], VENDOR)] if impu in locations else [experimental(5003)]))
    elif command == 303:
        say(success, avp(1, impi), avp(601, impu, VENDOR), avp(607, 1, VENDOR),
            avp(612, [avp(613, 1, VENDOR), avp(608, "Digest-AKAv1-MD5", VENDOR), avp(609, b"R" * 16 + b"A" * 16, VENDOR),
                      avp(610, b"XRES0123", VENDOR), avp(625, b"C" * 16, VENDOR), avp(626, b"I" * 16, VENDOR)], VENDOR))
    elif command == 301:
        if kind in (1, 2, 3):
            locations[impu] = server
        elif kind:
            locations.pop(impu, None)
        say(success, avp(1, impi or "nobody"), avp(606, profile(impi, impu), VENDOR))
    else:
        say(avp(268, 3001))
    tell(command=NAMES.get(command, command), impi=impi, impu=impu, type=kind, server=server)
    return answer


rf = SimpleThreadingApplication(3, is_acct_application=True, request_handler=serve_rf)
cx = SimpleThreadingApplication(CX, is_auth_application=True, request_handler=serve_cx)
known = [node.add_peer("aaa://" + one, realm, is_persistent=False) for one in peers]
node.add_application(rf, known, realms=[realm])
node.add_application(cx, known, realms=[realm])
node.start()
tell(event="listening", port=port)


def ask(name, *words):
    request = cx_message(COMMANDS[name], node.session_generator.next_id())
    request.header.is_request = True
    impu = lambda text: avp(601, text, VENDOR)
    own = {
        "uar": lambda impi, identity: [avp(1, impi), impu(identity), avp(600, realm.encode(), VENDOR), avp(623, 0, VENDOR)],
        "lir": lambda identity: [impu(identity)],
        "mar": lambda impi, identity, scheme: [avp(1, impi), impu(identity), avp(612, [avp(608, scheme.replace("_", " "), VENDOR)], VENDOR),
                                               avp(607, 1, VENDOR), avp(602, SCSCF, VENDOR)],
        "sar": lambda impi, identity, kind: [avp(1, impi), impu(identity), avp(602, SCSCF, VENDOR), avp(614, int(kind), VENDOR),
                                             avp(624, 0, VENDOR)],
        "rtr": lambda impi: [avp(1, impi), avp(615, [avp(616, 0, VENDOR)], VENDOR)],
        "ppr": lambda impi: [avp(1, impi), avp(606, profile(impi, "sip:" + impi), VENDOR)],
    }[name](*words)
    for one in [avp(293, peers[0].encode()), avp(283, realm.encode())] + own:
        request.append_avp(one)
    answer = list(cx.send_request(request, 5).avps)
    tell(event=name + "-answer", result=result_of(answer), avps=plain(answer))


for line in sys.stdin:
    name, *words = line.split() or [""]
    if name == "quit":
        break
    try:
        if name in COMMANDS:
            ask(name, *words)
    except Exception as error:  # told, and the next command is taken
        tell(event="error", command=name, error=repr(error))
node.stop()
