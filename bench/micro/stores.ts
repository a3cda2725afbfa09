// What the embedded stores cost: get and cas in memory, a table's reads and writes in SQLite, snapshots, credentials.
// Run: npx tsc -b bench && npx node dist/bench/micro/stores.js. Prints JSON lines: the median of five, and the limit kept.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import type { Position } from '#libs/decider';
import { systemClock } from '#libs/runtime';
import {
  createCheckpointedKeyValueStore,
  createMemoryKeyValueStore,
  createSealedCredentialStore,
  createSqliteTableStore,
  loadMasterKey,
  openSqliteDatabase,
  type RowChange,
} from '#libs/stores';

const RUNS = 5;
const ROWS = 100_000;
const CALLS = 300_000;

/** A registration as the view keeps it, about 700 bytes of JSON. */
const rowOf = (n: number) => ({
  impu: `sip:user${n}@ims.test`,
  bindings: [1, 2].map((at) => ({
    contact: `<sip:user${n}@10.0.${n & 255}.${at}:40000;transport=udp>`,
    path: '<sip:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA@127.0.0.1:5058;lr;ob>',
    callId: `${n}-${at}@10.0.0.1`,
    cseq: n,
    expiresAtMs: 1_900_000_000_000 + n,
    instance: '<urn:uuid:00000000-0000-1000-8000-000a95a0e128>',
    position: { generation: 1, partition: 0, offset: n },
  })),
  subscriptions: [],
});
type Row = ReturnType<typeof rowOf>;

const median = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1] ?? 0;
const say = (what: string, value: number, unit: string, limit?: number): void => {
  const figure = Number(value.toPrecision(4));
  process.stdout.write(
    `${JSON.stringify({ bench: 'stores', what, value: figure, unit, ...(limit && { limit }) })}\n`,
  );
};
const at = (offset: number): Position => ({ generation: 1, partition: 0, offset });

type Step = (n: number) => Promise<unknown>;

/** Microseconds of one of `count` runs of `one`, by the wall: for what another thread or the disk answers. */
const microsEach = async (count: number, one: Step): Promise<number> => {
  const from = performance.now();
  for (let n = 0; n < count; n += 1) await one(n);
  return ((performance.now() - from) * 1000) / count;
};

/** CPU microseconds of this thread for one run, less those of `beside`: what awaiting costs whatever is awaited. */
const cpuMicrosEach = async (one: Step, beside: Step): Promise<number> => {
  const time = async (step: Step) => {
    const from = process.threadCpuUsage();
    for (let n = 0; n < CALLS; n += 1) await step(n);
    const { user, system } = process.threadCpuUsage(from);
    return (user + system) / CALLS;
  };
  const takes: number[] = [];
  for (let run = 0; run < RUNS; run += 1) takes.push((await time(one)) - (await time(beside)));
  return median(takes);
};
const settled = () => Promise.resolve(undefined);

const secondsOf = async (run: () => Promise<unknown>): Promise<number> => {
  const from = performance.now();
  await run();
  return (performance.now() - from) / 1000;
};

const keyValue = async (): Promise<void> => {
  const store = createMemoryKeyValueStore<Row>({ name: 'rows', clock: systemClock });
  const keys = Array.from({ length: ROWS }, (_, n) => `sip:user${n}@ims.test`);
  const row = rowOf(1);
  for (const key of keys) await store.cas(key, row, undefined, 90_000);
  const anyKey = (n: number) => keys[(n * 7_919) % ROWS] ?? '';
  const sameKey = () => 'sip:user1@ims.test';
  const twice = async () => {
    await settled();
    await settled();
  };
  for (const [which, key] of [
    ['one row', sameKey],
    ['100,000 rows at random', anyKey],
  ] as const) {
    const readAndWrite = async (n: number) => {
      const held = await store.get(key(n));
      await store.cas(key(n), row, held?.version, 90_000);
    };
    say(`kv get, ${which}`, await cpuMicrosEach((n) => store.get(key(n)), settled), 'µs');
    say(`kv get + cas, ${which}`, await cpuMicrosEach(readAndWrite, twice), 'µs', 0.5);
  }
  // What the machine's memory costs, before anything of ours: the same keys in a bare Map, read and written.
  const bare = new Map(keys.map((key) => [key, { row, version: 0 }]));
  const bareReadAndWrite = (n: number) => {
    const held = bare.get(anyKey(n));
    bare.set(anyKey(n), { row, version: (held?.version ?? 0) + 1 });
    return settled();
  };
  say('bare Map get + set, 100,000 rows at random', await cpuMicrosEach(bareReadAndWrite, settled), 'µs');
};

const longestStopMs = async (run: () => Promise<unknown>): Promise<number> => {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  await run();
  delay.disable();
  // The monitor's own timer fires a millisecond apart.
  return delay.max / 1e6 - 1;
};

const snapshots = async (folder: string): Promise<void> => {
  const file = path.join(folder, 'rows.snapshot');
  const open = () => createCheckpointedKeyValueStore<Row>({ name: 'rows', clock: systemClock });
  const store = open();
  for (let n = 0; n < ROWS; n += 1) await store.cas(`sip:user${n}@ims.test`, rowOf(n), undefined, 90_000);
  const takes: number[] = [];
  const delays: number[] = [];
  const idleDelays: number[] = [];
  let bytes = 0;
  for (let run = 0; run < RUNS; run += 1) {
    const write = async () => ({ bytes } = await store.snapshot(file, at(run)));
    delays.push(await longestStopMs(async () => takes.push(await secondsOf(write))));
    idleDelays.push(await longestStopMs(() => new Promise((resolve) => setTimeout(resolve, 500))));
  }
  say('snapshot of 100,000 rows', median(takes), 's');
  say('snapshot of 100,000 rows, size', bytes / 1e6, 'MB');
  say('snapshot, longest stop of the event loop', median(delays), 'ms', 5);
  say('no snapshot, longest stop of the event loop', median(idleDelays), 'ms');
  const restores: number[] = [];
  for (let run = 0; run < RUNS; run += 1) restores.push(await secondsOf(() => open().restore(file)));
  say('restore of 100,000 rows', median(restores), 's', 1);
};

const tables = async (folder: string): Promise<void> => {
  const database = await openSqliteDatabase({ file: path.join(folder, 'views.sqlite'), clock: systemClock });
  const table = await createSqliteTableStore<Row>({ database, name: 'cached' });
  const changeOf = (n: number, offset: number): RowChange<Row> => ({
    key: `sip:user${n}@ims.test`,
    row: rowOf(n),
    position: at(offset),
  });
  const rates: number[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    const calls = Array.from({ length: 40 }, (_, call) =>
      Array.from({ length: 500 }, (_, n) => changeOf(call * 500 + n, run * ROWS + call * 500 + n)),
    );
    const seconds = await secondsOf(async () => {
      for (const changes of calls) await table.apply(changes, changes.at(-1)?.position);
    });
    rates.push(20_000 / seconds);
  }
  let offset = RUNS * ROWS;
  say(
    'table apply, one row after the other',
    await microsEach(500, (n) => table.apply([changeOf(n, (offset += 1))])),
    'µs',
  );
  const crowd = () =>
    secondsOf(() =>
      Promise.all(Array.from({ length: 2_000 }, (_, n) => table.apply([changeOf(n, (offset += 1))]))),
    );
  say('table apply, 2,000 callers at once', 2_000 / (await crowd()), 'rows/s');
  say('table get, cached', await cpuMicrosEach(() => table.get('sip:user7@ims.test'), settled), 'µs');

  const cold = await createSqliteTableStore<Row>({ database, name: 'cached', cacheRowsMax: 1 });
  const key = (n: number) => `sip:user${(n * 7_919) % 20_000}@ims.test`;
  say('table get, not cached, one after the other', await microsEach(5_000, (n) => cold.get(key(n))), 'µs');
  const many = await secondsOf(() => Promise.all(Array.from({ length: 10_000 }, (_, n) => cold.get(key(n)))));
  say('table get, not cached, 10,000 at once', 10_000 / many, 'rows/s');
  await credentials(folder, database);
  await database.close();
};

const credentials = async (
  folder: string,
  database: Awaited<ReturnType<typeof openSqliteDatabase>>,
): Promise<void> => {
  const masterKey = await loadMasterKey(path.join(folder, 'master-key'));
  const open = (cacheMax: number) =>
    createSealedCredentialStore({ database, masterKey, clock: systemClock, cacheMax });
  const store = await open(10_000);
  const ids = Array.from({ length: 5_000 }, (_, n) => `version-${n}`);
  const put = (id: string) =>
    store.put(id, { kind: 'digest', impi: `${id}@ims.test`, realm: 'ims.test', ha1Md5: 'f'.repeat(32) });
  const seconds = await secondsOf(() => Promise.all(ids.map(put)));
  say('credential put, 5,000 at once', ids.length / seconds, 'values/s');
  say('credential get, opened before', await cpuMicrosEach(() => store.get('version-7'), settled), 'µs');
  const cold = await open(1);
  say('credential get, sealed', await microsEach(2_000, (n) => cold.get(ids[n % ids.length] ?? '')), 'µs');
};

const folder = await mkdtemp(path.join(tmpdir(), 'bench-stores-'));
try {
  await keyValue();
  await snapshots(folder);
  await tables(folder);
} finally {
  await rm(folder, { recursive: true });
}
