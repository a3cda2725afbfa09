// Whatever the network sends: no reader of text throws, and none takes more than linear time.
import fc from 'fast-check';
import { checkFields } from './check-fields.js';
import { challengeHeader, nonceCount, parseAuthorization, sameDigest } from '../fields/digest.js';
import { Edits } from './edits.js';
import {
  acceptsType,
  firstValue,
  hasOption,
  maxForwards,
  parseCSeq,
  parseSeconds,
  splitValues,
  unfold,
  values,
} from '../fields/fields.js';
import { H } from './header-table.js';
import { addrUri, parseNameAddr, tagOf } from '../fields/name-addr.js';
import { headerParam, headerParams, quote, removeParam, unquote, withoutParams } from '../fields/params.js';
import { parseMessage } from './parse-message.js';
import { decodeUtf8, escapePercent, normaliseEscapes, unescapePercent } from '../fields/percent.js';
import { aorOf, uriEquals } from '../fields/uri-compare.js';
import {
  hostPortOf,
  parseUri,
  uriParam,
  userOf,
  withoutUriHeaders,
  withoutUriParam,
  withUriParam,
} from '../fields/uri.js';
import { parseVia, receivedVia, viaBranch } from '../fields/via.js';

const readValue = (text: string): void => {
  splitValues(text);
  unfold(text);
  parseCSeq(text);
  parseSeconds(text);
  parseNameAddr(text);
  addrUri(text);
  tagOf(text);
  headerParam(text, 'tag');
  headerParams(text);
  removeParam(text, 'tag');
  withoutParams(text);
  unquote(quote(text));
  unquote(text);
  parseVia(text);
  receivedVia(text, '192.0.2.1', 5060);
  parseAuthorization(text);
  nonceCount(text);
  sameDigest('00', text);
  challengeHeader({ realm: text, nonce: text, algorithm: 'MD5', qop: 'auth' });
  parseUri(text);
  aorOf(text);
  uriEquals(text, `${text};x`);
  uriEquals(`sip:a@b;${text}`, `sip:a@b;${text};lr`);
  uriParam(text, 'lr');
  withUriParam(text, 'lr');
  withoutUriParam(text, 'lr');
  withoutUriHeaders(text);
  hostPortOf(text);
  userOf(text);
  unescapePercent(text);
  normaliseEscapes(text);
  escapePercent(text);
  decodeUtf8(text);
};

const readMessage = (text: string): void => {
  const result = parseMessage(text);
  const message = result.ok ? result.message : result.partial;
  if (message === undefined) return;
  checkFields(message);
  viaBranch(message);
  maxForwards(message);
  hasOption(message, H.Supported, 'path');
  acceptsType(message, 'application/sdp', true);
  firstValue(message, H.Contact);
  for (let id = 0; id < 56; id++) for (const value of values(message, id)) readValue(value);
  const edits = new Edits(message);
  edits.viaReceived('192.0.2.1', 5060);
  for (let id = 0; id < 56; id++) {
    edits.topValue(id);
    edits.popValue(id);
    edits.append(id, 'x');
  }
  edits.removeNamed('X-Foo');
  edits.renderWithVia('SIP/2.0/UDP us;branch=1');
};

const SAMPLE = [
  'INVITE sip:bob@ims.test;user=phone SIP/2.0', 'Via: SIP/2.0/UDP 10.0.0.1:16060;rport;branch=z9hG4bK-1', 'v: SIP/2.0/TCP [::1]:5,SIP/2.0/WS x',
  'Max-Forwards: 70', 'Route: <sip:10.0.0.9:5054;transport=tcp;lr;orig>, <sip:x;lr>', 'From: "Al\\"ice" <sip:alice@ims.test>;tag=1928',
  'To: <sip:bob@ims.test>', 'Call-ID: a84b4c76e66710@10.0.0.1', 'CSeq: 314159 INVITE', 'Contact: <sip:alice@10.0.0.1:16060>;+sip.instance="<urn:uuid:1>"',
  'Authorization: Digest username="a", realm="b", nonce="c", uri="sip:x", response="d", nc=00000001, qop=auth, cnonce="e"',
  'Supported: path,\r\n gruu', 'Accept: application/sdp;q=0.5, text/*', 'X-Foo: 1', 'Content-Length: 5', '', 'v=0\r\n',
].join('\r\n'); // prettier-ignore

const SPICES = ['\r\n', '\r', '\n', '\0', ' ', ',', ';', '"', '\\', '<', '>', '%', '%00', '=', ':', '@', '?', '[', ']', '*', '\xff', '\u0400', '999999999999', 'sip:', ';tag=', 'l: 3\r\n']; // prettier-ignore
const mutated = fc
  .array(
    fc.record({
      at: fc.nat(SAMPLE.length),
      cut: fc.nat(12),
      put: fc.oneof(fc.constantFrom(...SPICES), fc.string({ maxLength: 4 })),
    }),
    { minLength: 1, maxLength: 6 },
  )
  .map((edits) =>
    edits.reduce((text, { at, cut, put }) => text.slice(0, at) + put + text.slice(at + cut), SAMPLE),
  );
const latin1 = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes).toString('latin1'));
const spicy = fc
  .array(fc.constantFrom(...SPICES, 'a', 'tag', 'Digest '), { maxLength: 30 })
  .map((parts) => parts.join(''));

describe('never throws', () => {
  it('on mutated messages', () => fc.assert(fc.property(mutated, readMessage), { numRuns: 1_000 }));
  it('on random bytes', () => fc.assert(fc.property(latin1, readMessage), { numRuns: 500 }));
  it('on values of random bytes', () => fc.assert(fc.property(latin1, readValue), { numRuns: 1_000 }));
  it('on values of delimiters', () => fc.assert(fc.property(spicy, readValue), { numRuns: 1_000 }));
  it('on any string', () =>
    fc.assert(fc.property(fc.string({ unit: 'binary' }), readValue), { numRuns: 300 }));
});

describe('linear time', () => {
  const PIECES = [...SPICES, 'a', '<>', '""', '",', '<,', ',,', ';;', ';lr', ';tag=1', '%41', '\\"', ';a=b', '?a=b&', ' \t', '\r\n ', 'a,', 'X:\r\n', 'v: a,\r\n', 'Route: <a>,<b>\r\n', '\r\n\r\n', 'sip:a@', '"', 'a=b,', '\r\r', '\n\n']; // prettier-ignore
  /** CPU milliseconds; measured again when it looks bad, so that a collection or a busy machine is no verdict. */
  const cost = (work: () => void): number => {
    let least = Infinity;
    for (let run = 0; run < 3 && least > COST_MS_MAX; run++) {
      const start = process.cpuUsage();
      work();
      const { user, system } = process.cpuUsage(start);
      least = Math.min(least, (user + system) / 1000);
    }
    return least;
  };
  // What is linear takes single milliseconds at this size, what is quadratic seconds.
  const SIZE = 16_000;
  const COST_MS_MAX = 100;

  it.each(PIECES.map((piece) => [JSON.stringify(piece), piece]))('in a value of many %s', (_shown, piece) => {
    const text = piece.repeat(SIZE / piece.length);
    expect(cost(() => readValue(text))).toBeLessThan(COST_MS_MAX);
    expect(cost(() => readValue(`"x" <sip:a@b>;x="${text}`))).toBeLessThan(COST_MS_MAX);
  });

  it.each(PIECES.map((piece) => [JSON.stringify(piece), piece]))(
    'in a message of many %s',
    (_shown, piece) => {
      const many = piece.repeat((SIZE - SAMPLE.length - 20) / piece.length);
      for (const raw of [
        `${SAMPLE}${many}`,
        SAMPLE.replace('X-Foo: 1', `X-Foo: 1\r\n${many}`),
        SAMPLE.replace('<sip:x;lr>', many),
      ])
        expect(cost(() => readMessage(raw))).toBeLessThan(COST_MS_MAX);
    },
  );
});
