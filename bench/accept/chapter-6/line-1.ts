// 6.1: the acceptance list of docs/clearwater/backend.md §12 that is Homestead's, Ralf's and Chronos', each item by its tests.
import { checkTests } from '../jest-run.js';
import type { Line } from '../line.js';

const ITEMS = [
  { what: 'item 1: registration data', paths: ['homestead/src/hss/reg-data.spec'], atLeast: 20 },
  { what: 'items 2 and 4: faults', paths: ['homestead/src/hss/cx-client.spec'], atLeast: 50 },
  { what: 'item 3: RTR and PPR', paths: ['homestead/src/hss/pushes.spec'], atLeast: 25 },
  { what: 'item 8: Ralf', paths: ['apps/ralf/src', 'libs/domain/src/charging'], atLeast: 70 },
  { what: 'item 8: Ralf', paths: ['apps/ralf/src', 'libs/domain/src/charging'], atLeast: 50 },
  { what: 'item 9: Chronos', paths: ['apps/chronos/src', 'libs/domain/src/timer'], atLeast: 60 },
];

export const line: Line = {
  async run(report) {
    for (const { what, paths, atLeast } of ITEMS) await checkTests(report, what, paths, { atLeast });
  },
};
