// docs/capacity.md: no figure without where it is from. Measured ones name command and commit, and stand where that was kept; bounds stand in the code;
// assumptions say why; all others are computed from these, by the formula beside them, and come to what is written. Text has no figures but these.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { evaluate, figuresIn, numberOf, rowsOf, type Row } from './capacity-page.fixture.js';

const ROOT = path.resolve(import.meta.dirname, '..');
const read = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8');
const page = read('docs/capacity.md');

const COMMIT = /^[0-9a-f]{7}$/;
const BENCHES = new Set([...read('bench/main.ts').matchAll(/^ {2}'?([a-z-]+)'?: \((?:flags)?\) =>/gm)].map(([, name]) => name)); // prettier-ignore

/** Why a command is none that anybody can give; undefined: it is one. */
const commandFault = (command: string): string | undefined => {
  const [, kind = '', about = ''] = /^npm run (bench|accept) -- ([a-z0-9.-]+)/.exec(command) ?? [];
  if (kind === 'bench') return BENCHES.has(about) ? undefined : `there is no bench ${about}`;
  const [chapter, line] = about.split('.');
  if (kind === 'accept')
    return existsSync(path.join(ROOT, `bench/accept/chapter-${chapter}/line-${line}.ts`)) ? undefined : `there is no line ${about}`; // prettier-ignore
  return /^node -(p|e) '.+'$/.test(command) ? undefined : 'it is no command of this repository';
};

/** Where a measured figure was kept: it has to say the same there, beside the same commit. */
const keptFault = (row: Row): string | undefined => {
  const [, file = '', key = ''] = /^\[[^\]]+\]\(([^)]+)\)(?: `(\w+)`)?$/.exec(row.cell('kept in')) ?? [];
  const [figure, commit] = [row.cell('figure'), row.cell('commit')];
  if (row.cell('command').startsWith('node ')) return undefined;
  if (file.endsWith('.json')) {
    const { figures, machine } = JSON.parse(read(path.join('docs', file))) as { figures: Record<string, unknown>; machine: { commit: string } }; // prettier-ignore
    if (machine.commit !== commit) return `${file} is of ${machine.commit}`;
    return figures[key] === numberOf(figure) ? undefined : `${file} says ${key} = ${String(figures[key])}`;
  }
  if (file !== 'performance.md') return 'it is kept nowhere';
  const lines = read('docs/performance.md').split('\n');
  const isThere = lines.some((line) => line.includes(commit) && figuresIn(line).includes(figure));
  return isThere ? undefined : `no line of docs/performance.md has ${figure} and ${commit}`;
};

const measured = rowsOf(page, '## Measured');
const bounds = rowsOf(page, '## Bounds');
const assumed = rowsOf(page, '## Assumed');
const inputs = new Map(
  [...measured, ...bounds, ...assumed].map((row) => [row.name, numberOf(row.cell('figure'))]),
);

it.each(measured.map((row) => [row.name, row] as const))('%s names command and commit', (_name, row) => {
  const command = /^`(.+)`$/.exec(row.cell('command'))?.[1] ?? '';
  expect(commandFault(command)).toBeUndefined();
  expect(row.cell('commit')).toMatch(COMMIT);
  expect(keptFault({ ...row, cell: (of) => (of === 'command' ? command : row.cell(of)) })).toBeUndefined();
});

it.each(bounds.map((row) => [row.name, row] as const))('%s stands in the code', (_name, row) => {
  const [, constant = '', file = ''] = /^`(\w+)` in `([^`]+)`$/.exec(row.cell('in')) ?? [];
  const value = new RegExp(`\\b${constant} = ([0-9_]+);`).exec(read(file))?.[1];
  expect(Number(value?.replaceAll('_', ''))).toBe(numberOf(row.cell('figure')));
});

it('says of each assumption what it is', () => {
  expect(assumed.length).toBeGreaterThan(0);
  for (const row of assumed) expect([row.name, row.cell('why').length > 20]).toEqual([row.name, true]);
});

describe('what is computed', () => {
  const [sizes, breaks] = [rowsOf(page, '## Subscribers'), rowsOf(page, '## What breaks first')];
  const known = new Map(inputs);
  const cases = [...sizes, ...breaks].map((row) => [row.name, row] as const);

  it.each(cases)('%s comes to what is written', (name, row) => {
    for (const column of row.columns.filter((one) => /^[0-9,]+$/.test(one) || one === 'subscribers')) {
      const scope = new Map([...known, ['S', numberOf(column)]]);
      for (const one of sizes.slice(0, sizes.indexOf(row))) scope.set(one.name, evaluate(one.formula, scope));
      const [value, written] = [evaluate(row.formula, scope), numberOf(row.cell(column))];
      expect([name, column, Math.abs(value - written) <= Math.max(0.006 * Math.abs(value), 0.0051)]).toEqual([name, column, true]); // prettier-ignore
    }
  });

  it('breaks in the order that is written', () => {
    const at = breaks.map((row) => numberOf(row.cell('subscribers')));
    expect(at).toEqual(at.toSorted((a, b) => a - b));
    expect(at.length).toBeGreaterThan(3);
  });
});

it('has no figure in its text that is not in its tables', () => {
  const inTables = new Set(figuresIn(page.split('\n').filter((line) => line.startsWith('|')).join('\n')).map(numberOf)); // prettier-ignore
  const text = page.split('\n').filter((line) => !line.startsWith('|') && !line.startsWith('#')).join('\n'); // prettier-ignore
  expect(figuresIn(text).filter((figure) => !inTables.has(numberOf(figure)))).toEqual([]);
});

describe('the test itself', () => {
  const head =
    '## Measured\n\n| name | figure | is | command | commit | kept in |\n|---|---|---|---|---|---|\n';
  const row = (cells: string): Row => rowsOf(`${head}| ${cells} |\n`, '## Measured')[0]!;

  it('finds a figure without a command, without a commit, or that nobody has measured', () => {
    expect(commandFault('')).toBeDefined();
    expect(commandFault('npm run bench -- nonsense')).toBeDefined();
    expect(commandFault('npm run accept -- 9.9')).toBeDefined();
    expect(commandFault('npm run bench -- memory')).toBeUndefined();
    const kept = '[output](acceptance/output/6.6.json) `residentMiB`';
    expect(keptFault(row(`\`a\` | 681 | x | x | 5fc47c2 | ${kept}`))).toBeUndefined();
    expect(keptFault(row(`\`a\` | 680 | x | x | 5fc47c2 | ${kept}`))).toBeDefined();
    expect(keptFault(row(`\`a\` | 681 | x | x | 5fc47c3 | ${kept}`))).toBeDefined();
    expect(keptFault(row('`a` | 681 | x | x | 5fc47c2 | [x](performance.md)'))).toBeDefined();
    expect(keptFault(row('`a` | 681 | x | x | 5fc47c2 | –'))).toBeDefined();
  });

  it('computes', () => {
    const scope = new Map([['S', 8], ['a', 2]]); // prettier-ignore
    expect(evaluate('S / a * 3 - (1 + a)', scope)).toBe(9);
    expect(evaluate('ceil(S / 3)', scope)).toBe(3);
    expect(() => evaluate('S / b', scope)).toThrow('b');
    expect(() => evaluate('S +', scope)).toThrow();
  });
});
