// `npm run bench -- rogers`: CPU of Rogers' process a get, and a compare-and-set that is on two replicas before its answer; three real memcached
// servers, rows of 700 bytes as registrations have. A closed loop of so many requests at a time as a busy router keeps under way.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startRealEngine } from '#libs/testkit';
import { cpuUsOf } from '../measure/process-tree.js';
import { median, progress, quantile, round } from '../measure/report.js';
import { MetaClient, type RunningRogers, startRogers, stopRogers } from './running-rogers.js';

export type RogersFigures = Readonly<{
  cpuUsPerGet: number;
  cpuUsPerCas: number;
  getsPerS: number;
  casPerS: number;
  getP99Ms: number;
  casP99Ms: number;
  requestsTogether: number;
  /** One request at a time: nothing shares a write. */
  cpuUsPerGetAlone: number;
  failed: number;
}>;

const KEYS = 1_000;
const TOGETHER = 64;
const VALUE = 'x'.repeat(700);
const WARM_S = 2;
/** What is measured is the cost, also on a machine that has other work. */
const TIMEOUT_MS = '2000';

type Run = Readonly<{ perRequest: number; perS: number; p99Ms: number; failed: number }>;

/** `one` is a request by one of `rows` that go on at the same time; resolves false where it failed. */
const measure = async (
  rogers: RunningRogers,
  seconds: number,
  rows: number,
  one: (row: number) => Promise<boolean>,
): Promise<Run> => {
  let requests = 0;
  let failed = 0;
  const tookMs: number[] = [];
  const before = cpuUsOf(rogers.child.pid);
  const startMs = performance.now();
  const endMs = startMs + seconds * 1000;
  const row = async (n: number): Promise<void> => {
    while (performance.now() < endMs) {
      const sentMs = performance.now();
      if (!(await one(n))) failed += 1;
      requests += 1;
      tookMs.push(performance.now() - sentMs);
    }
  };
  await Promise.all(Array.from({ length: rows }, (_, n) => row(n)));
  const tookS = (performance.now() - startMs) / 1000;
  const perRequest = round((cpuUsOf(rogers.child.pid) - before) / requests);
  return { perRequest, perS: Math.round(requests / tookS), p99Ms: round(quantile(tookMs, 0.99)), failed };
};

export const benchRogers = async ({ seconds, runs }: { seconds: number; runs: number }): Promise<RogersFigures> => {
  const folder = mkdtempSync(path.join(tmpdir(), 'bench-rogers-'));
  const engine = await startRealEngine('memcached', 3);
  try {
    const rogers = await startRogers(engine.endpoints, folder, { ROGERS_TIMEOUT_MS: TIMEOUT_MS });
    const client = await MetaClient.open(rogers.port);
    try {
      return await measureAll(rogers, client, seconds, runs);
    } finally {
      client.close();
      await stopRogers(rogers);
    }
  } finally {
    await engine.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}; // prettier-ignore

const measureAll = async (
  rogers: RunningRogers,
  client: MetaClient,
  seconds: number,
  runs: number,
): Promise<RogersFigures> => {
  const cas: string[] = [];
  for (let n = 0; n < KEYS; n += 1)
    cas.push((await client.send(`ms key${n} ${VALUE.length} T3600 c\r\n${VALUE}\r\n`)).cas);
  let next = 0;
  const get = async (): Promise<boolean> =>
    (await client.send(`mg key${(next += 1) % KEYS} v c\r\n`)).value?.length === VALUE.length;
  // Each row has keys of its own, so that its number is the newest.
  const turns = new Array<number>(TOGETHER).fill(0);
  const set = async (row: number): Promise<boolean> => {
    const mine = Math.floor(KEYS / TOGETHER);
    const n = row * mine + ((turns[row]! += 1) % mine);
    const answer = await client.send(`ms key${n} ${VALUE.length} T3600 C${cas[n]} c\r\n${VALUE}\r\n`);
    if (answer.code === 'HD') cas[n] = answer.cas;
    else cas[n] = (await client.send(`mg key${n} c\r\n`)).cas;
    return answer.code === 'HD';
  };
  await measure(rogers, WARM_S, TOGETHER, get);
  await measure(rogers, WARM_S, TOGETHER, set);
  const gets: Run[] = [];
  const sets: Run[] = [];
  for (let run = 0; run < runs; run += 1) {
    gets.push(await measure(rogers, seconds, TOGETHER, get));
    sets.push(await measure(rogers, seconds, TOGETHER, set));
    progress(`${gets.at(-1)?.perRequest} us a get, ${sets.at(-1)?.perRequest} us a compare-and-set`);
  }
  const alone = await measure(rogers, seconds, 1, get);
  const of = (all: readonly Run[], figure: keyof Run): number => median(all.map((one) => one[figure]));
  return {
    cpuUsPerGet: of(gets, 'perRequest'),
    cpuUsPerCas: of(sets, 'perRequest'),
    getsPerS: of(gets, 'perS'),
    casPerS: of(sets, 'perS'),
    getP99Ms: of(gets, 'p99Ms'),
    casP99Ms: of(sets, 'p99Ms'),
    requestsTogether: TOGETHER,
    cpuUsPerGetAlone: alone.perRequest,
    failed: [...gets, ...sets, alone].reduce((sum, { failed }) => sum + failed, 0),
  };
};
