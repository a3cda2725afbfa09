// A ladder whose parts never overlap or leave the picture, whatever the call.
import fc from 'fast-check';
import type { Ladder } from '../api/contract.js';
import { COLUMNS_MAX, LAYOUT, layoutLadder, sinceBeginning, STEPS_MAX, wrapped } from './layout.js';

const KINDS = ['caller', 'router', 'server', 'callee'] as const;
const anyLadder: fc.Arbitrary<Ladder> = fc
  .integer({ min: 1, max: COLUMNS_MAX + 2 })
  .chain((count) => {
    const id = fc.integer({ min: 0, max: count }).map((n) => `p${n}`);
    return fc.record({
      id: fc.constant('c'),
      method: fc.constant('INVITE'),
      begun_at: fc.constant(1_000),
      participants: fc
        .array(fc.record({ label: fc.string({ maxLength: 80 }), kind: fc.constantFrom(...KINDS) }), { minLength: count, maxLength: count })
        .map((list) => list.map((one, i) => ({ ...one, id: `p${i}` }))),
      steps: fc.array(
        fc.record({
          at: fc.integer({ min: 0, max: 200_000 }),
          from: id,
          to: id,
          label: fc.constantFrom('INVITE', '200', 'decision'),
          words: fc.lorem({ maxCount: 40 }),
          details: fc.constant([]),
          failed: fc.boolean(),
        }),
        { maxLength: 30 },
      ),
    });
  }); // prettier-ignore

it('puts row below row, inside the picture, arrows from column to column', () => {
  fc.assert(
    fc.property(anyLadder, fc.integer({ min: 0, max: 2_000 }), (ladder, available) => {
      const { columns, rows, width, height, headHeight } = layoutLadder(ladder, available);
      const xs = columns.map(({ x }) => x);
      expect(columns).toHaveLength(Math.min(ladder.participants.length, COLUMNS_MAX));
      let below = headHeight;
      for (const row of rows) {
        expect(row.top).toBeGreaterThanOrEqual(below);
        below = row.top + row.height;
        expect(row.textX - row.textWidth / 2).toBeGreaterThanOrEqual(LAYOUT.timeWidth);
        expect(row.textX + row.textWidth / 2).toBeLessThanOrEqual(width);
        for (const line of row.lines)
          expect(line.length * LAYOUT.characterWidth).toBeLessThanOrEqual(
            row.textWidth + LAYOUT.characterWidth,
          );
        if (row.kind === 'box') {
          expect(xs).toContain(row.x);
          // The box lies over the line of who decides.
          expect(Math.abs(row.textX - row.x)).toBeLessThanOrEqual(row.textWidth / 2 + LAYOUT.boxPadding);
        } else {
          expect(xs).toContain(row.x1);
          expect(xs).toContain(row.x2);
          expect(row.x1).not.toBe(row.x2);
          expect(row.arrowY).toBeLessThan(below);
        }
      }
      expect(below).toBeLessThanOrEqual(height);
    }),
  );
});

it('draws each step whose participants have a column, in its order', () => {
  fc.assert(
    fc.property(anyLadder, (ladder) => {
      const { columns, rows } = layoutLadder(ladder, 900);
      const shown = new Set(columns.map(({ id }) => id));
      const drawn = ladder.steps.filter(({ from, to }) => shown.has(from) && shown.has(to));
      expect(rows.map(({ label, kind }) => [label, kind])).toEqual(
        drawn.map(({ label, from, to }) => [label, from === to ? 'box' : 'arrow']),
      );
    }),
  );
});

it('is bounded', () => {
  const participants = Array.from({ length: 40 }, (_, i) => ({
    id: `p${i}`,
    label: 'x',
    kind: 'server' as const,
  }));
  const step = { at: 0, from: 'p0', to: 'p1', label: 'x', words: 'x', details: [], failed: false };
  const steps = Array.from({ length: 1_000 }, () => step);
  const layout = layoutLadder({ id: 'c', method: 'INVITE', begun_at: 0, participants, steps }, 900);
  expect([layout.columns.length, layout.rows.length]).toEqual([COLUMNS_MAX, STEPS_MAX]);
});

const ladderOf = (count: number): Ladder => ({
  id: 'c',
  method: 'INVITE',
  begun_at: 0,
  participants: Array.from({ length: count }, (_, i) => ({ id: `p${i}`, label: `sip:server-${i}@ims.test`, kind: 'server' as const })),
  steps: [],
}); // prettier-ignore

it('fits a desk’s page with as many as are drawn, a phone’s with four, and is not spread out over more than it needs', () => {
  expect(layoutLadder(ladderOf(COLUMNS_MAX), 926).width).toBeLessThanOrEqual(926);
  expect(layoutLadder(ladderOf(4), 340).width).toBeLessThanOrEqual(340);
  expect(layoutLadder(ladderOf(2), 926).columnWidth).toBe(LAYOUT.columnWidthMax);
  expect(layoutLadder(ladderOf(12), 0).columnWidth).toBe(LAYOUT.columnWidthMin);
});

it.each([
  ['sent to alice at home', 10, 3, ['sent to', 'alice at', 'home']],
  ['sip:averylongname@ims.test', 10, 3, ['sip:', 'averylongn', 'ame@ims.…']],
  ['to sip:bob@ims.test now', 10, 4, ['to sip:', 'bob@ims.', 'test now']],
  ['one two three four', 9, 1, ['one two…']],
  ['', 9, 1, []],
])('wraps "%s" at %d', (text, most, lines, expected) => {
  expect(wrapped(text, most, lines)).toEqual(expected);
});

it.each([
  [0, '0.000 s'],
  [-5, '0.000 s'],
  [1_234, '1.234 s'],
  [12_345, '12.3 s'],
  [65_999, '1:05 min'],
])('says %d ms as %s', (ms, words) => {
  expect(sinceBeginning(ms)).toBe(words);
});
