// DATA_DIR on a real disk: what is opened in it is there, healthy, kept over a restart, and refused to a second process.
import { mkdirSync, mkdtempSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Upcaster } from '#libs/event-log';
import { createMetrics, silentLogger, systemClock, systemRandom, StartRefused } from '#libs/runtime';
import { createFakeClock } from '#libs/testkit';
import { openDataDir, type DataDirOptions } from './data-dir.js';

const UP: Upcaster = {
  category: 'registration',
  type: 'Old',
  from: 1,
  up: ({ type }) => ({ type, data: { new: true } }),
};

let dataDir: string;
let seen: string[];
beforeEach(() => {
  dataDir = path.join(mkdtempSync(path.join(tmpdir(), 'data-')), 'data');
  seen = [];
});
afterEach(() => rmSync(path.dirname(dataDir), { recursive: true }));

const open = (changes: Partial<DataDirOptions> = {}) =>
  openDataDir({
    dataDir,
    logRetentionDays: 1,
    upcasters: [],
    clock: systemClock,
    random: systemRandom,
    logger: silentLogger,
    metrics: createMetrics(),
    health: { ready: () => void seen.push('ready'), notReady: (reason) => void seen.push(reason) },
    ...changes,
  });

it('opens log and views, with old events in today’s shape', async () => {
  const first = await open();
  await first.log.append('registration-x', [{ type: 'Old', data: {} }]);
  await expect(open()).rejects.toThrow(StartRefused);
  await first.close();
  const second = await open({ upcasters: [UP] });
  const read: unknown[] = [];
  for await (const { event } of second.log.read('registration-x')) read.push(event.data);
  await second.close();
  expect(read).toEqual([{ new: true }]);
  expect(seen).toEqual(['ready', 'ready']);
});

describe('when something after the log cannot be opened', () => {
  const file = () => path.join(dataDir, 'views.sqlite');

  it('closes the log and stops watching it: the views', async () => {
    const clock = createFakeClock();
    mkdirSync(file(), { recursive: true });
    await expect(open({ clock })).rejects.toThrow('unable to open');
    expect(clock.pending).toBe(0);
    rmdirSync(file());
    await (await open()).close();
  });

  it('closes log and views: the ledger', async () => {
    const clock = createFakeClock();
    await (await open()).close();
    const views = new DatabaseSync(file());
    views.exec('DROP TABLE "view:projections"; CREATE INDEX "view:projections" ON checkpoints (view)');
    views.close();
    await expect(open({ clock })).rejects.toThrow('there is already an index');
    expect(clock.pending).toBe(0);
    rmSync(file());
    await (await open()).close();
  });
});
