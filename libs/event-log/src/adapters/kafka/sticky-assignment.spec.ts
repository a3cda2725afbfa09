import fc from 'fast-check';
import { assignPartitions, type GroupMember } from './sticky-assignment.js';

const held = fc.array(fc.integer({ min: -1, max: 40 }), { maxLength: 40 });
const group = fc
  .uniqueArray(fc.string({ minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 8 })
  .chain((ids) => fc.tuple(...ids.map((id) => held.map((own): GroupMember => ({ id, held: own })))));

const countMoved = (
  before: ReadonlyMap<string, readonly number[]>,
  after: ReadonlyMap<string, readonly number[]>,
): number =>
  [...after].reduce(
    (sum, [id, own]) => sum + own.filter((each) => !(before.get(id) ?? []).includes(each)).length,
    0,
  );
const again = (assigned: ReadonlyMap<string, readonly number[]>): GroupMember[] =>
  [...assigned].map(([id, own]) => ({ id, held: own }));

describe('partitions among members', () => {
  it('go to exactly one each, evenly, whatever the members say that they held', () =>
    fc.assert(
      fc.property(group, fc.integer({ min: 1, max: 40 }), (members, partitions) => {
        const assigned = assignPartitions(members, partitions);
        expect([...assigned.values()].flat().sort((a, b) => a - b)).toEqual(
          Array.from({ length: partitions }, (_, each) => each),
        );
        const counts = [...assigned.values()].map(({ length }) => length);
        expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
      }),
    ));

  it('stay where they are while nobody comes or goes', () =>
    fc.assert(
      fc.property(group, fc.integer({ min: 1, max: 40 }), (members, partitions) => {
        const assigned = assignPartitions(members, partitions);
        expect(assignPartitions(again(assigned), partitions)).toEqual(assigned);
      }),
    ));

  it('move no more than they must when one comes, and when one goes', () => {
    const three = assignPartitions(['a', 'b', 'c'].map((id) => ({ id, held: [] })), 12); // prettier-ignore
    const four = assignPartitions([...again(three), { id: 'd', held: [] }], 12);
    expect(countMoved(three, four)).toBe(3);
    const without = assignPartitions(again(four).filter(({ id }) => id !== 'b'), 12); // prettier-ignore
    expect(countMoved(four, without)).toBe(3);
  });
});
