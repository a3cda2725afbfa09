// What the embedded stores cost: get and cas in memory, a table's reads and writes in SQLite, snapshots, credentials.
// Run: npx tsc -b bench && npx node dist/bench/micro/stores.js. Prints JSON lines: the median of five, and the limit kept.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import type { Position } from '#libs/decider';
import { systemClock } from '#libs/runtime';
import {
  createCheckpointedKeyValueStore,
  createMemoryKeyValueStore,
  createSealedCredentialStore,
  createSqliteTableStore,
  loadMasterKey,
  machineDisk,
  openSqliteDatabase,
  type RowChange,
  type SnapshotDisk,
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

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;
const say = (what: string, value: number, unit: string, limit?: number): void => {
  const figure = Number(value.toPrecision(4));
  process.stdout.write(
    `${JSON.stringify({ bench: 'stores', what, value: figure, unit, ...(limit && { limit }) })}\n`,
  );
};
const at = (offset: number): Position => ({ generation: 1, partition: 0, offset });

type Step = (n: number) => Promise<unknown>;

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

type Took = Readonly<{ wallS: number; cpuS: number }>;

/** `cpuS` is of all threads: what stays the same when others use the machine. */
const timeOf = async (run: () => Promise<unknown>): Promise<Took> => {
  const cpu = process.cpuUsage();
  const from = performance.now();
  await run();
  const { user, system } = process.cpuUsage(cpu);
  return { wallS: (performance.now() - from) / 1000, cpuS: (user + system) / 1e6 };
};
const medianOf = (takes: readonly Took[]): Took => ({
  wallS: median(takes.map(({ wallS }) => wallS)),
  cpuS: median(takes.map(({ cpuS }) => cpuS)),
});
/** Of `count` things done in that time. */
const sayRate = (what: string, count: number, takes: readonly Took[]): void => {
  const { wallS, cpuS } = medianOf(takes);
  say(what, count / wallS, 'a second');
  say(`${what}, CPU of all threads`, (cpuS * 1e6) / count, 'µs each');
};
const repeat = async (run: (n: number) => Promise<unknown>): Promise<Took[]> => {
  const takes: Took[] = [];
  for (let n = 0; n < RUNS; n += 1) takes.push(await timeOf(() => run(n)));
  return takes;
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
    // At random it is the processor's cache that is measured: no limit, but a bare Map beside it.
    const limit = key === sameKey ? 0.5 : undefined;
    say(`kv get + cas, ${which}`, await cpuMicrosEach(readAndWrite, twice), 'µs', limit);
  }
  const bare = new Map(keys.map((key) => [key, { row, version: 0 }]));
  const bareReadAndWrite = (n: number) => {
    const held = bare.get(anyKey(n));
    bare.set(anyKey(n), { row, version: (held?.version ?? 0) + 1 });
    return settled();
  };
  say('bare Map get + set, 100,000 rows at random', await cpuMicrosEach(bareReadAndWrite, settled), 'µs');
};

/** The machine's disk, which notes the CPU time between the end of one write and the next: the event loop's stops. */
const watchedDisk = () => {
  let longestMs = 0;
  let from = process.threadCpuUsage();
  const disk: SnapshotDisk = {
    ...machineDisk,
    async open(name, mode) {
      const file = await machineDisk.open(name, mode);
      return {
        ...file,
        async write(bytes, place) {
          const { user, system } = process.threadCpuUsage(from);
          longestMs = Math.max(longestMs, (user + system) / 1000);
          await file.write(bytes, place);
          from = process.threadCpuUsage();
        },
      };
    },
  };
  const takeMs = () => {
    const taken = longestMs;
    longestMs = 0;
    from = process.threadCpuUsage();
    return taken;
  };
  return { disk, takeMs };
};

const snapshots = async (folder: string): Promise<void> => {
  const file = path.join(folder, 'rows.snapshot');
  const { disk, takeMs } = watchedDisk();
  const open = () => createCheckpointedKeyValueStore<Row>({ name: 'rows', clock: systemClock, disk });
  const store = open();
  for (let n = 0; n < ROWS; n += 1) await store.cas(`sip:user${n}@ims.test`, rowOf(n), undefined, 90_000);
  let bytes = 0;
  const stops: number[] = [];
  takeMs();
  const takes = await repeat(async (n) => {
    ({ bytes } = await store.snapshot(file, at(n)));
    stops.push(takeMs());
  });
  const { wallS, cpuS } = medianOf(takes);
  say('snapshot of 100,000 rows', wallS, 's');
  say('snapshot of 100,000 rows, CPU', cpuS, 's');
  say('snapshot of 100,000 rows, size', bytes / 1e6, 'MB');
  say('snapshot, longest stop of the event loop, CPU', median(stops), 'ms', 5);
  const restored = medianOf(await repeat(() => open().restore(file)));
  say('restore of 100,000 rows', restored.wallS, 's', 1);
  say('restore of 100,000 rows, CPU of all threads', restored.cpuS, 's');
};

const tables = async (folder: string): Promise<void> => {
  const database = await openSqliteDatabase({ file: path.join(folder, 'views.sqlite'), clock: systemClock });
  const table = await createSqliteTableStore<Row>({ database, name: 'cached' });
  const changeOf = (n: number, offset: number): RowChange<Row> => ({
    key: `sip:user${n}@ims.test`,
    row: rowOf(n),
    position: at(offset),
  });
  let offset = 0;
  const next = (n: number) => changeOf(n, (offset += 1));
  const calls = Array.from({ length: RUNS }, () =>
    Array.from({ length: 40 }, (_, call) => Array.from({ length: 500 }, (_, n) => next(call * 500 + n))),
  );
  const applyAll = async (run: number) => {
    for (const changes of calls[run] ?? []) await table.apply(changes, changes.at(-1)?.position);
  };
  sayRate('table apply, 500 rows a call', 20_000, await repeat(applyAll));
  const oneByOne = async () => {
    for (let n = 0; n < 300; n += 1) await table.apply([next(n)]);
  };
  sayRate('table apply, one row after the other', 300, await repeat(oneByOne));
  const crowd = () => Promise.all(Array.from({ length: 2_000 }, (_, n) => table.apply([next(n)])));
  sayRate('table apply, 2,000 callers at once', 2_000, await repeat(crowd));
  say('table get, cached', await cpuMicrosEach(() => table.get('sip:user7@ims.test'), settled), 'µs');

  const cold = await createSqliteTableStore<Row>({ database, name: 'cached', cacheRowsMax: 1 });
  const key = (n: number) => `sip:user${(n * 7_919) % 20_000}@ims.test`;
  const coldOneByOne = async () => {
    for (let n = 0; n < 2_000; n += 1) await cold.get(key(n));
  };
  sayRate('table get, not cached, one after the other', 2_000, await repeat(coldOneByOne));
  const many = () => Promise.all(Array.from({ length: 10_000 }, (_, n) => cold.get(key(n))));
  sayRate('table get, not cached, 10,000 at once', 10_000, await repeat(many));
  await credentials(folder, database);
  await database.close();
};

const credentials = async (
  folder: string,
  database: Awaited<ReturnType<typeof openSqliteDatabase>>,
): Promise<void> => {
  const masterKey = loadMasterKey(path.join(folder, 'master-key'));
  const open = (cacheMax: number) =>
    createSealedCredentialStore({ database, masterKey, clock: systemClock, cacheMax });
  const store = await open(50_000);
  const put = (id: string) =>
    store.put(id, { kind: 'digest', impi: `${id}@ims.test`, realm: 'ims.test', ha1Md5: 'f'.repeat(32) });
  const puts = (run: number) => Promise.all(Array.from({ length: 5_000 }, (_, n) => put(`v-${run}-${n}`)));
  sayRate('credential put, 5,000 at once', 5_000, await repeat(puts));
  say('credential get, opened before', await cpuMicrosEach(() => store.get('v-0-7'), settled), 'µs');
  const cold = await open(1);
  const gets = async () => {
    for (let n = 0; n < 2_000; n += 1) await cold.get(`v-0-${n}`);
  };
  sayRate('credential get, sealed, one after the other', 2_000, await repeat(gets));
};

const folder = await mkdtemp(path.join(tmpdir(), 'bench-stores-'));
try {
  await keyValue();
  await snapshots(folder);
  await tables(folder);
} finally {
  await rm(folder, { recursive: true });
}
