import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createReport } from '../accept/line.js';
import { openProgress, type Played, witness } from './progress.js';

const folder = mkdtempSync(path.join(tmpdir(), 'progress-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;
const newFile = (): string => path.join(folder, `${(files += 1)}.jsonl`);
const played = (row: string, over: Partial<Played> = {}): Played => ({
  row,
  commit: 'abc',
  at: '2026-01-01T00:00:00Z',
  figure: { lost: 0 },
  checks: 3,
  failures: [],
  ...over,
});

describe('the progress of a run of faults', () => {
  it('is gone on with: what held is not played again, what did not hold is', () => {
    const file = newFile();
    const first = openProgress(file, 'abc');
    first.add(played('log'));
    first.add(played('etcd', { failures: ['etcd: lost'] }));
    const again = openProgress(file, 'abc');
    expect(again.held('log')?.figure).toEqual({ lost: 0 });
    expect(again.held('etcd')).toBeUndefined();
    expect(again.held('CDF')).toBeUndefined();
  });

  it('believes the last word on a row, and none of another version or of a row without checks', () => {
    const file = newFile();
    const run = openProgress(file, 'abc');
    run.add(played('log'));
    run.add(played('log', { failures: ['log: lost'] }));
    run.add(played('etcd', { failures: ['etcd: lost'] }));
    run.add(played('etcd'));
    run.add(played('CDF', { commit: 'older' }));
    run.add(played('HSS', { checks: 0 }));
    const again = openProgress(file, 'abc');
    expect(['log', 'etcd', 'CDF', 'HSS'].filter((row) => again.held(row) !== undefined)).toEqual(['etcd']);
  });

  it('takes a line that was cut off for nothing', () => {
    const file = newFile();
    openProgress(file, 'abc').add(played('log'));
    writeFileSync(file, readFileSync(file, 'utf8') + JSON.stringify(played('etcd')).slice(0, 30));
    expect(openProgress(file, 'abc').held('etcd')).toBeUndefined();
    expect(openProgress(file, 'abc').held('log')).toBeDefined();
  });

  it('keeps nothing without a file', () => {
    const run = openProgress(undefined, 'abc');
    run.add(played('log'));
    expect(run.held('log')).toBeUndefined();
  });
});

it('hears what one row says, and passes it on', () => {
  const { report, verdict } = createReport(false, () => undefined);
  const one = witness(report);
  one.report.figure('log', { lost: 1 });
  one.report.check('log: nothing is lost', false, '1');
  one.report.check('log: there was a load', true);
  expect(one.seen()).toEqual({ figure: { lost: 1 }, checks: 2, failures: ['log: nothing is lost: 1'] });
  expect(verdict()).toMatchObject({ pass: false, checks: 2, figures: { log: { lost: 1 } } });
});
