// A cluster in one thread: several Rogers over simulated servers, on a clock that tests move. Used by the specs of proxy/ and astaire/.
import type { Change, Failure, Item } from '#libs/memcached-protocol';
import { createFakeClock, createSeededRandom, type FakeClock, type SeededRandom } from '#libs/testkit';
import { createRogers, type Rogers, type RogersCounters } from '../rogers.js';
import { Memory, SimulatedServer } from '../simulated-server.fixture.js';
import type { Topology } from '../topology.js';
import type { Wanted } from './change.js';
import type { Merge } from './operation.port.js';

export const NO_MERGE: Merge = { isMerged: () => false, merge: () => undefined };

export const noCounters = (): RogersCounters => ({
  gets: { n: 0 }, changes: { n: 0 }, failures: { n: 0 }, repairs: { n: 0 }, merges: { n: 0 }, conflicts: { n: 0 }, copied: { n: 0 }, copiedBytes: { n: 0 }, purged: { n: 0 }, filled: { n: 0 },
}); // prettier-ignore

export type Simulation = {
  readonly clock: FakeClock;
  readonly random: SeededRandom;
  readonly memories: readonly Memory[];
  /** By Rogers, then by server's name. */
  readonly links: readonly Map<string, SimulatedServer>[];
  readonly rogers: readonly Rogers[];
  readonly counts: readonly RogersCounters[];
  topology: Topology;
  /** By Rogers: what one that has not heard of the newest still goes by. */
  readonly heard: Map<number, Topology>;
  memory(name: string): Memory;
  get(rogers: number, key: string): Promise<Item | undefined | Failure>;
  change(rogers: number, wanted: Wanted): Promise<Change | Failure>;
  set(rogers: number, key: string, text: string, cas?: number): Promise<Change | Failure>;
  /** Runs until this is settled. */
  run<T>(promise: Promise<T>): Promise<T>;
  /** Runs until every vbucket is where it should be, at most a minute. */
  settle(): Promise<void>;
  stop(): Promise<void>;
};

export type SimulationOptions = Readonly<{
  seed: number | string;
  servers?: number;
  rogers?: number;
  /** Of the servers, those that are used at first. */
  used?: number;
  merge?: Merge;
  /** What a command takes at the most, each way. */
  delayMs?: number;
}>;

export const nameOf = (n: number): string => `server${n}:11211`;
const STEPS_MAX = 200_000;

export const startSimulation = async (options: SimulationOptions): Promise<Simulation> => {
  const { seed, servers = 3, rogers: many = 2, used = servers, merge = NO_MERGE } = options;
  const clock = createFakeClock();
  const random = createSeededRandom(seed);
  const memories = Array.from({ length: servers }, (_, n) => new Memory(nameOf(n), clock));
  for (const one of memories) one.delayMs = options.delayMs ?? one.delayMs;
  const memory = (name: string): Memory => memories.find((one) => one.name === name)!;
  const links = Array.from({ length: many }, () => new Map<string, SimulatedServer>());
  const counts = links.map(noCounters);
  const simulation = {
    topology: {
      servers: memories.slice(0, used).map(({ name }) => name),
      replicas: 2,
      revision: 0,
    } as Topology,
    heard: new Map<number, Topology>(),
  };
  const rogers = links.map((byName, n) =>
    createRogers({
      clock,
      random: random.fork(`rogers${n}`),
      topology: () => simulation.heard.get(n) ?? simulation.topology,
      merge,
      count: counts[n]!,
      patienceMs: 1_000,
      openServer(name, watcher) {
        const server = new SimulatedServer(memory(name), watcher, random.fork(name));
        byName.set(name, server);
        return server;
      },
    }),
  );
  const run = async <T>(promise: Promise<T>): Promise<T> => {
    let isOver = false;
    const end = (): void => void (isOver = true);
    promise.then(end, end);
    for (let step = 0; !isOver && step < STEPS_MAX; step += 1) await clock.advanceAsync(1);
    if (!isOver) throw new Error('it does not end');
    return promise;
  };
  const whole: Simulation = Object.assign(simulation, {
    clock, random, memories, links, rogers, counts, memory, run,
    get: (n: number, key: string) =>
      new Promise<Item | undefined | Failure>((resolve) => rogers[n]!.router.get(key, resolve)),
    change: (n: number, wanted: Wanted) =>
      new Promise<Change | Failure>((resolve) => rogers[n]!.router.change(wanted, resolve)),
    set: (n: number, key: string, text: string, cas = 0) =>
      whole.change(n, { verb: 'store', key, mode: 'set', flags: 0, exptime: 0, cas, value: Buffer.from(text) }),
    async settle() {
      // What happened just now is to be seen first.
      await clock.advanceAsync(1_000);
      for (let ms = 0; ms < 60_000; ms += 100) {
        await clock.advanceAsync(100);
        if (rogers.every(({ astaire }) => astaire.behind === 0)) return;
      }
      throw new Error(`not settled: ${rogers.map(({ astaire }) => astaire.behind).join(', ')} vbuckets to go`);
    },
    stop: () => run(Promise.all(rogers.map((one) => one.stop())).then(() => undefined)),
  }); // prettier-ignore
  for (const one of rogers) one.start();
  await whole.settle();
  return whole;
};
