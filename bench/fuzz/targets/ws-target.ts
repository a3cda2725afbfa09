// What comes on a WebSocket after its handshake, through the real adapter on a loopback socket. What must hold: the messages
// that RFC 6455 finds in these bytes are handed on as they were written, each once and none besides, until the first fault
// ends the connection; pings and keep-alives are answered; nothing is left open. RFC 7118.
import { connect } from 'node:net';
import { createTransports, type NodeTransports } from '#libs/sip';
import { createFakeClock, createSeededRandom, type SeededRandom } from '#libs/testkit';
import { must, mustEqual, type Target } from '../target.js';
import { INVITE } from './message-targets.js';
import { type Frames, readFrames } from './ws-frames.js';

/** The package cuts a peer off that has more pings unanswered than this: how many there are at a time is for the machine to say. */
const PINGS_MAX = 60;
const HANDSHAKE =
  'GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: sip\r\n\r\n';
const CUTS_MAX = 3;
/** Of the event loop, once the socket is closed. */
const TURNS_MAX = 10_000;

/** A frame as a client writes it; a mask of zeros keeps it readable. */
const frame = (head: number, payload: string, mask = '\0\0\0\0'): string => {
  const { length } = payload;
  const size = length < 126 ? [128 | length] : [128 | 126, length >> 8, length & 255];
  const masked = Buffer.from(payload, 'latin1').map((byte, at) => byte ^ mask.charCodeAt(at % 4));
  return String.fromCharCode(head, ...size) + mask + Buffer.from(masked).toString('latin1');
};
const TEXT = 0x81;
const BINARY = 0x82;
const CLOSE = 0x88;
const PING = 0x89;
const PONG = 0x8a;
const OPTIONS = 'OPTIONS sip:a SIP/2.0\r\nVia: SIP/2.0/WS a;branch=z9hG4bK1\r\nl: 0\r\n\r\n';
const KEEP_ALIVE = frame(TEXT, '\r\n\r\n');
const FRAGMENTS =
  frame(0x01, 'OPTIONS ') + frame(0x00, 'sip:a') + frame(PING, 'a') + frame(0x80, ' SIP/2.0\r\n');

type Heard = { delivered: string[]; malformed: number; closed: number };
type Spoken = Readonly<{ bytes: string; clean: boolean }>;

/** Writes the pieces, each read by itself where there are several, then no more; what was answered until the end. */
const speak = (port: number, pieces: readonly string[]): Promise<Spoken> =>
  new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    let bytes = '';
    let clean = true;
    const write = (at: number): void => {
      const piece = pieces[at];
      if (piece === undefined) return void socket.end();
      socket.write(piece, 'latin1');
      setImmediate(write, at + 1);
    };
    socket.once('connect', () => write(0));
    socket.on('data', (data) => void (bytes += data.toString('latin1')));
    socket.on('error', () => void (clean = false));
    socket.once('close', () => resolve({ bytes, clean }));
  });

const cut = (input: string, random: SeededRandom): string[] => {
  const places = Array.from({ length: random.integer(CUTS_MAX + 1) }, () => random.integer(input.length + 1));
  // Without a cut the first frames come in the same packet as the handshake.
  if (places.length === 0) return [HANDSHAKE + input];
  const bounds = [0, ...places.sort((left, right) => left - right), input.length];
  return [HANDSHAKE, ...bounds.slice(1).map((end, at) => input.slice(bounds[at], end)).filter(Boolean)];
}; // prettier-ignore

const isKeepAlive = (message: string): boolean => message === '\r\n\r\n';
const withoutLineEnds = (message: string): string => message.replace(/^[\r\n]+/, '');

const checkAnswers = (expected: Frames, { bytes, clean }: Spoken): void => {
  const head = bytes.indexOf('\r\n\r\n');
  must(bytes.startsWith('HTTP/1.1 101 ') && head > 0, 'the handshake is answered', bytes.slice(0, 80));
  const answers = readFrames(bytes.slice(head + 4), false);
  const keepAlives = expected.messages.filter(isKeepAlive).map(() => '\r\n');
  const isWhole = clean && !expected.fault && expected.pings.length <= PINGS_MAX;
  const count = (all: readonly string[], part: readonly string[]): number =>
    isWhole ? all.length : part.length;
  mustEqual('pings are answered', answers.pongs, expected.pings.slice(0, count(expected.pings, answers.pongs)));
  mustEqual('keep-alives are answered', answers.messages, keepAlives.slice(0, count(keepAlives, answers.messages)));
}; // prettier-ignore

type Started = Readonly<{ node: NodeTransports; port: number; heard: Heard }>;

const start = async (create: typeof createTransports): Promise<Started> => {
  const heard: Heard = { delivered: [], malformed: 0, closed: 0 };
  const node = create({
    listeners: [{ name: 'edge', transport: 'ws', address: '127.0.0.1', port: 0 }],
    clock: createFakeClock(),
    log: { debug: () => {}, warn: () => {}, error: () => {} },
    receiver: {
      message: (raw) => void heard.delivered.push(raw),
      flowClosed: () => void (heard.closed += 1),
      sendFailed: () => {},
      malformed: () => void (heard.malformed += 1),
    },
  });
  await node.listen();
  return { node, port: node.addresses()[0]?.port ?? 0, heard };
};

export const wsTarget = (create: typeof createTransports = createTransports): Target => {
  let started: Promise<Started> | undefined;
  return {
    name: 'ws',
    seeds: [frame(TEXT, INVITE), frame(BINARY, INVITE, 'k\xffy\0') + frame(PING, 'hello') + KEEP_ALIVE + frame(TEXT, OPTIONS), FRAGMENTS + frame(TEXT, `\r\n\r\n${OPTIONS}`) + frame(CLOSE, '\x03\xe8bye'), frame(PONG, '') + frame(TEXT, 'h\xc3\xa9') + frame(BINARY, '\xff') + frame(TEXT, '\xff'), `${frame(PING, 'x').repeat(20)}\x81\xff\0\0\0\0\0\x01\0\x01`], // prettier-ignore
    tokens: [frame(PING, ''), frame(PONG, 'x'), frame(CLOSE, ''), frame(CLOSE, '\x03\xed'), frame(TEXT, OPTIONS), KEEP_ALIVE, FRAGMENTS, frame(0x01, 'a'), frame(0x00, 'b'), frame(0x80, 'c'), frame(TEXT, ''), frame(0x83, ''), frame(0xc1, 'z'), '\x81\x05', '\x81\xfe\xff\xff', '\x82\xff\0\0\0\0\0\0\0\x02', '\x82\xff\xff\xff\xff\xff\xff\xff\xff\xff', '\xc3\xa9', '\x89\xfe'], // prettier-ignore
    async run(input) {
      const { node, port, heard } = await (started ??= start(create));
      Object.assign(heard, { delivered: [], malformed: 0, closed: 0 });
      const before = node.counters()[0]?.counters.connectionsOpened ?? 0;
      const random = createSeededRandom(`${input.length}/${input.slice(0, 64)}`);
      const spoken = await speak(port, cut(input, random));
      for (let turn = 0; turn < TURNS_MAX && heard.closed === 0; turn += 1) await new Promise(setImmediate);
      const expected = readFrames(input, true);
      const messages = expected.messages.map(withoutLineEnds).filter(Boolean);
      const { delivered, malformed, closed } = heard;
      if (expected.pings.length <= PINGS_MAX) {
        mustEqual('messages as they were written', delivered, messages);
        mustEqual('a fault is told once', malformed, expected.fault ? 1 : 0);
      } else mustEqual('messages as far as it came', delivered, messages.slice(0, delivered.length));
      mustEqual('its end is told once', closed, 1);
      const counters = node.counters()[0]?.counters;
      mustEqual('one connection', (counters?.connectionsOpened ?? 0) - before, 1);
      mustEqual('none is left open', counters?.connectionsClosed, counters?.connectionsOpened);
      checkAnswers(expected, spoken);
      const { fault, isClosed, isPartial, pings } = expected;
      return `${fault} ${isClosed} ${isPartial} ${pings.length > 0} ${messages.length > 3 ? 'many' : messages.length}`;
    },
    async stop() {
      await (await started)?.node.close();
      started = undefined;
    },
  };
};
