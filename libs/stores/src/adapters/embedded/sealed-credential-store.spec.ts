import { jest } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { credentialOf, credentialStoreContract } from '../../../contract/credential-store.contract.js';
import { createFakeClock } from '#libs/testkit';
import { StoreUnavailable } from '../../key-value-store.port.js';
import type { CredentialStore } from '../../credential-store.port.js';
import { loadMasterKey, masterKeyOf } from './master-key.js';
import { createSealedCredentialStore, type SealedCredentialOptions } from './sealed-credential-store.js';
import { openSqliteDatabase, type SqliteDatabase } from './sqlite-database.js';

// Real threads and a real disk: on a busy machine a test may take longer than the usual five seconds.
jest.setTimeout(30_000);

const clock = createFakeClock();
const masterKey = masterKeyOf(randomBytes(32));
const otherKey = masterKeyOf(randomBytes(32));
const opened = new Set<SqliteDatabase>();
let folder = '';
let files = 0;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'credentials-'));
});
afterEach(() => closeAll());
afterAll(() => rm(folder, { recursive: true }));

const closeAll = async () => {
  await Promise.all([...opened].map((database) => database.close()));
  opened.clear();
};
const newFile = () => path.join(folder, `${(files += 1)}.sqlite`);
const openStore = async (file: string, options: Partial<SealedCredentialOptions> = {}) => {
  const database = await openSqliteDatabase({ file, clock });
  opened.add(database);
  return createSealedCredentialStore({ database, masterKey, clock, ...options });
};
/** Changes the closed file as an attacker with a copy of it could. */
const tamper = (file: string, sql: string) => {
  const database = new DatabaseSync(file);
  database.exec(sql);
  database.close();
};

const fileOf = new WeakMap<CredentialStore, string>();
credentialStoreContract('sealed SQLite', {
  async create() {
    const file = newFile();
    const store = await openStore(file);
    fileOf.set(store, file);
    return store;
  },
  async reopen(store) {
    await closeAll();
    return openStore(fileOf.get(store) ?? '');
  },
  advance: (ms) => clock.advance(ms),
});

describe('what is on the disk', () => {
  it('holds no part of a credential, in no file, open or closed', async () => {
    const home = await mkdtemp(path.join(folder, 'scan-'));
    const store = await openStore(path.join(home, 'a.sqlite'));
    const secret = {
      ...credentialOf('confidential-user', 'beadfeed'.repeat(4)),
      plaintextPassword: 'correct horse battery staple',
    };
    await store.put('v1', secret);
    const search = async () => {
      const contents = await Promise.all(
        (await readdir(home)).map((name) => readFile(path.join(home, name), 'latin1')),
      );
      expect(contents.join('').length).toBeGreaterThan(4_000);
      // The scan itself can see: version ids are kept readable.
      expect(contents.join('')).toContain('v1');
      const words = ['confidential', 'beadfeed', 'horse', 'decaf', 'ims.test', 'digest', 'ha1'];
      return words.filter((word) => contents.some((content) => content.includes(word)));
    };
    expect(await search()).toEqual([]);
    await closeAll();
    expect(await search()).toEqual([]);
  });

  it('never seals twice with one nonce, so that equal credentials look unlike each other', async () => {
    const file = newFile();
    const store = await openStore(file);
    const ids = Array.from({ length: 50 }, (_, n) => `v${n}`);
    await Promise.all(ids.map((id) => store.put(id, credentialOf('alice'))));
    await closeAll();
    const database = new DatabaseSync(file);
    const rows = database.prepare('SELECT hex(substr(sealed, 1, 12)) AS nonce FROM credentials').all();
    database.close();
    expect(new Set(rows.map(({ nonce }) => nonce)).size).toBe(50);
  });
});

describe('what was tampered with', () => {
  const written = async () => {
    const file = newFile();
    const store = await openStore(file);
    await store.put('v1', credentialOf('alice', 'a'.repeat(32)));
    await store.put('v2', credentialOf('bob', 'b'.repeat(32)));
    await closeAll();
    return file;
  };

  it('does not open where it was moved to another version', async () => {
    const file = await written();
    tamper(file, `UPDATE credentials SET sealed = (SELECT sealed FROM credentials WHERE version_id = 'v2')`);
    const store = await openStore(file);
    await expect(store.get('v1')).rejects.toBeInstanceOf(StoreUnavailable);
    expect(await store.get('v2')).toEqual(credentialOf('bob', 'b'.repeat(32)));
  });

  it('does not open where any byte of it changed, or some are gone', async () => {
    const file = await written();
    const database = new DatabaseSync(file);
    const sealed = database.prepare(`SELECT sealed FROM credentials WHERE version_id = 'v1'`).get()?.[
      'sealed'
    ];
    if (!(sealed instanceof Uint8Array)) throw new Error('nothing was sealed');
    const put = database.prepare(
      `INSERT INTO credentials SELECT ?, key_id, ?, written_at_ms FROM credentials WHERE version_id = 'v1'`,
    );
    const broken = [...sealed.keys()].map((at) =>
      sealed.map((byte, index) => (index === at ? byte ^ 1 : byte)),
    );
    broken.push(...[0, 5, 27, sealed.length - 1].map((length) => sealed.slice(0, length)));
    broken.forEach((bytes, n) => put.run(`broken ${n}`, bytes));
    database.close();
    const store = await openStore(file);
    for (const n of broken.keys()) {
      await expect(store.get(`broken ${n}`)).rejects.toBeInstanceOf(StoreUnavailable);
    }
    expect(await store.get('v1')).toEqual(credentialOf('alice', 'a'.repeat(32)));
  });

  it('says nothing of the secret when it fails', async () => {
    const file = await written();
    tamper(file, `UPDATE credentials SET key_id = 'unknown'`);
    const store = await openStore(file);
    await expect(store.get('v1')).rejects.toThrow(/v1 does not open/);
    await expect(store.get('v1')).rejects.not.toThrow(/alice|aaaa/);
  });
});

describe('master keys', () => {
  it('that are wrong stop the start, naming both', async () => {
    const file = newFile();
    await (await openStore(file)).put('v1', credentialOf('alice'));
    await closeAll();
    const wrong = openStore(file, { masterKey: otherKey });
    await expect(wrong).rejects.toThrow(new RegExp(`needs key ${masterKey.id}.*holds ${otherKey.id}`));
    await closeAll();
    expect(await (await openStore(file)).get('v1')).toEqual(credentialOf('alice'));
  });

  it('that have the right id and other content stop the start too', async () => {
    const file = newFile();
    await openStore(file);
    await closeAll();
    const forged = { id: masterKey.id, sealing: otherKey.sealing };
    await expect(openStore(file, { masterKey: forged })).rejects.toThrow(/check value/);
  });

  it('can be changed: the former opens what it sealed, until all is sealed anew', async () => {
    const file = newFile();
    const first = await openStore(file);
    await Promise.all(Array.from({ length: 1_200 }, (_, n) => first.put(`v${n}`, credentialOf(`user${n}`))));
    await closeAll();

    const both = await openStore(file, { masterKey: otherKey, formerKeys: [masterKey] });
    expect(await both.get('v7')).toEqual(credentialOf('user7'));
    await both.put('new', credentialOf('new'));
    await closeAll();
    await expect(openStore(file, { masterKey: otherKey })).rejects.toThrow(/needs key/);
    await closeAll();

    const resealing = await openStore(file, { masterKey: otherKey, formerKeys: [masterKey] });
    expect(await resealing.reseal()).toBe(1_200);
    expect(await resealing.reseal()).toBe(0);
    await closeAll();
    const after = await openStore(file, { masterKey: otherKey });
    expect(await after.get('v1199')).toEqual(credentialOf('user1199'));
    expect(await after.get('new')).toEqual(credentialOf('new'));
    await closeAll();
    await expect(openStore(file)).rejects.toThrow(/needs key/);
  });
});

describe('the master key file', () => {
  it('is made once, for its owner alone, and read back the same', async () => {
    const file = path.join(folder, 'master-key');
    const made = loadMasterKey(file);
    expect(loadMasterKey(file)).toEqual(made);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect((await readFile(file)).length).toBe(32);
    expect((await readdir(folder)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('may hold 64 hexadecimal digits', async () => {
    const file = path.join(folder, 'hex-key');
    const bytes = randomBytes(32);
    await writeFile(file, `${bytes.toString('hex')}\n`, { mode: 0o600 });
    expect(loadMasterKey(file)).toEqual(masterKeyOf(bytes));
  });

  it('is refused when it is short, long or open to others', async () => {
    const cases = [
      { content: Buffer.alloc(0), mode: 0o600, says: /has 0 bytes/ },
      { content: randomBytes(31), mode: 0o600, says: /has 31 bytes/ },
      { content: randomBytes(4_096), mode: 0o600, says: /has 4096 bytes/ },
      { content: randomBytes(32), mode: 0o644, says: /open to others \(mode 644\)/ },
    ];
    for (const [n, { content, mode, says }] of cases.entries()) {
      const file = path.join(folder, `unfit-key-${n}`);
      await writeFile(file, content, { mode });
      expect(() => loadMasterKey(file)).toThrow(says);
    }
  });

  it('has an id that tells nothing of the key', () => {
    const bytes = Buffer.alloc(32, 7);
    const { id, sealing } = masterKeyOf(bytes);
    expect(id).toMatch(/^[0-9a-f]{16}$/);
    expect(sealing.toString('hex')).not.toContain(id);
    expect(sealing.equals(bytes)).toBe(false);
  });
});
