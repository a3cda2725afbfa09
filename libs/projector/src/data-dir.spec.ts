// DATA_DIR on a real disk: what is opened in it is there, healthy, kept over a restart, and refused to a second process.
import { mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Upcaster } from '#libs/event-log';
import {
  createLogger,
  createMetrics,
  silentLogger,
  systemClock,
  systemRandom,
  StartRefused,
} from '#libs/runtime';
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

describe('views that are damaged', () => {
  const file = () => path.join(dataDir, 'views.sqlite');
  const filled = async (): Promise<void> => {
    const { ledger, close } = await open();
    for (let n = 0; n < 200; n++)
      await ledger('x').park({ stream: `s-${n}`, reason: 'r'.repeat(100), sinceMs: 0, positions: [] });
    await close();
  };

  it.each([
    ['at the head', 20, 'is not a database'],
    ['in the middle', 5 * 4096, 'is damaged|malformed'],
  ])('%s are set aside with one line in the log, and empty to be rebuilt', async (_where, at, why) => {
    await filled();
    const content = readFileSync(file());
    content.fill(0xa5, at === 20 ? 0 : at, at + 4096);
    writeFileSync(file(), content);
    const lines: string[] = [];
    const logger = createLogger({ name: 'test', destination: { write: (line) => void lines.push(line) } });
    const clock = createFakeClock(Date.UTC(2030, 0, 1));
    const { ledger, close } = await open({ logger, clock });
    expect(await ledger('x').load()).toEqual({ version: undefined, parked: [] });
    await close();
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(new RegExp(`views\\.sqlite.*(${why}).*views are rebuilt from the log`));
    const aside = `${file()}.corrupt-2030-01-01T00-00-00.000Z`;
    expect(lines[0]).toContain(aside);
    expect(readFileSync(aside).subarray(at).equals(content.subarray(at))).toBe(true);
    await (await open()).close();
  });
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
