import fc from 'fast-check';
import type { RecordHead } from './cloud-events.js';
import { ExpectFold, type Verdict } from './expect-fold.js';

const head = (stream: string, id: string, more: Partial<RecordHead> = {}): RecordHead => ({
  stream,
  id,
  appendId: id,
  index: 0,
  count: 1,
  expected: undefined,
  idempotencyKey: undefined,
  ...more,
});

/** The records of one append. */
const append = (
  stream: string,
  id: string,
  expected: number | undefined,
  count = 1,
  idempotencyKey?: string,
): RecordHead[] =>
  Array.from({ length: count }, (_, index) =>
    head(stream, `${id}.${index}`, { appendId: id, index, count, expected, idempotencyKey }),
  );

const folded = (records: readonly RecordHead[], verdictsMax = 100) => {
  const fold = new ExpectFold(verdictsMax);
  const verdicts = records.map((record, offset) => fold.take(record, offset));
  return { fold, verdicts: verdicts.filter((verdict): verdict is Verdict => verdict !== undefined) };
};

describe('the verdicts on an expect topic', () => {
  it('accepts at the revision that is expected, all events of an append or none', () => {
    const records = [...append('a', '1', 0, 2), ...append('a', '2', 0, 3), ...append('a', '3', 2)];
    const { fold, verdicts } = folded(records);
    expect(verdicts).toEqual([
      { kind: 'accepted', first: 0, count: 2 },
      { kind: 'conflict', expected: 0, actual: 2 },
      { kind: 'accepted', first: 5, count: 1 },
    ]);
    expect(fold.acceptedOffsets('a')).toEqual([0, 1, 5]);
    expect([0, 1, 2, 3, 4, 5].map((offset) => fold.revisionAt('a', offset))).toEqual([
      1,
      2,
      undefined,
      undefined,
      undefined,
      3,
    ]);
  });

  it('takes a second record with the same append id for a duplicate, not a conflict', () => {
    const { fold, verdicts } = folded([...append('a', '1', 0, 2), ...append('a', '1', 0, 2)]);
    expect(verdicts[1]).toEqual(verdicts[0]);
    expect(fold.revisionOf('a')).toBe(2);
  });

  it('gives a repeat with the same idempotency key the first verdict, accepted or not', () => {
    const { fold, verdicts } = folded([
      ...append('a', '1', 0, 1, 'k'),
      ...append('a', '2', 1, 1, 'k'),
      ...append('b', '3', 4, 1, 'k'),
      ...append('b', '4', 0, 1, 'k'),
    ]);
    expect(verdicts[1]).toEqual(verdicts[0]);
    expect(verdicts[3]).toEqual({ kind: 'conflict', expected: 4, actual: 0 });
    expect([fold.revisionOf('a'), fold.revisionOf('b')]).toEqual([1, 0]);
  });

  it('takes no event of an append whose first one it did not see', () => {
    const { fold } = folded(append('a', '1', 0, 3).slice(1));
    expect(fold.revisionOf('a')).toBe(0);
  });

  it('comes to the same verdicts at every replay, also when it is cut into pieces', () => {
    const appends = fc.array(
      fc
        .record({
          stream: fc.constantFrom('a', 'b'),
          id: fc.constantFrom('1', '2', '3', '4', '5', '6', '7'),
          expected: fc.option(fc.nat({ max: 5 }), { nil: undefined }),
          count: fc.integer({ min: 1, max: 3 }),
          key: fc.option(fc.constantFrom('k', 'l'), { nil: undefined }),
        })
        .map(({ stream, id, expected, count, key }) => append(stream, id, expected, count, key)),
      { maxLength: 30 },
    );
    fc.assert(
      fc.property(appends, fc.integer({ min: 1, max: 8 }), (all, verdictsMax) => {
        const records = all.flat();
        const [one, two] = [folded(records, verdictsMax), folded(records, verdictsMax)];
        expect(one.verdicts).toEqual(two.verdicts);
        for (const stream of ['a', 'b']) {
          const offsets = one.fold.acceptedOffsets(stream);
          expect(offsets).toEqual(two.fold.acceptedOffsets(stream));
          expect(offsets).toEqual([...offsets].sort((x, y) => x - y));
          offsets.forEach((offset, at) => expect(one.fold.revisionAt(stream, offset)).toBe(at + 1));
        }
      }),
    );
  });

  it('never accepts two appends that expect the same revision of a stream', () => {
    const records = fc.array(fc.tuple(fc.constantFrom('a', 'b'), fc.nat({ max: 4 })), { maxLength: 40 });
    fc.assert(
      fc.property(records, (all) => {
        const { verdicts } = folded(all.map(([stream, expected], n) => head(stream, `${n}`, { expected })));
        const won = all
          .filter((_, n) => verdicts[n]?.kind === 'accepted')
          .map(([stream, n]) => `${stream}${n}`);
        expect(new Set(won).size).toBe(won.length);
      }),
    );
  });
});
