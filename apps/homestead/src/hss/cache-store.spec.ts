// The cache of HSS mode over a restart: what is registered is known again, for the rest of its life.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { silentLogger } from '#libs/runtime';
import { createFakeClock } from '#libs/testkit';
import { openCacheStore } from './cache-store.js';
import { CachedSets } from './cached-sets.js';
import { IMPI, IMPU, XML } from './hss-stage.fixture.js';

const folder = mkdtempSync(path.join(tmpdir(), 'hss-sets-'));
afterAll(() => rmSync(folder, { recursive: true }));

const open = async (file: string, clock = createFakeClock()) => {
  const common = { engines: {}, clock, logger: silentLogger, snapshotFile: path.join(folder, file) };
  const cache = await openCacheStore(common);
  return { clock, cache, sets: new CachedSets({ store: cache.store, clock, recordTtlS: 60 }) };
};

const set = (renewedAtMs: number) => ({ kind: 'set', state: 'REGISTERED', xml: XML, impus: [IMPU], impis: [IMPI], chargingAddresses: { ccf: [], ecf: [] }, renewedAtMs }) as const; // prettier-ignore

it('is there again after a restart, and lives no longer for it', async () => {
  const before = await open('a');
  await before.sets.put(set(before.clock.nowMs()));
  await before.cache.close();
  const after = await open('a');
  expect(await after.sets.find(IMPU)).toMatchObject({ state: 'REGISTERED', impis: [IMPI] });
  expect(await after.sets.ofPrivate(IMPI)).toHaveLength(1);
  after.clock.advance(60_000);
  expect(await after.sets.find(IMPU)).toBeUndefined();
});

it('is empty where its file is damaged: the HSS is asked', async () => {
  writeFileSync(path.join(folder, 'b'), 'nothing');
  expect(await (await open('b')).sets.find(IMPU)).toBeUndefined();
});
