// Framing of a TCP stream: the same messages, pings and faults however it is cut into pieces, and each message is one to the
// parser too. RFC 3261 §18.3, RFC 5626 §4.4.1.
import { type FramerSink, parseMessage, StreamFramer } from '#libs/sip';
import { createSeededRandom } from '#libs/testkit';
import { must, mustEqual, type Target } from '../target.js';
import { INVITE } from './message-targets.js';

export type Framer = Readonly<{ push(piece: string): void; partial: boolean }>;

const OPTIONS = 'OPTIONS sip:a SIP/2.0\r\nVia: SIP/2.0/TCP a;branch=z9hG4bK1\r\nFrom: <sip:a>;tag=1\r\nTo: <sip:b>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\nl: 0\r\n\r\n'; // prettier-ignore

type Seen = Readonly<{ events: readonly string[]; messages: readonly string[]; partial: boolean }>;

const framed = (create: (sink: FramerSink) => Framer, pieces: readonly string[]): Seen => {
  const events: string[] = [];
  const messages: string[] = [];
  const framer = create({
    message: (raw) => void (events.push(`message ${raw}`), messages.push(raw)),
    ping: () => void events.push('ping'),
    failed: (fault, head) => void events.push(`failed ${fault} ${head}`),
  });
  for (const piece of pieces) framer.push(piece);
  return { events, messages, partial: framer.partial };
};

const cutAt = (input: string, lengthOf: () => number): string[] => {
  const pieces: string[] = [];
  for (let at = 0; at < input.length;) {
    const end = at + Math.max(1, lengthOf());
    pieces.push(input.slice(at, end));
    at = end;
  }
  return pieces;
};

export const streamTarget = (
  create: (sink: FramerSink) => Framer = (sink) => new StreamFramer(sink),
): Target => ({
  name: 'stream',
  seeds: [INVITE + OPTIONS, `\r\n\r\n${OPTIONS}\r\n\r\n\r\n${INVITE}`, OPTIONS.replace('l: 0', 'Content-Length:\r\n 5') + 'abcde' + OPTIONS, OPTIONS.replace('l: 0', `X: ${'x'.repeat(16_150)}\r\nl: 0`), OPTIONS.replace('l: 0', 'l: 65400')], // prettier-ignore
  tokens: ['\r\n\r\n', '\r\n', 'l: 1\r\n', 'Content-Length: 3\r\n', 'content-length :0\r\n', 'c: x\r\n', 'l:\r\n 2\r\n', OPTIONS, '\x16\x03\x01'], // prettier-ignore
  run(input) {
    const whole = framed(create, [input]);
    const random = createSeededRandom(`${input.length}/${input.slice(0, 64)}`);
    const ways = [() => 1 + random.integer(7), () => 1 + random.integer(400), () => 1 + random.integer(4000)];
    if (input.length < 3000) ways.push(() => 1);
    for (const way of ways) mustEqual('the same however it is cut', framed(create, cutAt(input, way)), whole);
    for (const message of whole.messages) {
      const parsed = parseMessage(message);
      if (parsed.ok) must(parsed.message.raw === message, 'framing and parser see one end', message);
    }
    const kinds = whole.events.map((event) => event.split(' ', 2).join(' ').slice(0, 24));
    return `${[...new Set(kinds)].join()} ${whole.messages.length > 4 ? 'many' : whole.messages.length} ${whole.partial}`;
  },
});
