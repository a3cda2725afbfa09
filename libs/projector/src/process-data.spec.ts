// A process and its DATA_DIR: not ready before its views are, not ready any more when one stops, closed in order at the end.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  createHealth,
  createMetrics,
  createShutdown,
  silentLogger,
  systemClock,
  systemRandom,
} from '#libs/runtime';
import { openProcessData } from './process-data.js';

it('is ready when its views are, and closed at the end', async () => {
  const dataDir = mkdtempSync(path.join(tmpdir(), 'data-'));
  const config = { dataDir, logRetentionDays: 1, publicHost: '', managementPort: 1 };
  const start = () => {
    const health = createHealth();
    const shutdown = createShutdown({ clock: systemClock, health, logger: silentLogger });
    const common = { clock: systemClock, random: systemRandom, logger: silentLogger };
    return { ...common, health, shutdown, metrics: createMetrics() };
  };
  try {
    const parts = start();
    const data = await openProcessData(config, parts, []);
    expect(parts.health.ok).toBe(false);
    let stopped = false;
    data.serve(async () => {
      await data.log.append('registration-x', [{ type: 'Last', data: {} }]);
      stopped = true;
    });
    expect(parts.health.ok).toBe(true);
    data.follow.onFailure('some-view', new Error('broken'));
    expect(parts.health.status().parts['views']).toEqual({ ready: false, reason: 'some-view stopped' });
    expect(await parts.shutdown.drain('test')).toBe(0);
    expect(stopped).toBe(true);
    const next = start();
    await openProcessData(config, next, []);
    expect(await next.shutdown.drain('test')).toBe(0);
  } finally {
    rmSync(dataDir, { recursive: true });
  }
});
