// Credentials copied from file to file: whole and sealed as they were, also when the copy is run again after an interruption.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { jest } from '@jest/globals';
import { createFakeClock } from '#libs/testkit';
import { credentialOf } from '../../../contract/credential-store.contract.js';
import type { CredentialStore } from '../../credential-store.port.js';
import { copyCredentials, CredentialsDiffer } from '../copy-credentials.js';
import type { SealedRecords } from '../sealed-records.port.js';
import { masterKeyOf } from './master-key.js';
import { createSealedCredentialStore } from './sealed-credential-store.js';
import { openSqliteDatabase, type SqliteDatabase } from './sqlite-database.js';
import { openSqliteSealedRecords } from './sqlite-sealed-records.js';

// Real threads and a real disk.
jest.setTimeout(30_000);

const COUNT = 1_100;
const clock = createFakeClock();
const masterKey = masterKeyOf(randomBytes(32));
const folder = mkdtempSync(path.join(tmpdir(), 'copy-credentials-'));
const opened: SqliteDatabase[] = [];
afterAll(async () => {
  await Promise.all(opened.map((database) => database.close()));
  rmSync(folder, { recursive: true });
});

const open = async (): Promise<SqliteDatabase> => {
  const database = await openSqliteDatabase({ file: path.join(folder, String(opened.length)), clock });
  opened.push(database);
  return database;
};
const storeIn = (database: SqliteDatabase) => createSealedCredentialStore({ database, masterKey, clock });

const filled = async (): Promise<Readonly<{ store: CredentialStore; records: SealedRecords }>> => {
  const database = await open();
  const store = await storeIn(database);
  await Promise.all(Array.from({ length: COUNT }, (_, n) => store.put(`v${n}`, credentialOf(`u${n}`))));
  await store.advanceSequence('v7', undefined, 2 ** 47 + 1);
  await store.retire('v8');
  return { store, records: await openSqliteSealedRecords(database) };
};

const retiredOf = async (store: CredentialStore) => {
  const found: unknown[] = [];
  for await (const retired of store.retired()) found.push(retired);
  return found;
};

it('has all of it, and opens with the same key', async () => {
  const { store, records } = await filled();
  const copy = await open();
  const result = await copyCredentials(records, await openSqliteSealedRecords(copy));
  expect(result).toEqual({ credentials: COUNT, retired: 1, sequences: 1, keys: 1 });
  const there = await storeIn(copy);
  for (const n of [0, 499, 500, COUNT - 1]) expect(await there.get(`v${n}`)).toEqual(credentialOf(`u${n}`));
  expect(await there.sequence('v7')).toBe(2 ** 47 + 1);
  expect(await retiredOf(there)).toEqual(await retiredOf(store));
});

it('goes on where it was interrupted, and takes no number back that was given out at the copy', async () => {
  const { records } = await filled();
  const database = await open();
  const target = await openSqliteSealedRecords(database);
  let writes = 2;
  const dying: SealedRecords = {
    read: () => target.read(),
    write: (page) => (writes-- > 0 ? target.write(page) : Promise.reject(new Error('died'))),
  };
  await expect(copyCredentials(records, dying)).rejects.toThrow('died');
  await copyCredentials(records, target);
  const there = await storeIn(database);
  await there.advanceSequence('v7', 2 ** 47 + 1, 2 ** 47 + 33);
  expect(await copyCredentials(records, target)).toMatchObject({ credentials: COUNT });
  expect(await there.sequence('v7')).toBe(2 ** 47 + 33);
});

it('tells when the target holds something else under a version, and leaves it', async () => {
  const { records } = await filled();
  const database = await open();
  const there = await storeIn(database);
  await there.put('v3', credentialOf('other'));
  const target = await openSqliteSealedRecords(database);
  await expect(copyCredentials(records, target)).rejects.toThrow(CredentialsDiffer);
  await expect(copyCredentials(records, target)).rejects.toThrow(/1 records .* credential v3/);
  expect(await there.get('v3')).toEqual(credentialOf('other'));
});
