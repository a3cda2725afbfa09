// Subscribers in a DATA_DIR on a real disk: views come back from the log, credentials are moved and kept, and never silently lost.
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  createHealth,
  createMetrics,
  createShutdown,
  ProcessConfig,
  silentLogger,
  StartRefused,
  systemClock,
  systemRandom,
} from '#libs/runtime';
import {
  createSealedCredentialStore,
  type Credential,
  loadMasterKey,
  openSqliteDatabase,
} from '#libs/stores';
import { openSubscribers } from './open-subscribers.js';
import type { SubscriberStores } from './subscriber-stores.js';

const GARBAGE = 'neither a database nor short enough to be taken for an empty one. '.repeat(200);
const SECRET: Credential = { kind: 'digest', impi: 'alice', realm: 'r', ha1Md5: 'a'.repeat(32) };

let dataDir: string;
beforeEach(() => (dataDir = mkdtempSync(path.join(tmpdir(), 'subscribers-'))));
afterEach(() => rmSync(dataDir, { recursive: true }));

const inDataDir = (name: string): string => path.join(dataDir, name);
const asideOf = (name: string) => readdirSync(dataDir).filter((each) => each.startsWith(`${name}.corrupt-`));
const remove = (...names: string[]): void => names.forEach((name) => rmSync(inDataDir(name)));

/** One run of a process on the folder. */
const run = async <T>(use: (stores: SubscriberStores) => Promise<T>, changes = {}): Promise<T> => {
  const health = createHealth();
  const shutdown = createShutdown({ clock: systemClock, health, logger: silentLogger });
  const common = { clock: systemClock, random: systemRandom, logger: silentLogger };
  const config = Object.assign(new ProcessConfig(), { dataDir, ...changes });
  const parts = { ...common, health, shutdown, metrics: createMetrics() };
  try {
    const subscribers = await openSubscribers(config, parts);
    subscribers.data.serve(() => subscribers.view.stop());
    return await use(subscribers);
  } finally {
    expect(await shutdown.drain('test')).toBe(0);
  }
};

const provision = async ({ credentials, log }: SubscriberStores): Promise<void> => {
  await credentials.put('v1', SECRET);
  const data = { impi: 'alice', version: 'v1', realm: 'r', algorithms: ['MD5'], plaintextKept: false };
  await log.append('credential-alice', [{ type: 'CredentialChanged', data }], { expected: 0 });
};
const known = async ({ credentials, profiles }: SubscriberStores) => {
  const version = (await profiles.credential('alice'))?.version;
  return version === undefined ? 'nobody' : ((await credentials.get(version)) ?? 'no credential');
};
const accepting = { acceptLostCredentials: true };

it('rebuilds damaged views from the log, credentials untouched', async () => {
  await run(provision);
  writeFileSync(inDataDir('views.sqlite'), GARBAGE);
  expect(await run(known)).toEqual(SECRET);
  expect(asideOf('views.sqlite')).toHaveLength(1);
});

it('does not start on damaged credentials, says what is lost and how to go on, and goes on so', async () => {
  await run(provision);
  writeFileSync(inDataDir('credentials.sqlite'), GARBAGE);
  for (let time = 0; time < 2; time++) {
    const refused = await run(known).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(StartRefused);
    expect(String(refused)).toMatch(/every subscriber's credential.*backup.*ACCEPT_LOST_CREDENTIALS=1/);
    expect(asideOf('credentials.sqlite')).toEqual([]);
  }
  expect(await run(known, accepting)).toBe('no credential');
  expect(asideOf('credentials.sqlite')).toHaveLength(1);
  await expect(run(known)).rejects.toThrow('holds no credential');
  await run(({ credentials }) => credentials.put('v1', SECRET), accepting);
  expect(await run(known)).toEqual(SECRET);
});

it('does not start without the credentials that the log speaks of', async () => {
  await run(provision);
  remove('credentials.sqlite');
  await expect(run(known)).rejects.toThrow(/holds no credential.*backup.*ACCEPT_LOST_CREDENTIALS=1/);
  expect(await run(known, accepting)).toBe('no credential');
});

describe('credentials that an older release kept beside the views', () => {
  const COUNT = 1_203;

  /** As that release left it: all in views.sqlite. */
  const olderRelease = async (): Promise<void> => {
    await run(provision);
    remove('credentials.sqlite', 'views.sqlite');
    const database = await openSqliteDatabase({ file: inDataDir('views.sqlite'), clock: systemClock });
    const masterKey = loadMasterKey(inDataDir('master.key'));
    const credentials = await createSealedCredentialStore({ database, masterKey, clock: systemClock });
    const others = Array.from({ length: COUNT - 1 }, (_, n) => credentials.put(`w${n}`, SECRET));
    await Promise.all([credentials.put('v1', SECRET), ...others]);
    await database.close();
  };
  const count = async ({ credentials }: SubscriberStores): Promise<number> => {
    let versions = 0;
    for await (const _version of credentials.versions()) versions++;
    return versions;
  };

  it('are moved into their own file, all of them, once', async () => {
    await olderRelease();
    expect(await run(async (stores) => [await count(stores), await known(stores)])).toEqual([COUNT, SECRET]);
    remove('views.sqlite');
    expect(await run(async (stores) => [await count(stores), await known(stores)])).toEqual([COUNT, SECRET]);
  });

  it('are not given up for lost with damaged views', async () => {
    await olderRelease();
    writeFileSync(inDataDir('views.sqlite'), GARBAGE);
    await expect(run(known)).rejects.toThrow('(of an older release: views.sqlite)');
    expect(asideOf('views.sqlite')).toHaveLength(1);
  });
});
