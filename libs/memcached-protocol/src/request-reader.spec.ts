import fc from 'fast-check';
import { KEY_BYTES_MAX, KEYS_MAX, LINE_BYTES_MAX, VALUE_BYTES_MAX } from './bounds.js';
import { OPCODES, type Request } from './request.js';
import { RequestReader } from './request-reader.js';

const readAll = (...chunks: readonly (Buffer | string)[]): Request[] => {
  const reader = new RequestReader();
  const found: Request[] = [];
  for (const chunk of chunks) {
    reader.push(Buffer.from(chunk));
    for (let request = reader.next(); request !== undefined; request = reader.next()) found.push(request);
  }
  return found;
};
const shown = (request: Request): unknown =>
  'value' in request ? { ...request, value: request.value.toString('latin1') } : request;
const only = (text: string): unknown => {
  const all = readAll(text);
  expect(all).toHaveLength(1);
  return shown(all[0]!);
};

const frame = (opcode: number, { key = '', value = '', extras = '', cas = 0 } = {}): Buffer => {
  const head = Buffer.alloc(24);
  head[0] = 0x80;
  head[1] = opcode;
  head.writeUInt16BE(key.length, 2);
  head[4] = extras.length;
  head.writeUInt32BE(extras.length + key.length + value.length, 8);
  head.writeUInt32BE(0xcafe, 12);
  head.writeUInt32BE(cas, 20);
  return Buffer.concat([head, Buffer.from(extras + key + value, 'latin1')]);
};

describe('text', () => {
  it.each([
    ['get a b\r\n', { verb: 'get', keys: ['a', 'b'] }],
    ['gets a\n', { verb: 'get', keys: ['a'], form: { dialect: 'text', isQuiet: false, withCas: true } }],
    ['set a 7 60 3\r\nx\r\n\r\n', { verb: 'store', mode: 'set', flags: 7, exptime: 60, value: 'x\r\n' }],
    ['add a 0 -1 0 noreply\r\n\r\n', { verb: 'store', mode: 'add', exptime: -1, value: '' }],
    ['cas a 0 0 1 12\r\nx\r\n', { verb: 'store', mode: 'set', cas: 12 }],
    ['cas a 0 0 1 0\r\nx\r\n', { verb: 'store', mode: 'set', cas: -1 }],
    ['delete a\r\n', { verb: 'delete', key: 'a', cas: 0 }],
    ['touch a 9\r\n', { verb: 'touch', key: 'a', exptime: 9 }],
    ['mg a v c Oxy\r\n', { verb: 'get', keys: ['a'] }],
    ['ms a 1 T5 F3 C9 ME\r\nx\r\n', { verb: 'store', mode: 'add', exptime: 5, flags: 3, cas: 9 }],
    ['md a C4 q\r\n', { verb: 'delete', cas: 4 }],
    ['mn\r\n', { verb: 'noop' }],
    ['quit\r\n', { verb: 'quit' }],
  ])('%j', (text, expected) => expect(only(text)).toMatchObject(expected));

  it.each([
    ['bogus\r\n', 'unknown'],
    ['get\r\n', 'unknown'],
    [`get ${'k'.repeat(KEY_BYTES_MAX + 1)}\r\n`, 'bad-key'],
    ['get a\x01\r\n', 'bad-key'],
    [`get${' k'.repeat(KEYS_MAX + 1)}\r\n`, 'too-many'],
    ['set a x 0 1\r\ny\r\n', 'bad-line'],
    ['set a 0 0 2\r\nabc\r\n', 'bad-data'],
    ['append a 0 0 1\r\nx\r\n', 'unsupported'],
    ['incr a 1\r\n', 'unsupported'],
    ['mg a b\r\n', 'unsupported'],
    ['ms a 1 MX\r\nx\r\n', 'unsupported'],
    [`set a 0 0 ${VALUE_BYTES_MAX + 1}\r\n${'x'.repeat(VALUE_BYTES_MAX + 1)}\r\n`, 'too-large'],
  ])('%.40j is a fault, and what follows is read', (text, fault) => {
    const [first, second, ...rest] = readAll(text, 'get z\r\n');
    expect(first).toMatchObject({ verb: 'fault', fault, isFatal: false });
    expect(second).toMatchObject({ verb: 'get', keys: ['z'] });
    expect(rest).toEqual([]);
  });

  it('ends at a line without an end', () => {
    const [first, ...rest] = readAll('x'.repeat(LINE_BYTES_MAX + 1), '\r\nget z\r\n');
    expect(first).toMatchObject({ fault: 'bad-line', isFatal: true });
    expect(rest).toEqual([]);
  });
});

describe('binary', () => {
  it.each([
    [
      frame(OPCODES.getkq, { key: 'a' }),
      { verb: 'get', keys: ['a'], form: { isQuiet: true, opaque: 0xcafe } },
    ],
    [
      frame(OPCODES.set, { key: 'a', value: 'x', extras: '\0\0\0\x07\0\0\0\x3c', cas: 5 }),
      { verb: 'store', mode: 'set', flags: 7, exptime: 60, cas: 5 },
    ],
    [
      frame(OPCODES.add, { key: 'a', extras: '\0'.repeat(8), cas: 5 }),
      { verb: 'store', mode: 'add', cas: 0 },
    ],
    [frame(OPCODES.delete, { key: 'a', cas: 9 }), { verb: 'delete', cas: 9 }],
    [frame(OPCODES.touch, { key: 'a', extras: '\0\0\0\x09' }), { verb: 'touch', exptime: 9 }],
    [frame(OPCODES.touch, { key: 'a', extras: '\xff\xff\xff\xff' }), { verb: 'touch', exptime: -1 }],
    [frame(OPCODES.get, { key: 'a b' }), { verb: 'fault', fault: 'bad-key', isFatal: false }],
    [frame(OPCODES.get, { key: 'a\r\nmd b' }), { verb: 'fault', fault: 'bad-key', isFatal: false }],
    [frame(OPCODES.delete, { key: 'a\x7f' }), { verb: 'fault', fault: 'bad-key', isFatal: false }],
    [
      frame(OPCODES.set, { key: 'a\0', value: 'x', extras: '\0'.repeat(8) }),
      { verb: 'fault', fault: 'bad-key', isFatal: false },
    ],
    [frame(0x55), { verb: 'fault', fault: 'unknown', isFatal: false }],
    [frame(OPCODES.set, { key: 'a', extras: 'x' }), { verb: 'fault', fault: 'bad-data', isFatal: false }],
    [frame(OPCODES.get, { key: 'k'.repeat(251) }), { verb: 'fault', fault: 'bad-key', isFatal: false }],
  ])('frame %#', (bytes, expected) => {
    const all = readAll(bytes, frame(OPCODES.noop));
    expect(all).toHaveLength(2);
    expect(all[0]).toMatchObject(expected);
    expect(all[1]).toMatchObject({ verb: 'noop' });
  });

  it('ends at a frame whose lengths contradict each other', () => {
    const bad = frame(OPCODES.get, { key: 'abc' });
    bad.writeUInt32BE(1, 8);
    expect(readAll(bad, frame(OPCODES.noop))).toMatchObject([{ fault: 'bad-frame', isFatal: true }]);
  });
});

// ---- Properties ----

const good = fc
  .oneof(
    fc.constantFrom(
      'get a\r\n',
      'gets a bb\r\n',
      'delete a\r\n',
      'mg k v\r\n',
      'nonsense\r\n',
      'version\r\n',
    ),
    fc.string({ maxLength: 50 }).map((value) => `set key 1 0 ${Buffer.byteLength(value)}\r\n${value}\r\n`),
    fc.constant(frame(OPCODES.set, { key: 'k', value: 'v'.repeat(30), extras: '\0'.repeat(8) })),
    fc.constant(frame(OPCODES.get, { key: 'k' })),
  )
  .map((one) => Buffer.from(one));

const cut = (bytes: Buffer, places: readonly number[]): Buffer[] => {
  const at = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
  return [0, ...at].map((from, n) => bytes.subarray(from, at[n] ?? bytes.length));
};

it('reads the same however the bytes are cut', () =>
  fc.assert(
    fc.property(fc.array(good, { maxLength: 8 }), fc.array(fc.nat(), { maxLength: 12 }), (parts, places) => {
      const bytes = Buffer.concat(parts);
      expect(readAll(...cut(bytes, places)).map(shown)).toEqual(readAll(bytes).map(shown));
    }),
  ));

it('never throws, and never takes a command out of nothing', () =>
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), fc.array(fc.nat(), { maxLength: 5 }), (bytes, places) => {
      for (const request of readAll(...cut(Buffer.from(bytes), places)))
        if (request.verb === 'get') expect(request.keys.every((key) => key.length > 0)).toBe(true);
    }),
    { numRuns: 500 },
  ));
