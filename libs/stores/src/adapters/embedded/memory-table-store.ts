// TableStore in memory: for tests, simulation and views that are cheap to fold again at every start.
// Port: table-store.port.ts.
import { comparePositions, type Position } from '#libs/decider';
import type { RowChange, TableStore } from '../../table-store.port.js';
import { compareKeys, keyFault, limitFault } from './row-keys.js';

/** A deleted row keeps its position, so that an older write coming late stays without effect. */
type Slot<R> = Readonly<{ row: R | undefined; position: Position }>;

export const createMemoryTableStore = <R>({ name }: Readonly<{ name: string }>): TableStore<R> => {
  const slots = new Map<string, Slot<R>>();
  let folded: Position | undefined;

  const write = ({ key, row, position }: RowChange<R>): void => {
    const held = slots.get(key);
    if (held === undefined || comparePositions(position, held.position) > 0)
      slots.set(key, { row, position });
  };

  return {
    get: (key) => Promise.resolve(slots.get(key)?.row),

    getMany(keys) {
      const found = new Map<string, R>();
      for (const key of keys) {
        const row = slots.get(key)?.row;
        if (row !== undefined) found.set(key, row);
      }
      return Promise.resolve(found);
    },

    apply(changes, checkpoint) {
      const refused = changes.map(({ key }) => keyFault(name, key)).find((fault) => fault !== undefined);
      if (refused) return Promise.reject(refused);
      changes.forEach(write);
      if (checkpoint && (!folded || comparePositions(checkpoint, folded) > 0)) folded = checkpoint;
      return Promise.resolve();
    },

    checkpoint: () => Promise.resolve(folded),

    scan({ after, prefix = '', limit }) {
      const refused = limitFault(name, limit);
      if (refused) return Promise.reject(refused);
      const rows: (readonly [string, R])[] = [];
      for (const [key, { row }] of slots) {
        if (row === undefined || !key.startsWith(prefix)) continue;
        if (after === undefined || compareKeys(key, after) > 0) rows.push([key, row]);
      }
      return Promise.resolve(rows.sort(([a], [b]) => compareKeys(a, b)).slice(0, limit));
    },

    clear() {
      slots.clear();
      folded = undefined;
      return Promise.resolve();
    },
  };
};
