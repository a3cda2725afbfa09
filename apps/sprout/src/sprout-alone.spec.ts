// Sprout in a process of its own: its HTTP port answers, and it drains.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  createHealth,
  createMetrics,
  createShutdown,
  ProcessConfig,
  silentLogger,
  systemClock,
  systemRandom,
} from '#libs/runtime';
import { startSproutAlone } from './sprout-alone.js';
import { SproutConfig } from './sprout.config.js';

it('serves /ping without a key, and nothing else without one', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'sprout-'));
  const health = createHealth();
  const shutdown = createShutdown({ clock: systemClock, health, logger: silentLogger });
  const common = { clock: systemClock, random: systemRandom, logger: silentLogger };
  const apiKeys = ['sprout:a-key-for-sprout-alone'];
  try {
    const { http } = await startSproutAlone(
      Object.assign(new ProcessConfig(), { dataDir: path.join(folder, 'data'), apiKeys }),
      Object.assign(new SproutConfig(), { icscfPort: 0, scscfPort: 0, mmtelPort: 0, drachtioPort: 0, drachtioSipPort: 0, sproutHttpPort: 0 }), // prettier-ignore
      { ...common, health, shutdown, metrics: createMetrics() },
    );
    expect(health.ok).toBe(true);
    const ping = await fetch(`${http.url}/ping`);
    expect([ping.status, await ping.text()]).toEqual([200, 'OK']);
    expect((await fetch(`${http.url}/timers`, { method: 'POST' })).status).toBe(401);
  } finally {
    expect(await shutdown.drain('test')).toBe(0);
    rmSync(folder, { recursive: true });
  }
});
