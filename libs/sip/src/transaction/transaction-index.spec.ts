// The index of transactions, against a Map.
import fc from 'fast-check';
import { TransactionIndex, type Indexed } from './transaction-index.js';

const entryOf = (key: string): Indexed => ({ key, hash: 0, nextInIndex: undefined });
/** Few hashes, so that chains are long. */
const hashOf = (key: string): number => Number(key) % 5;

describe('the index of transactions', () => {
  it('is the same as a Map, whatever is added and deleted in whatever order', () => {
    const step = fc.record({ key: fc.nat(40).map(String), add: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const index = new TransactionIndex<Indexed>();
        const model = new Map<string, Indexed>();
        for (const { key, add } of steps) {
          const held = model.get(key);
          expect(index.get(key, hashOf(key))).toBe(held);
          if (add && held === undefined) {
            const entry = entryOf(key);
            index.add(entry, hashOf(key));
            model.set(key, entry);
          } else if (!add && held !== undefined) {
            index.delete(held);
            model.delete(key);
          }
          expect(index.size).toBe(model.size);
        }
        expect(new Set(index.values())).toEqual(new Set(model.values()));
      }),
    );
  });

  it('grows, and still finds all', () => {
    const index = new TransactionIndex<Indexed>();
    for (let key = 0; key < 5_000; key++) index.add(entryOf(String(key)), key * 17);
    expect(index.size).toBe(5_000);
    for (let key = 0; key < 5_000; key++) expect(index.get(String(key), key * 17)?.key).toBe(String(key));
    expect(index.get('5000', 17)).toBeUndefined();
  });

  it('does nothing for what is not there', () => {
    const index = new TransactionIndex<Indexed>();
    const entry = entryOf('1');
    index.add(entry, 1);
    index.delete(entryOf('1'));
    index.delete(entry);
    index.delete(entry);
    expect(index.size).toBe(0);
  });
});
