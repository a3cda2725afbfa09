// CPU time of the pure text layer of libs/sip: parse, and parse + rewrite as a proxy does it, on one core.
// Prints JSON lines. Run: npx tsc -b libs/sip bench && npx node dist/bench/micro/sip-parse.js
import {
  aorOf, checkFields, digestResponse, Edits, H, ha1, hasOption, parseAuthorization, parseMessage, parseNameAddr, parseUri,
  sameDigest, tagOf, values, viaBranch,
} from '#libs/sip'; // prettier-ignore

const sdp =
  'v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\nm=audio 6000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\na=sendrecv\r\n';
const invite = [
  'INVITE sip:bob@ims.test SIP/2.0',
  'Via: SIP/2.0/UDP 10.0.0.1:16060;rport;branch=z9hG4bK-776asdhds-1-0',
  'Max-Forwards: 70',
  'Route: <sip:10.0.0.9:5054;transport=tcp;lr;orig>',
  'From: "Alice" <sip:alice@ims.test>;tag=1928301774',
  'To: <sip:bob@ims.test>',
  'Call-ID: a84b4c76e66710@10.0.0.1',
  'CSeq: 314159 INVITE',
  'Contact: <sip:alice@10.0.0.1:16060>',
  'P-Preferred-Identity: <sip:alice@ims.test>',
  'Supported: path, gruu, outbound',
  'User-Agent: bench/1.0',
  'Content-Type: application/sdp',
  `Content-Length: ${sdp.length}`,
  '',
  sdp,
].join('\r\n');

const RUNS = 7;
const ROUNDS = 300_000;
const TEXTS = 64;
// As the network delivers them: fresh flat latin1 strings, not one string seen again and again.
const bytes = Buffer.from(invite, 'latin1');
const texts = Array.from({ length: TEXTS }, () => bytes.toString('latin1'));
const wire = Buffer.alloc(65_536);

const parse = (text: string): number => {
  const parsed = parseMessage(text);
  return parsed.ok ? parsed.message.lineCount : 0;
};

const rewrite = (text: string): number => {
  const parsed = parseMessage(text);
  if (!parsed.ok) return 0;
  const edits = new Edits(parsed.message);
  edits.viaReceived('10.0.0.1', 16060);
  edits.popValue(H.Route);
  edits.prepend(H.RecordRoute, '<sip:token@192.0.2.1:5060;transport=udp;lr>');
  edits.prepend(H.RecordRoute, '<sip:192.0.2.1:5058;transport=tcp;lr>');
  edits.replace(H.MaxForwards, '69');
  edits.remove(H.PPreferredIdentity);
  edits.append(H.PAssertedIdentity, '<sip:alice@ims.test>');
  const sent = edits.renderWithVia('SIP/2.0/UDP 192.0.2.1:5054;branch=z9hG4bKabcdef0123456789');
  return wire.write(sent, 'latin1');
};

const branch = (text: string): number => {
  const parsed = parseMessage(text);
  return parsed.ok ? viaBranch(parsed.message).length : 0;
};

const message = (() => {
  const parsed = parseMessage(invite);
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.message;
})();

/** What a registrar or a router reads of a request. */
const fields = (): number =>
  values(message, H.Route).length +
  tagOf(message.header(H.From)!).length +
  (aorOf(parseNameAddr(message.header(H.To)!)!.uri)?.length ?? 0) +
  (hasOption(message, H.Supported, 'gruu') ? 1 : 0);

const authorization =
  'Digest username="alice@ims.test",realm="ims.test",cnonce="6b8b4567",nc=00000001,qop=auth,uri="sip:ims.test",' +
  'nonce="0123456789abcdef0123456789abcdef",response="0123456789abcdef0123456789abcdef",algorithm=MD5';
const secret = ha1('MD5', 'alice@ims.test', 'ims.test', 'secret');

const verify = (): number => {
  const found = parseAuthorization(authorization);
  if (found === undefined) return 0;
  const { nonce = '', nc = '', cnonce = '', uri = '', response = '' } = found;
  const expected = digestResponse({
    algorithm: 'MD5',
    ha1: secret,
    nonce,
    nc,
    cnonce,
    qop: 'auth',
    method: 'REGISTER',
    uri,
  });
  return sameDigest(expected, response) ? 2 : 1;
};

const measure = (name: string, work: (text: string) => number): void => {
  const figures: number[] = [];
  let sum = 0;
  for (let run = 0; run < RUNS; run++) {
    const start = process.cpuUsage();
    for (let round = 0; round < ROUNDS; round++) sum += work(texts[round % TEXTS]!);
    const { user, system } = process.cpuUsage(start);
    figures.push((user + system) / ROUNDS);
  }
  const sorted = figures.slice(1).sort((a, b) => a - b);
  const cpuUs = sorted[sorted.length >> 1]!;
  console.log(JSON.stringify({ bench: `sip-text/${name}`, bytes: bytes.length, cpuUs: +cpuUs.toFixed(3), runs: RUNS - 1, checksum: sum })); // prettier-ignore
};

measure('parse', parse);
measure('parse+branch', branch);
measure('parse+rewrite+bytes', rewrite);
measure('fields', fields);
measure('check-fields', () => (checkFields(message) === undefined ? 1 : 0));
measure('parse-uri', () => (parseUri('sip:token@192.0.2.1:5060;transport=udp;lr').ok ? 1 : 0));
measure('digest', verify);
