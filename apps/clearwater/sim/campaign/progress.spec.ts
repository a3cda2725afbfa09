// A campaign that was ended goes on where it was, and comes to what one that was not comes to.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { noFaults } from '../storm/fault-counts.js';
import type { StormReport } from '../storm/storm.js';
import { progressText } from './progress-bar.js';
import { DoneSeeds, type Played, readProgress, writeProgress } from './progress-file.js';
import { StormTally } from './storm-tally.js';

const PLAYED: Played = { from: 1, steps: 10, code: 'abc' };

const reportOf = (seed: number): StormReport => ({
  violations: seed % 3 === 0 ? [{ seed, step: 1, expected: `what ${seed} should be` }] : [],
  answers: { [`INVITE ${200 + (seed % 4)}`]: seed },
  faults: { ...noFaults(), loss: seed },
});

describe('done seeds', () => {
  it('are told apart from those that are not, in whichever order they end', () => {
    const some = fc.uniqueArray(fc.integer({ min: 5, max: 40 }));
    fc.assert(
      fc.property(some, some, (before, after) => {
        const first = new DoneSeeds(5);
        for (const seed of before) first.add(seed);
        const done = new DoneSeeds(first.next, first.beyond);
        for (const seed of after) done.add(seed);
        const all = new Set([...before, ...after]);
        for (let seed = 5; seed <= 41; seed++) expect(done.has(seed)).toBe(all.has(seed));
        expect(done.beyond.every((seed) => seed > done.next)).toBe(true);
      }),
    );
  });
});

describe('a tally', () => {
  it('says the same whatever the order, and when it goes on from what was kept', () => {
    const inOrder = new StormTally();
    for (let seed = 1; seed <= 9; seed++) inOrder.add(reportOf(seed));
    const half = new StormTally();
    for (let seed = 9; seed >= 5; seed--) half.add(reportOf(seed));
    const resumed = new StormTally(JSON.parse(JSON.stringify(half.state)) as typeof half.state);
    for (let seed = 4; seed >= 1; seed--) resumed.add(reportOf(seed));
    expect(resumed.state).toEqual(inOrder.state);
    expect(resumed.state).toMatchObject({ seeds: 9, violations: 3 });
    expect(resumed.neverInjected).toContain('crash');
    expect(resumed.neverInjected).not.toContain('loss');
  });
});

describe('a progress file', () => {
  let folder: string;
  beforeEach(() => void (folder = mkdtempSync(path.join(tmpdir(), 'campaign-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  it('is gone on from by the same campaign of the same code only', () => {
    const file = path.join(folder, 'progress.json');
    expect(readProgress(file, PLAYED)).toBeUndefined();
    const progress = { played: PLAYED, next: 3, beyond: [5], tally: new StormTally().state };
    writeProgress(file, progress);
    expect(readProgress(file, PLAYED)).toEqual(progress);
    for (const other of [{ from: 2 }, { steps: 11 }, { code: 'abd' }])
      expect(readProgress(file, { ...PLAYED, ...other })).toBeUndefined();
  });
});

it('tells how far it is, how fast, and how long it still takes', () => {
  const text = progressText({ done: 50, of: 200, doneNow: 25, elapsedMs: 10_000, violations: 0 });
  expect(text).toBe('[########......................] 50 of 200 seeds, 2.50/s, 60 s left, 0 violations');
  expect(progressText({ done: 0, of: 2, doneNow: 0, elapsedMs: 1, violations: 0 })).toContain(
    '0 of 2 seeds, 0',
  );
});
