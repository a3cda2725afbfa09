// Lists that grow while a page is open: newest first, each call once, bounded.
import fc from 'fast-check';
import type { Call } from './contract.js';
import { CALLS_SHOWN_MAX, type Columns, withCall, withRow } from './newest.js';

const call = (id: string, begunAt: number, words = ''): Call => ({
  id,
  direction: 'incoming',
  method: 'INVITE',
  other: null,
  state: 'trying',
  status: null,
  begun_at: begunAt,
  answered_at: null,
  ended_at: null,
  words,
});

it('keeps each call once, as it was told last, newest first', () => {
  const anyCalls = fc.array(fc.record({ id: fc.nat(30), words: fc.string() }));
  fc.assert(
    fc.property(anyCalls, (told) => {
      const list = told.reduce<readonly Call[]>(
        (so, { id, words }) => withCall(so, call(`c${id}`, id, words)),
        [],
      );
      const last = new Map(told.map(({ id, words }) => [id, words]));
      const expected = [...last].sort(([a], [b]) => b - a);
      expect(list.map(({ begun_at, words }) => [begun_at, words])).toEqual(expected);
    }),
  );
});

it('lets the oldest leave', () => {
  let list: readonly Call[] = [];
  for (let n = 0; n <= CALLS_SHOWN_MAX; n++) list = withCall(list, call(`c${n}`, n));
  expect([list.length, list[0]?.id, list.at(-1)?.id]).toEqual([CALLS_SHOWN_MAX, `c${CALLS_SHOWN_MAX}`, 'c1']);
});

it('keeps the last rows of a plot', () => {
  let columns: Columns = [];
  for (let n = 0; n < 10; n++) columns = withRow(columns, [n, n % 2 ? null : n], 4);
  expect(columns).toEqual([[6, 7, 8, 9], [6, null, 8, null]]); // prettier-ignore
});
