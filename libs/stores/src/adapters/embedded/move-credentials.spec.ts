// Moving credentials is interrupted at each of its writes: at every moment each of them is in one file or in both.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { systemClock as clock } from '#libs/runtime';
import { loadMasterKey } from './master-key.js';
import { moveCredentials } from './move-credentials.js';
import { createSealedCredentialStore } from './sealed-credential-store.js';
import { openSqliteDatabase, type SqliteDatabase } from './sqlite-database.js';

const COUNT = 1_100;
const WRITES = 7; // two tables, the keys, three pages, both drops together

/** The database of a process that dies before its n-th write from now, counted over all of its databases. */
const dyingBefore = (database: SqliteDatabase, left: { writes: number }): SqliteDatabase => ({
  read: (...args) => database.read(...args),
  write: (...args) => (left.writes-- > 0 ? database.write(...args) : Promise.reject(new Error('died'))),
  onLost: (run) => database.onLost(run),
  close: () => database.close(),
});

it('loses none, whenever it is interrupted', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'move-'));
  const masterKey = loadMasterKey(path.join(folder, 'master.key'));
  const secretOf = (n: number) => ({
    kind: 'digest' as const,
    impi: `${n}`,
    realm: 'r',
    ha1Md5: 'b'.repeat(32),
  });
  try {
    for (let writes = 0; writes <= WRITES; writes++) {
      const open = (name: string) =>
        openSqliteDatabase({ file: path.join(folder, `${name}-${writes}`), clock });
      const [from, to] = await Promise.all([open('from'), open('to')]);
      const before = await createSealedCredentialStore({ database: from, masterKey, clock });
      await Promise.all(Array.from({ length: COUNT }, (_, n) => before.put(`v${n}`, secretOf(n))));
      const left = { writes };
      const moving = moveCredentials(dyingBefore(from, left), dyingBefore(to, left));
      if (writes < WRITES) await expect(moving).rejects.toThrow('died');
      else expect(await moving).toBe(COUNT);
      expect(await moveCredentials(from, to)).toBe(writes < WRITES ? COUNT : 0);
      const after = await createSealedCredentialStore({ database: to, masterKey, clock });
      for (const n of [0, 499, 500, COUNT - 1]) expect(await after.get(`v${n}`)).toEqual(secretOf(n));
      const versions = await to.read('SELECT count(*) FROM credentials', [], ([row]) => row?.[0]);
      expect([writes, versions]).toEqual([writes, COUNT]);
      await Promise.all([from.close(), to.close()]);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}, 30_000);
