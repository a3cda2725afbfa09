// What servers that are called back answer: the same response or the same fault however it is cut into pieces, within the bound. RFC 9112.
import { type Reading, ResponseReader } from '#libs/http-pool';
import { createSeededRandom } from '#libs/testkit';
import { must, mustEqual, type Target } from '../target.js';

export type Reader = Pick<ResponseReader, 'push' | 'end'>;

const BODY_BYTES_MAX = 500;
const HEAD = 'HTTP/1.1 200 OK\r\n';
const LENGTH = `${HEAD}Content-Length: 5\r\nKeep-Alive: timeout=5\r\n\r\nabcde`;
const CHUNKED = `${HEAD}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\nT: x\r\n\r\n`;
const EARLY = 'HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n';

/** What became of it; a connection that is the last one because more came with the answer is a matter of cuts. */
const readBy = (reader: Reader, pieces: readonly string[]): string => {
  let reading: Reading = { state: 'more' };
  for (const piece of pieces) {
    if (reading.state !== 'more') break;
    reading = reader.push(Buffer.from(piece, 'latin1'));
  }
  if (reading.state === 'more') reading = reader.end();
  if (reading.state !== 'whole') return reading.state;
  const { response, idleMs } = reading;
  must(Buffer.byteLength(response.body, 'latin1') <= BODY_BYTES_MAX, 'the body is within the bound');
  return JSON.stringify({ response, idleMs });
};

export const httpResponseTarget = (
  create: () => Reader = () => new ResponseReader(BODY_BYTES_MAX),
): Target => ({
  name: 'http-response',
  seeds: [LENGTH, CHUNKED, EARLY + LENGTH, `${HEAD}\r\nto the end`, 'HTTP/1.0 204 \r\nConnection: keep-alive\r\n\r\n', `${HEAD}A: ${'x'.repeat(16_300)}\r\n\r\n`], // prettier-ignore
  tokens: ['\r\n\r\n', '\r\n', '\n', 'Content-Length: 3\r\n', 'content-length: -1\r\n', 'Transfer-Encoding: chunked\r\n', 'Connection: close\r\n', '0\r\n\r\n', 'ffffffff\r\n', '1f5\r\n', EARLY, HEAD, 'HTTP/1.1 101 \r\n\r\n'], // prettier-ignore
  run(input) {
    const whole = readBy(create(), [input]);
    const random = createSeededRandom(`${input.length}/${input.slice(0, 64)}`);
    for (const most of [7, 400]) {
      const pieces: string[] = [];
      for (let at = 0; at < input.length; at += pieces.at(-1)?.length ?? 0)
        pieces.push(input.slice(at, at + 1 + random.integer(most)));
      mustEqual('the same however it is cut', readBy(create(), pieces), whole);
    }
    return whole.startsWith('{')
      ? `whole ${/"status":(\d)/.exec(whole)?.[1]} ${/"idleMs"/.test(whole)}`
      : whole;
  },
});
