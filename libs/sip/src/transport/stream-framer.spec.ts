import fc from 'fast-check';
import { HEAD_BYTES_MAX, MESSAGE_BYTES_MAX, StreamFramer, contentLength } from './stream-framer.js';

/** What a framer makes of these pieces, as lines. */
const frame = (...pieces: string[]): string[] => {
  const told: string[] = [];
  const framer = new StreamFramer({
    message: (raw) => told.push(raw),
    ping: () => told.push('PING'),
    failed: (fault, head) => told.push(`FAULT ${fault} ${head.length}`),
  });
  for (const piece of pieces) framer.push(piece);
  return told;
};

const message = (body: string, lengthHeader = `Content-Length: ${body.length}`, name = 'a'): string =>
  `MESSAGE sip:${name}@x SIP/2.0\r\nCall-ID: ${name}\r\n${lengthHeader}\r\nc: text/plain\r\n\r\n${body}`;

/** Cuts text at these places. */
const cutAt = (text: string, places: readonly number[]): string[] => {
  const sorted = [...new Set(places.map((place) => place % (text.length + 1)))].sort((a, b) => a - b);
  return [0, ...sorted].map((from, i) => text.slice(from, [...sorted, text.length][i]));
};

const body = fc.oneof(
  fc.string({
    unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
    maxLength: 80,
  }),
  fc.constantFrom(
    '',
    '\r\n',
    '\r\n\r\n',
    'BYE sip:a SIP/2.0\r\nContent-Length: 9\r\n\r\n',
    'x'.repeat(1_000),
  ),
);
const lengthHeader = (text: string) =>
  fc.constantFrom(
    `Content-Length: ${text.length}`,
    `content-length:${text.length}`,
    `CONTENT-LENGTH  :\t ${text.length}  `,
    `l: ${text.length}`,
    `L:${text.length}`,
    `Content-Length:\r\n ${text.length}`,
    `l\t:\r\n\t 00${text.length}\r\n `,
    `Content-Length: ${text.length}\r\nl: ${text.length}`,
    `X-Long: a\r\n Content-Length: 77\r\nl: ${text.length}`,
    `Content-Language: de\r\nContent-Length-X: 5\r\nlanguage: l\r\nL: ${text.length}`,
  );
const messages = body.chain((text) => lengthHeader(text).map((header) => message(text, header)));
const item = fc.oneof(
  { weight: 4, arbitrary: messages.map((raw) => ({ wire: raw, told: [raw] })) },
  { weight: 1, arbitrary: fc.constant({ wire: '\r\n\r\n', told: ['PING'] }) },
);
const places = fc.oneof(
  fc.array(fc.nat(9_000), { maxLength: 30 }),
  fc.constant(Array.from({ length: 9_000 }, (_, i) => i)),
);

describe('cuts a stream into messages', () => {
  it('the same however it is fragmented', () => {
    fc.assert(
      fc.property(fc.array(item, { maxLength: 8 }), places, (items, cuts) => {
        const wire = items.map((one) => one.wire).join('');
        expect(frame(...cutAt(wire, cuts))).toEqual(items.flatMap((one) => one.told));
      }),
      { numRuns: 150 },
    );
  });

  it('takes a lone CRLF and LF between messages for nothing', () => {
    const one = message('x');
    expect(frame(`\r\n${one}\r\n${one}\n${one}`)).toEqual([one, one, one]);
    expect(frame('\r', '\n', one)).toEqual([one]);
  });

  it('answers each double CRLF, and not one that a message stands between', () => {
    expect(frame('\r\n\r\n\r\n\r\n')).toEqual(['PING', 'PING']);
    expect(frame('\r', '\n', '\r', '\n')).toEqual(['PING']);
    const one = message('');
    expect(frame(`${one}\r\n`, `${one}\r\n`)).toEqual([one, one]);
  });

  it('delivers nothing after stop, even of the same piece', () => {
    const told: string[] = [];
    const framer = new StreamFramer({
      message: (raw) => {
        told.push(raw);
        framer.stop();
      },
      ping: () => told.push('PING'),
      failed: () => told.push('FAULT'),
    });
    framer.push(`${message('1')}${message('2')}\r\n\r\n`);
    framer.push(message('3'));
    expect(told).toEqual([message('1')]);
    told.length = 0;
    const other = new StreamFramer({
      message: () => other.stop(),
      ping: () => told.push('PING'),
      failed: () => told.push('FAULT'),
    });
    other.push(`${message('1')}\r\n\r\n`);
    expect(told).toEqual([]);
  });

  it('says whether a message is incomplete', () => {
    const framer = new StreamFramer({ message: () => {}, ping: () => {}, failed: () => {} });
    expect(framer.partial).toBe(false);
    framer.push('BYE ');
    expect(framer.partial).toBe(true);
    framer.push('sip:a SIP/2.0\r\nl: 2\r\n\r\n1');
    expect(framer.partial).toBe(true);
    framer.push('2\r\n');
    expect(framer.partial).toBe(false);
  });
});

describe('gives up on a stream that cannot be cut', () => {
  const head = (header: string): string => `BYE sip:a SIP/2.0\r\n${header}\r\n\r\n`;
  it.each([
    ['no Content-Length', head('Call-ID: 1'), 'content-length-missing'],
    ['no headers', 'BYE sip:a SIP/2.0\r\n\r\n', 'content-length-missing'],
    ['an empty one', head('Content-Length:'), 'content-length-bad'],
    ['a negative one', head('Content-Length: -1'), 'content-length-bad'],
    ['a signed one', head('l: +5'), 'content-length-bad'],
    ['a hexadecimal one', head('l: 0x5'), 'content-length-bad'],
    ['a list', head('l: 5, 5'), 'content-length-bad'],
    ['two that differ', head('l: 5\r\nContent-Length: 6'), 'content-length-bad'],
    ['a number with a gap', head('l: 1 0'), 'content-length-bad'],
    ['too many digits', head('l: 9999999999'), 'content-length-bad'],
    ['too large a body', head(`l: ${MESSAGE_BYTES_MAX + 1}`), 'message-too-large'],
    ['too large a message', head(`l: ${MESSAGE_BYTES_MAX}`), 'message-too-large'],
    ['a head without end', `BYE sip:a SIP/2.0\r\nX: ${'a'.repeat(HEAD_BYTES_MAX)}`, 'head-too-large'],
    ['a head too large', head(`X: ${'a'.repeat(HEAD_BYTES_MAX)}\r\nl: 0`), 'head-too-large'],
    ['a TLS hello', '\x16\x03\x01\x02', 'not-sip'],
    ['a CR alone', '\r\r\n', 'not-sip'],
    ['a space', ' BYE', 'not-sip'],
  ])('%s', (_name, wire, fault) => {
    const good = message('ok');
    for (const pieces of [[good + wire + good], [good, ...(good + wire + good)], [good, wire, good]]) {
      const told = frame(...pieces).filter((line) => line !== good);
      expect(told).toEqual([expect.stringMatching(`^FAULT ${fault} `)]);
    }
  });

  it('does not wait for the end of a head that never comes', () => {
    const pieces = Array.from({ length: 20 }, () => 'a'.repeat(1_000));
    expect(frame('BYE sip:a SIP/2.0\r\n', ...pieces)).toEqual(['FAULT head-too-large 0']);
  });

  it('tells the head where there is one', () => {
    const wire = head('Call-ID: 1');
    expect(frame(`${wire}BYE`)).toEqual([`FAULT content-length-missing ${wire.length}`]);
  });
});

it('takes a message of exactly the bounds', () => {
  const frameOf = (text: string): number => frame(text)[0]!.length;
  const fixed = message('', 'l: 65000').length;
  const large = message('b'.repeat(65_000), 'l: 65000');
  expect(large.length).toBe(fixed + 65_000);
  expect(frameOf(large)).toBe(large.length);
  const start = 'BYE sip:a SIP/2.0\r\nl: 0\r\nX: ';
  const full = `${start}${'a'.repeat(HEAD_BYTES_MAX - start.length - 4)}\r\n\r\n`;
  expect(full.length).toBe(HEAD_BYTES_MAX);
  expect(frameOf(full)).toBe(HEAD_BYTES_MAX);
});

it('holds no more than the bounds of anything, and ends', () => {
  const noise = fc.string({
    unit: fc.oneof(
      fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
      fc.constantFrom('\r\n', '\r\n\r\n', 'l: 3', 'Content-Length', ':', ' ', 'SIP/2.0', 'A'),
    ),
    maxLength: 300,
  });
  fc.assert(
    fc.property(fc.array(noise, { maxLength: 20 }), (pieces) => {
      const whole = frame(pieces.join(''));
      expect(frame(...pieces)).toEqual(whole);
      expect(frame(...pieces.join(''))).toEqual(whole);
    }),
    { numRuns: 500 },
  );
});

it('is linear in one-byte pieces', () => {
  // Quadratic joining would copy 2 GB here; time is not asserted, only that it comes to an end with the right message.
  const wire = message('b'.repeat(60_000), 'l: 60000');
  expect(frame(...wire)).toEqual([wire]);
});

it('reads Content-Length of the head only', () => {
  const text = 'xxBYE sip:a SIP/2.0\r\nl: 7\r\n\r\nl: 9\r\n\r\n';
  expect(contentLength(text, 2, text.indexOf('\r\n\r\n') + 4)).toBe(7);
});
