// DATA_DIR on a real disk: what is opened in it is there, healthy, kept over a restart, and refused to a second process.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Upcaster } from '#libs/event-log';
import { createMetrics, silentLogger, systemClock, systemRandom, StartRefused } from '#libs/runtime';
import { openDataDir } from './data-dir.js';

const UP: Upcaster = {
  category: 'registration',
  type: 'Old',
  from: 1,
  up: ({ type }) => ({ type, data: { new: true } }),
};

it('opens log and views, with old events in today’s shape', async () => {
  const dataDir = path.join(mkdtempSync(path.join(tmpdir(), 'data-')), 'data');
  const seen: string[] = [];
  const open = (upcasters: readonly Upcaster[]) =>
    openDataDir({
      dataDir,
      logRetentionDays: 1,
      upcasters,
      clock: systemClock,
      random: systemRandom,
      logger: silentLogger,
      metrics: createMetrics(),
      health: { ready: () => void seen.push('ready'), notReady: (reason) => void seen.push(reason) },
    });
  try {
    const first = await open([]);
    await first.log.append('registration-x', [{ type: 'Old', data: {} }]);
    await expect(open([])).rejects.toThrow(StartRefused);
    await first.close();
    const second = await open([UP]);
    const read: unknown[] = [];
    for await (const { event } of second.log.read('registration-x')) read.push(event.data);
    await second.close();
    expect(read).toEqual([{ new: true }]);
    expect(seen).toEqual(['ready', 'ready']);
  } finally {
    rmSync(path.dirname(dataDir), { recursive: true });
  }
});
