// Answers as bytes: whole ones wherever they are cut, what is none, bounds.
import { type Reading, ResponseReader } from './response-reader.js';

const BODY_BYTES_MAX = 100;

const read = (text: string, pieces = text.length, ends = false): Reading => {
  const reader = new ResponseReader(BODY_BYTES_MAX);
  const bytes = Buffer.from(text);
  let reading: Reading = { state: 'more' };
  for (let at = 0; at < bytes.length && reading.state === 'more'; at += pieces)
    reading = reader.push(bytes.subarray(at, at + pieces));
  return ends && reading.state === 'more' ? reader.end() : reading;
};

const LENGTH =
  'HTTP/1.1 200 OK\r\nContent-Length: 7\r\nKeep-Alive: timeout=5\r\nX-One: a\r\nX-One: b\r\n\r\ngrüß!';
const CHUNKED =
  'HTTP/1.1 201 \r\nTransfer-Encoding: chunked\r\n\r\n3\r\ngrx\r\nA;x=y\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n';
const PROVISIONAL = 'HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n';

it.each([
  ['by length', LENGTH, 200, 'grüß!', false],
  ['in chunks', CHUNKED, 201, 'grx0123456789', false],
  ['after a provisional one', PROVISIONAL, 204, '', false],
  ['that is the last of its connection', 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\na', 200, 'a', true],
  ['of an old server', 'HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n', 200, '', true],
])('reads an answer %s, wherever it is cut', (_what, text, status, body, isLast) => {
  for (let pieces = 1; pieces <= Buffer.byteLength(text); pieces++)
    expect(read(text, pieces)).toMatchObject({ state: 'whole', response: { status, body }, isLast });
}); // prettier-ignore

it('gives headers in lower case, the first of several, and how long the server keeps the connection', () => {
  expect(read(LENGTH)).toMatchObject({ response: { headers: { 'x-one': 'a' } }, idleMs: 5_000 });
});

it('takes the end of the connection for the end of an answer that names none, and for a fault else', () => {
  const open = 'HTTP/1.1 200 OK\r\n\r\nto the end';
  expect(read(open)).toEqual({ state: 'more' });
  expect(read(open, 3, true)).toMatchObject({
    state: 'whole',
    response: { body: 'to the end' },
    isLast: true,
  });
  expect(read(LENGTH.slice(0, -3), 7, true)).toMatchObject({ state: 'bad' });
  expect(read('HTTP/1.1 2', 7, true)).toMatchObject({ state: 'bad' });
});

it('trusts no connection on which more comes than was asked for', () => {
  expect(read(`${PROVISIONAL}HTTP/1.1 200 OK\r\n`)).toMatchObject({ state: 'whole', isLast: true });
});

it.each([
  ['another protocol', 'SIP/2.0 200 OK\r\n\r\n'],
  ['a status that is none', 'HTTP/1.1 999 x\r\n\r\n'],
  ['a switch of protocols', 'HTTP/1.1 101 x\r\n\r\n'],
  ['a header without a colon', 'HTTP/1.1 200 OK\r\nabc\r\n\r\n'],
  ['a name with a space', 'HTTP/1.1 200 OK\r\nContent-Length : 1\r\n\r\na'],
  ['a folded header', 'HTTP/1.1 200 OK\r\nA: b\r\n c: d\r\n\r\n'],
  ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\na'],
  ['a length that is none', 'HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\na'],
  ['length and chunks', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n'],
  ['an encoding that is not known', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n'],
  ['a chunk without a size', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n'],
  ['a chunk that is longer than it says', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n'],
  ['a length beyond the bound', `HTTP/1.1 200 OK\r\nContent-Length: ${BODY_BYTES_MAX + 1}\r\n\r\n`],
  ['chunks beyond the bound', `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${`32\r\n${'x'.repeat(50)}\r\n`.repeat(3)}`],
  ['no end beyond the bound', `HTTP/1.1 200 OK\r\n\r\n${'x'.repeat(BODY_BYTES_MAX + 1)}`],
  ['a head beyond the bound', `HTTP/1.1 200 OK\r\nA: ${'x'.repeat(20_000)}`],
  ['a line of a chunk beyond the bound', `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;${'x'.repeat(2_000)}`],
  ['a trailer beyond the bound', `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n${'A: b\r\n'.repeat(100)}`],
  ['provisional answers without an end', 'HTTP/1.1 103 x\r\n\r\n'.repeat(20)],
])('is told of %s', (_what, text) => {
  expect(read(text, 5)).toMatchObject({ state: 'bad' });
}); // prettier-ignore
