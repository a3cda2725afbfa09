// kill -9 of a whole process that writes rows and credentials, built as it ships; then what is there is judged.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { type Credential, ofSubscriber } from '../../credential-store.port.js';
import { createFakeClock } from '#libs/testkit';
import { loadMasterKey } from './master-key.js';
import { createSealedCredentialStore } from './sealed-credential-store.js';
import { openSqliteDatabase } from './sqlite-database.js';
import { createSqliteTableStore } from './sqlite-table-store.js';

const ROOT = path.resolve(import.meta.dirname, '../../../../..');
const ROUNDS = 10;

/** Writes n = from, from + 1, … for ever; prints n once both stores have acknowledged it. */
const WRITER = `
  import { writeSync } from 'node:fs';
  import { createSealedCredentialStore, createSqliteTableStore, loadMasterKey, openSqliteDatabase } from '#libs/stores';
  const [folder, from] = process.argv.slice(1);
  const clock = { nowMs: Date.now, monotonicMs: () => performance.now(), after: (ms, run) => {
    const timer = setTimeout(run, ms); return () => clearTimeout(timer); } };
  const database = await openSqliteDatabase({ file: folder + '/views.sqlite', clock });
  const table = await createSqliteTableStore({ database, name: 'rows' });
  const credentials = await createSealedCredentialStore({
    database, clock, masterKey: loadMasterKey(folder + '/master-key') });
  for (let n = Number(from); ; n += 1) {
    const position = { generation: 1, partition: 0, offset: n };
    const digest = { kind: 'digest', impi: 'user' + n, realm: 'ims.test', ha1Md5: String(n) };
    await Promise.all([
      table.apply([{ key: 'left', row: { n }, position }, { key: 'right', row: { n }, position }], position),
      credentials.put('v' + n, digest),
    ]);
    writeSync(1, n + '\\n');
  }`;

let folder = '';
let writer: ChildProcess | undefined;

beforeAll(async () => {
  execFileSync(process.execPath, [path.join(ROOT, 'node_modules/typescript/bin/tsc'), '-b', 'libs/stores'], {
    cwd: ROOT,
  });
  folder = await mkdtemp(path.join(tmpdir(), 'kill-'));
}, 180_000);
afterAll(async () => {
  writer?.kill('SIGKILL');
  await rm(folder, { recursive: true });
});

/** Starts a writer and kills it after `acknowledgements` and some microseconds more; returns the last number told. */
const writeUntilKilled = async (from: number, acknowledgements: number): Promise<number> => {
  const child = spawn(process.execPath, ['--input-type=module', '-e', WRITER, folder, String(from)], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  writer = child;
  const exited = once(child, 'exit');
  let last = from - 1;
  for await (const line of createInterface(child.stdout)) {
    last = Number(line);
    if (last === from + acknowledgements) child.kill('SIGKILL');
  }
  expect(await exited).toEqual([null, 'SIGKILL']);
  return last;
};

it('has every acknowledged row, checkpoint and credential, and each apply whole, after each kill', async () => {
  let next = 1;
  for (let round = 0; round < ROUNDS; round += 1) {
    const last = await writeUntilKilled(next, 20 + round * 17);

    const clock = createFakeClock();
    const database = await openSqliteDatabase({ file: path.join(folder, 'views.sqlite'), clock });
    const table = await createSqliteTableStore<{ n: number }>({ database, name: 'rows' });
    const masterKey = loadMasterKey(path.join(folder, 'master-key'));
    const credentials = await createSealedCredentialStore({ database, clock, masterKey });
    const left = (await table.get('left'))?.n ?? 0;
    expect((await table.get('right'))?.n).toBe(left);
    expect((await table.checkpoint())?.offset).toBe(left);
    expect(left).toBeGreaterThanOrEqual(last);
    expect(left).toBeLessThanOrEqual(last + 1);
    for (let n = 1; n <= last; n += 1)
      expect(ofSubscriber(await credentials.get(`v${n}`))?.impi).toBe(`user${n}`);
    // The kill may have left the next one out or in: written again, it is in, and the next round goes on behind it.
    await credentials.put(`v${last + 1}`, digestOf(last + 1));
    next = last + 2;
    await database.close();
  }
}, 120_000);

/** As the writer makes it. */
const digestOf = (n: number): Credential => ({
  kind: 'digest',
  impi: `user${n}`,
  realm: 'ims.test',
  ha1Md5: String(n),
});
