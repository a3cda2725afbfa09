// The cache of HSS mode over a restart: what is registered is known again, for the rest of its life.
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { silentLogger } from '#libs/runtime';
import { machineDisk } from '#libs/stores';
import { createFakeClock } from '#libs/testkit';
import { openCacheStore } from './cache-store.js';
import { CachedSets } from './cached-sets.js';
import { IMPI, IMPU, XML } from './hss-stage.fixture.js';
import { RemovedRows } from './removed-rows.js';

const OTHER = 'sip:other@ims.test';
const folder = mkdtempSync(path.join(tmpdir(), 'hss-sets-'));
/** Also those that a test lets crash. */
const opened: Readonly<{ close(): Promise<void> }>[] = [];
afterAll(async () => {
  for (const one of opened) await one.close();
  rmSync(folder, { recursive: true });
});

const open = async (file: string, clock = createFakeClock()) => {
  const common = { engines: {}, clock, logger: silentLogger, snapshotFile: path.join(folder, file) };
  const cache = await openCacheStore(common);
  opened.push(cache);
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

describe('after a crash', () => {
  /** A set that a snapshot shows, opened anew. */
  const snapshotted = async (file: string) => {
    const before = await open(file);
    await before.sets.put(set(before.clock.nowMs()));
    await before.sets.put({ ...set(before.clock.nowMs()), impus: [OTHER] });
    await before.cache.close();
    return open(file);
  };
  const held = async (file: string) => {
    const { sets } = await open(file);
    return Promise.all([IMPU, OTHER].map(async (impu) => (await sets.find(impu)) !== undefined));
  };

  it('a set that was taken out is not there again, and the others are', async () => {
    const { sets, clock } = await snapshotted('c');
    await sets.remove(set(clock.nowMs()));
    expect(await held('c')).toEqual([false, true]);
    // Nor after a second crash.
    expect(await held('c')).toEqual([false, true]);
  });

  it('one that was put again is there from the next snapshot on', async () => {
    const { sets, clock, cache } = await snapshotted('d');
    await sets.remove(set(clock.nowMs()));
    await sets.put(set(clock.nowMs()));
    await cache.close();
    expect(await held('d')).toEqual([true, true]);
  });

  it.each([
    ['is dropped by a snapshot that shows it, and kept when it came while that was written', true, ['b']],
    ['is kept where the snapshot did not come about', false, ['a', 'b']],
  ])('a removal %s', async (_what, taken, kept) => {
    const place = path.join(folder, `removed-${taken}`);
    const { removed } = await RemovedRows.open(machineDisk, place);
    await removed.add('a');
    const ended = removed.begin();
    await removed.add('b');
    await ended(taken);
    await removed.close();
    const again = await RemovedRows.open(machineDisk, place);
    opened.push(again.removed);
    expect(again.keys).toEqual(kept);
  });

  it('a line that was cut short is none, and the next is whole', async () => {
    const { sets, clock } = await snapshotted('f');
    await sets.remove(set(clock.nowMs()));
    appendFileSync(path.join(folder, 'f.removed'), '"set/si');
    const { sets: again } = await open('f');
    await again.remove({ ...set(clock.nowMs()), impus: [OTHER] });
    expect(await held('f')).toEqual([false, false]);
  });
});

it('is empty where its file is damaged: the HSS is asked', async () => {
  writeFileSync(path.join(folder, 'b'), 'nothing');
  expect(await (await open('b')).sets.find(IMPU)).toBeUndefined();
});
