// Every row comes back as it was, from either version, and a usual one is small.
import fc from 'fast-check';
import type { Binding, BindingEntry, Registration } from '#libs/domain';
import { decodeRow, encodeRow } from './compact-row.js';

const INSTANCE = '<urn:uuid:00000000-0000-4000-8000-000000040001>';

const usual: Binding = {
  bindingId: INSTANCE,
  contact: 'sip:u0000001@192.0.2.1:40001;transport=udp',
  params: `;+sip.instance="${INSTANCE}"`,
  q: 1,
  callId: 'u0000001-40001@192.0.2.1',
  cseq: 7,
  expiresAtMs: 1_795_000_000_000,
  grantedS: 3600,
  path: ['<sip:AQEDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0e@127.0.0.1:5058;transport=tcp;lr;ob>'],
  impi: 'u0000001@ims.test',
  impu: 'sip:u0000001@ims.test',
  identities: ['sip:u0000001@ims.test'],
  userAgent: 'bench',
};

const at = (offset: number) => ({ generation: 1, partition: 3, offset });
const rowOf = (binding: Binding): Registration => ({
  entries: { [binding.bindingId]: { at: at(1_234_567), binding, grantedUntilMs: binding.expiresAtMs } },
});

const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 12 }), fc.constantFrom('', '<', '<>', 'sip:', 'sip:a@b', '@', INSTANCE)); // prettier-ignore
const near = (likely: string) => fc.oneof(fc.constant(likely), text);
const number = fc.nat({ max: 2 ** 48 });
const position = fc.record({ generation: fc.nat(), partition: fc.nat({ max: 99 }), offset: number });
const optional = {
  instance: text,
  regId: fc.nat(),
  emergency: fc.boolean(),
  userAgent: text,
  visitedNetwork: text,
  accessNetwork: text,
  chargingVector: text,
  // Of a newer version.
  somethingElse: text,
};
const bindings = fc
  .record({
    bindingId: near(INSTANCE),
    contact: near(usual.contact),
    params: fc.oneof(near(usual.params), fc.constant(`;a="${INSTANCE}";b="${INSTANCE}"`)),
    q: fc.constantFrom(1, 0.5, 0),
    callId: text,
    cseq: number,
    expiresAtMs: number,
    grantedS: fc.nat(),
    path: fc.oneof(fc.constant(usual.path), fc.array(near(usual.path[0]!), { maxLength: 3 }), fc.constant(['<sip:;transport=tcp;lr;ob>', '<sip:;lr;ob>'])), // prettier-ignore
    impi: near(usual.impi),
    impu: near(usual.impu),
    identities: fc.array(near(usual.impu), { maxLength: 3 }),
  })
  .chain((whole) =>
    fc.record(optional, { requiredKeys: [] }).map((more): Binding => ({ ...whole, ...more })),
  );
const entries: fc.Arbitrary<BindingEntry> = fc
  .record({
    at: position,
    binding: fc.option(bindings, { nil: undefined }),
    isExpiry: fc.boolean(),
    until: number,
  })
  .chain(({ isExpiry, until, ...entry }) =>
    fc.record({ callId: text, cseq: number }, { requiredKeys: [] }).map((removed) => ({
      ...entry,
      grantedUntilMs: isExpiry && entry.binding ? entry.binding.expiresAtMs : until,
      ...removed,
    })),
  );
const rows: fc.Arbitrary<Registration> = fc
  .record({
    list: fc.array(fc.tuple(fc.oneof(near(INSTANCE), fc.constant('__proto__')), entries), { maxLength: 4 }),
    watermark: fc.option(fc.record({ at: position, grantedUntilMs: number }), { nil: undefined }),
  })
  .map(({ list, watermark }) => {
    const own = Object.create(null) as Record<string, BindingEntry>;
    for (const [key, entry] of list) own[key] = entry;
    return { entries: own, ...(watermark === undefined ? {} : { watermark }) };
  });

/** As JSON has it: without what is undefined, and without prototypes. */
const plain = (row: Registration): unknown => JSON.parse(JSON.stringify(row));

it('gives every row back, and reads those of before', () => {
  fc.assert(
    fc.property(rows, (row) => {
      for (const written of [encodeRow(row), JSON.stringify(row)]) {
        const read = decodeRow(written);
        expect(plain(read)).toEqual(plain(row));
        expect(Object.keys(read.entries).sort()).toEqual(Object.keys(row.entries).sort());
      }
      // What was read is written as it was.
      expect(encodeRow(decodeRow(encodeRow(row)))).toBe(encodeRow(row));
    }),
    { numRuns: 300 },
  );
});

it('tells a time of nothing from one that follows', () => {
  const { entries: own } = rowOf(usual);
  const row = { entries: { [INSTANCE]: { ...own[INSTANCE]!, grantedUntilMs: 0 } } };
  expect(plain(decodeRow(encodeRow(row)))).toEqual(plain(row));
});

it('keeps subscriptions and news as they are', () => {
  const more = {
    ...rowOf(usual),
    subscriptions: { s1: { at: at(2), grantedUntilMs: 5 } },
    news: { at: at(3), data: { kind: 'initial' } },
  } as unknown as Registration;
  expect(decodeRow(encodeRow(more))).toEqual(more);
});

it('takes less than half of its JSON for a phone that is registered, and 300 bytes', () => {
  const row = rowOf(usual);
  const encoded = encodeRow(row);
  expect(decodeRow(encoded)).toEqual(row);
  expect(Buffer.byteLength(encoded)).toBeLessThan(300);
  expect(encoded.length / JSON.stringify(row).length).toBeLessThan(0.48);
});

it('refuses a version that it does not know', () => {
  expect(() => decodeRow('2[[],0]')).toThrow('not known');
  expect(() => decodeRow('')).toThrow('not known');
});
