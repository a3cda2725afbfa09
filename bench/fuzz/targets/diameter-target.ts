// Diameter: a stream of bytes as a peer sends it. What must hold: the same messages however it is cut; what is read is written
// again as it was; a fault has a code of RFC 6733 §7 and an answer that can be read; judging never throws. RFC 6733 §3, §4, §7.
import {
  avpByName, Avps, checkRequest, commandByShort, describeAvps, encodeAvps, faultAnswer, type Fault, FLAG, isRequest,
  MESSAGE_BYTES_MAX, type Message, parseMessage, requestGrammar, StreamFramer, writeMessage,
} from '#libs/diameter'; // prettier-ignore
import { createSeededRandom } from '#libs/testkit';
import { must, mustEqual, type Target } from '../target.js';

const FROM = { 'Origin-Host': 'a.test', 'Origin-Realm': 'test' } as const;
const CX = { 'Vendor-Id': 10_415, 'Auth-Application-Id': 16_777_216 } as const;

const request = (short: 'CER' | 'DWR' | 'ACR' | 'MAR' | 'SAR', body: Parameters<typeof writeMessage>[1]): string => {
  const { code, applicationId, isProxiable } = commandByShort(short);
  const flags = FLAG.request | (isProxiable ? FLAG.proxiable : 0);
  return writeMessage({ flags, command: code, applicationId, hopByHop: 1, endToEnd: 2 }, body).toString('latin1');
}; // prettier-ignore

const CER = request('CER', { ...FROM, 'Host-IP-Address': ['10.0.0.1', '::1'], 'Vendor-Id': 0, 'Product-Name': 'x', 'Vendor-Specific-Application-Id': [CX] }); // prettier-ignore
const DWR = request('DWR', FROM);
const ACR = request('ACR', { 'Session-Id': 'a;1;2', ...FROM, 'Destination-Realm': 'test', 'Accounting-Record-Type': 2, 'Accounting-Record-Number': 1, 'Event-Timestamp': 1_900_000_000, 'Proxy-Info': [{ 'Proxy-Host': 'p', 'Proxy-State': Buffer.from('1') }], 'Service-Information': { 'Subscription-Id': [{ 'Subscription-Id-Type': 2, 'Subscription-Id-Data': 'sip:a@b' }], 'IMS-Information': { 'Node-Functionality': 0, 'Event-Type': { 'SIP-Method': 'INVITE' } } } }); // prettier-ignore
const CX_FIRST = { 'Session-Id': 'a;3', 'Vendor-Specific-Application-Id': CX, 'Auth-Session-State': 1, ...FROM, 'Destination-Realm': 'test' } as const; // prettier-ignore
const MAR = request('MAR', { ...CX_FIRST, 'User-Name': 'a', 'Public-Identity': 'sip:a', 'SIP-Number-Auth-Items': 1, 'SIP-Auth-Data-Item': { 'SIP-Authentication-Scheme': 'Unknown' }, 'Server-Name': 'sip:s' }); // prettier-ignore
const SAR = request('SAR', { ...CX_FIRST, 'Public-Identity': ['sip:a', 'tel:1'], 'Server-Name': 'sip:s', 'Server-Assignment-Type': 1, 'User-Data-Already-Available': 0 }); // prettier-ignore

/** AVP headers, flags and lengths that mean something. */
const avp = (code: number, flags: number, length: number): string =>
  Buffer.from([0, 0, code >> 8, code & 255, flags, 0, length >> 8, length & 255]).toString('latin1');
const TOKENS = [CER, DWR, '\x01\x00\x00\x14', '\x01\x00\x00\x18', '\x80\x00\x01\x01', '\xc0\x00\x01\x0f', '\x01\x00\x00\x00', '\x00\x00\x28\xaf', avp(263, 0x40, 12), avp(284, 0x40, 8), avp(279, 0x40, 16), avp(480, 0x40, 12), avp(601, 0xc0, 13), avp(9999, 0x40, 8), avp(1, 0xff, 255), '\xff\xff\xff\xff', '\x00\x00\x00\x00']; // prettier-ignore

const US = { host: 'us.test', realm: 'test' };

const framed = (pieces: readonly Buffer[]) => {
  const messages: Buffer[] = [];
  const faults: Fault[] = [];
  const framer = new StreamFramer({
    message: (bytes) => void messages.push(bytes),
    failed: (fault) => void faults.push(fault),
  });
  for (const piece of pieces) framer.push(piece);
  return { messages, faults, partial: framer.partial };
};

const cutAt = (bytes: Buffer, lengthOf: () => number): Buffer[] => {
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = at + Math.max(1, lengthOf());
    pieces.push(bytes.subarray(at, end));
    at = end;
  }
  return pieces;
};

const checkFault = (message: Message, fault: Fault): string => {
  must(fault.resultCode >= 3000 && fault.resultCode < 6000 && fault.reason !== '', 'a fault has a code', fault);
  const read = parseMessage(faultAnswer(message, fault, US));
  must(read.ok, 'the answer to a fault can be read', fault.reason);
  if (read.ok) {
    mustEqual('the answer says so', read.message.avps.get('Result-Code'), fault.resultCode);
    mustEqual('to the one who asked', [read.message.hopByHop, read.message.endToEnd], [message.hopByHop, message.endToEnd]);
    const failed = read.message.avps.group('Failed-AVP')?.list.length;
    if (fault.failed) mustEqual('what failed is shown', failed, fault.failed.length);
  }
  return String(fault.resultCode);
}; // prettier-ignore

const checkMessage = (bytes: Buffer, check: typeof checkRequest): string => {
  const read = parseMessage(bytes);
  if (!read.ok) return read.message && isRequest(read.message) ? checkFault(read.message, read.fault) : 'no';
  const { message } = read;
  const { avps } = message;
  const again = parseMessage(writeMessage(message, avps));
  must(again.ok, 'what was read is written and read again');
  if (again.ok) mustEqual('as it was', encodeAvps(again.message.avps.list).toString('hex'), encodeAvps(avps.list).toString('hex')); // prettier-ignore
  const names = Object.keys(describeAvps(avps)).length;
  must(names <= avps.list.length, 'each AVP has one name');
  const grammar = requestGrammar(message.applicationId, message.command);
  if (!isRequest(message) || !grammar) return `${names > 3} other`;
  const fault = check(message, grammar);
  if (fault) return `${grammar.short} ${checkFault(message, fault)}`;
  for (const { name, min, max } of grammar.members.values()) {
    const { length } = new Avps(avps.list).rawAll(avpByName(name as 'User-Name').name);
    must(length >= min && length <= max, 'the grammar holds', name, length);
  }
  return `${grammar.short} right`;
};

export const diameterTarget = (check: typeof checkRequest = checkRequest): Target => ({
  name: 'diameter',
  seeds: [CER + DWR, ACR, MAR + SAR, `${ACR}${CER}`],
  tokens: TOKENS,
  run(input) {
    const bytes = Buffer.from(input, 'latin1');
    const whole = framed([bytes]);
    const random = createSeededRandom(`${input.length}/${input.slice(0, 64)}`);
    const told = (seen: ReturnType<typeof framed>) => [
      seen.messages.map((one) => one.toString('latin1')),
      seen.faults,
    ];
    for (const way of [() => 1 + random.integer(7), () => 1 + random.integer(400)])
      mustEqual('the same however it is cut', told(framed(cutAt(bytes, way))), told(whole));
    for (const message of whole.messages) must(message.length <= MESSAGE_BYTES_MAX, 'messages are bounded');
    const outcomes = whole.messages.slice(0, 8).map((message) => checkMessage(message, check));
    return `${outcomes.join()} ${whole.faults[0]?.resultCode ?? ''} ${whole.partial}`;
  },
});
