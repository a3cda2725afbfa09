// The part of the world that dies and starts anew: edges and routers over the log, with the stores that the log fills.
// What outlives it (disk, network, clock, credentials, subscribers) is its ground. Used by world.ts.
import { BonoConfig, type BonoNode, startBono } from '#apps/bono';
import {
  type ChainLink,
  type LiveChallenges,
  ONE_OF_SEVERAL,
  type RouterSign,
  SOLE_OWNER,
  SproutConfig,
  type SproutNode,
  startSprout,
} from '#apps/sprout';
import type { Position, Recorded } from '#libs/decider';
import { type Registration, type RegistrationEvent, streamOfRegistration } from '#libs/domain';
import {
  createMemoryLog,
  type EmbeddedLog,
  type EventLog,
  type MemoryDisk,
  type StartAt,
} from '#libs/event-log';
import type { Homestead } from '#libs/homestead-client';
import { createMetrics, createPeerCheck, silentLogger, type Traces } from '#libs/runtime';
import { createMemoryKeyValueStore, type EmbeddedKeyValueStore, type KeyValueStore } from '#libs/stores';

import { type MemoryHub, type NameLookup, TimerWheel } from '#libs/sip';
import type { FakeClock, SeededRandom } from '#libs/testkit';
import type { DocumentsByUser } from '#projections/documents-by-user';
import { RegistrationRows, registrationsByAor } from '#projections/registrations-by-aor';
import { type Faults, faultyStore, StoreFault } from './faults.js';
import { Life, mortalDisk, mortalHomestead, mortalLog, mortalStore } from './life.js';
import { turnedLog, turnedStore } from './turned-ports.js';
import type { Turns } from './turns.js';

export const WORLD_DOMAIN = 'ims.test';
export const CLIENT_PORT = 5060;
/** So small that every storm of some length begins new ones: with a checkpoint, an index, and a start that reads the last one. */
const SEGMENT_BYTES_MAX = 65_536;
const SNAPSHOT_TTL_S = 86_400;
/** A few phones' answers: what a busy node keeps would be made anew at each start. */
const REPLAY_BYTES_MAX = 262_144;

/** A running edge, and how to end it as a process ends. */
export type Edge = { bono: BonoNode; end(): Promise<void> };

/** A running router; `kill`, of one in a pool: where it stands, while the rest of the core goes on. */
type Router = Readonly<{ sprout: SproutNode; kill(): void; close(): Promise<void> }>;

/** One edge and its router. */
export type WorldNode = { readonly address: string; readonly router: Router; edge: Edge };

/** The log that a world has, and how it is. */
export type WorldLog = EventLog &
  Readonly<{ head: Position | undefined; health(): Readonly<{ ok: boolean }> }>;

/** A defect put in on purpose, to show that it is found. */
export type Planted = Readonly<{
  /** In place of the log that routers append to. */
  log?: (log: EventLog, inner: WorldLog) => EventLog;
  /** In place of the store of rows that routers have; `isFirst`: nothing went before this life of theirs. */
  rows?: (rows: KeyValueStore<Registration>, isFirst: boolean) => KeyValueStore<Registration>;
}>;

/** Rows as they were when the log had been read so far: a life begins with those of the one before it. */
export type Snapshot = Readonly<{
  position: Position | undefined;
  rows: readonly (readonly [string, Registration])[];
}>;

/** What outlives a crash. */
export type Ground = Readonly<{
  clock: FakeClock;
  random: SeededRandom;
  hub: MemoryHub;
  disk: MemoryDisk;
  faults: Faults;
  turns: Turns;
  settings: Partial<SproutConfig>;
  /** Of every edge. */
  edge: Partial<BonoConfig>;
  homestead: Homestead;
  documents: DocumentsByUser;
  flowTokenKey: Buffer;
  planted: Planted;
  addresses: readonly string[];
  /** Of the life before this one. */
  snapshot?: Snapshot | undefined;
  /** Every edge finds all routers, by one name; application servers do too. */
  isPool: boolean;
  /** Of every node, where calls are traced. */
  traces: Traces | undefined;
}>;

export type Core = Readonly<{
  life: Life;
  log: WorldLog;
  /** As it began; undefined where rows outlive it. */
  snapshot: Snapshot | undefined;
  /** Of the nodes that run: one that ended has no timers any more. */
  wheels: Set<TimerWheel>;
  coreLog: EventLog;
  registrations: RegistrationRows;
  nodes: readonly WorldNode[];
  startEdge: (address: string) => Promise<Edge>;
  /** Ends it in order, as a process that is told to. */
  close(): Promise<void>;
  /** Ends it where it stands. */
  crash(): void;
}>;

/** What every node of the core shares. */
export type Common = Pick<
  Ground,
  | 'clock'
  | 'random'
  | 'hub'
  | 'faults'
  | 'settings'
  | 'edge'
  | 'homestead'
  | 'documents'
  | 'flowTokenKey'
  | 'addresses'
  | 'isPool'
  | 'traces'
> &
  Readonly<{
    wheels: Set<TimerWheel>;
    log: EventLog;
    /** As routers write them. */
    rows: RegistrationRows;
    challenges: KeyValueStore<LiveChallenges>;
    chainLinks: KeyValueStore<ChainLink>;
    routerSigns: KeyValueStore<RouterSign>;
  }>;

const sharedBy = (common: Common, address: string) => ({
  process: { homeDomain: WORLD_DOMAIN, bindAddress: address, publicHost: '' },
  clock: common.clock,
  random: common.random,
  hub: common.hub,
  logger: silentLogger,
  metrics: createMetrics(),
  peers: createPeerCheck(['10.1.0.0/16']),
  memoryOnly: true,
  replayBytesMax: REPLAY_BYTES_MAX,
  wait: () => common.faults.inputWaitMs,
  ...(common.traces === undefined ? {} : { traces: common.traces }),
});

const POOL = `routers.${WORLD_DOMAIN}`;

const dnsOf = ({ addresses }: Common): NameLookup => ({
  lookup: (name, type) =>
    name === POOL && type === 'A'
      ? { kind: 'found', records: addresses.map((address) => ({ type: 'A', address })) }
      : { kind: 'none' },
});

export const startEdge = async (
  common: Common,
  address: string,
  rows: Iterable<readonly [string, Registration]> = [],
): Promise<Edge> => {
  const { clock, wheels, flowTokenKey, isPool, edge, log } = common;
  const timers = new TimerWheel(clock);
  const sproutAddress = isPool ? POOL : address;
  const config = Object.assign(new BonoConfig(), { bonoPort: CLIENT_PORT, sproutAddress }, edge);
  const dns = dnsOf(common);
  const parts = { timers, config, flowTokenKey, rows, dns, charging: { log } };
  const bono = await startBono({ ...sharedBy(common, address), ...parts });
  wheels.add(timers);
  return {
    bono,
    async end() {
      wheels.delete(timers);
      await bono.close();
    },
  };
};

const ownPorts = ({ log, challenges, chainLinks, homestead }: Common) => ({
  log,
  challenges,
  chainLinks,
  homestead,
});

/** Of one router of several, which may end alone. */
const mortalPorts = ({ log, challenges, chainLinks, routerSigns, homestead }: Common, life: Life) => ({
  log: mortalLog(log, life),
  challenges: mortalStore(challenges, life),
  chainLinks: mortalStore(chainLinks, life),
  routerSigns: mortalStore(routerSigns, life),
  homestead: mortalHomestead(homestead, life),
});

export const startRouter = async (common: Common, address: string): Promise<Router> => {
  const { documents, settings, wheels, isPool } = common;
  const timers = new TimerWheel(common.clock);
  const life = new Life();
  wheels.add(timers);
  const sprout = await startSprout({
    ...sharedBy(common, address),
    timers,
    config: Object.assign(new SproutConfig(), { iscByName: isPool }, settings),
    ownership: common.addresses.length > 1 ? ONE_OF_SEVERAL : SOLE_OWNER,
    registrations: common.rows,
    documents,
    ...(isPool ? mortalPorts(common, life) : ownPorts(common)),
    ...(isPool ? { dialogKey: common.flowTokenKey } : {}),
  });
  return {
    sprout,
    kill() {
      life.end();
      wheels.delete(timers);
      void sprout.close();
    },
    close: () => (life.ended ? Promise.resolve() : sprout.close()),
  };
};

/** Applies one event; while the store is told not to answer it waits and tries again, as the projector of the product. */
const applyToRow = async (
  recorded: Recorded<RegistrationEvent>,
  rows: RegistrationRows,
  faults: Faults,
): Promise<void> => {
  for (;;) {
    try {
      await rows.follow(registrationsByAor.keyOf(recorded), [recorded]);
      return;
    } catch (error) {
      if (!(error instanceof StoreFault)) throw error;
      await faults.untilStored();
    }
  }
};

/** Applies the log to the rows once more, behind the handlers, as the projector of the product does. */
const followRegistrations = (
  log: EventLog,
  rows: RegistrationRows,
  faults: Faults,
  startAt: StartAt,
  onFailure: (error: unknown) => void,
) =>
  log.subscribe({
    topics: registrationsByAor.topics,
    group: registrationsByAor.name,
    startAt,
    onBatch: async (events) => {
      for (const recorded of events as readonly Recorded<RegistrationEvent>[])
        await applyToRow(recorded, rows, faults);
    },
    onFailure,
  });

/** What a process begins with: rows of the last snapshot, and what the log has told since. */
const restore = async (
  { clock, snapshot }: Pick<Ground, 'clock' | 'snapshot'>,
  log: EmbeddedLog,
  rows: EmbeddedKeyValueStore<Registration>,
): Promise<Snapshot> => {
  for (const [key, row] of snapshot?.rows ?? []) await rows.cas(key, row, undefined, SNAPSHOT_TTL_S);
  const folded = new RegistrationRows(rows, clock);
  const { head } = log;
  for await (const event of log.readAll(registrationsByAor.topics, snapshot?.position ?? 'oldest')) {
    const recorded = event as Recorded<RegistrationEvent>;
    await folded.follow(registrationsByAor.keyOf(recorded), [recorded]);
  }
  return { position: head, rows: [...rows.entries()] };
};

/** Starts a core on its ground, from what the disk has kept; `isFirst`: nothing went before it. */
export const startCore = async (
  ground: Ground,
  isFirst: boolean,
  onDefect: (error: unknown) => void,
): Promise<Core> => {
  const { clock, random, disk, faults, turns, planted } = ground;
  const life = new Life();
  const log = await createMemoryLog({
    clock,
    random,
    disk: mortalDisk(disk, life),
    // Without room ahead: a disk that is full takes no append then.
    limits: { segmentBytesMax: SEGMENT_BYTES_MAX, roomBytes: 0 },
  });
  const coreLog = mortalLog(turnedLog(planted.log?.(log, log) ?? log, turns), life);
  const kept = createMemoryKeyValueStore<Registration>({ name: 'registrations', clock });
  const snapshot = await restore(ground, log, kept);
  const store = <V>(memory: KeyValueStore<V>): KeyValueStore<V> =>
    turnedStore(faultyStore(memory, faults), turns);
  const registrations = new RegistrationRows(mortalStore(store(kept), life), clock);
  const routers = mortalStore(store(kept), life, streamOfRegistration);
  const challenges = createMemoryKeyValueStore<LiveChallenges>({ name: 'challenges', clock });
  const chainLinks = createMemoryKeyValueStore<ChainLink>({ name: 'chain links', clock });
  const wheels = new Set<TimerWheel>();
  const common: Common = {
    ...ground,
    wheels,
    log: coreLog,
    rows: new RegistrationRows(planted.rows?.(routers, isFirst) ?? routers, clock),
    challenges: mortalStore(store(challenges), life),
    chainLinks: mortalStore(store(chainLinks), life),
    routerSigns: mortalStore(createMemoryKeyValueStore<RouterSign>({ name: 'router signs', clock }), life),
    homestead: mortalHomestead(ground.homestead, life),
  };
  const nodes: WorldNode[] = [];
  const edge = (address: string): Promise<Edge> => startEdge(common, address, registrations.all());
  for (const address of ground.addresses)
    nodes.push({ address, router: await startRouter(common, address), edge: await edge(address) });
  const projection = await followRegistrations(
    log,
    registrations,
    faults,
    snapshot.position ?? 'oldest',
    onDefect,
  );
  return {
    life,
    log,
    snapshot,
    wheels,
    coreLog,
    registrations,
    nodes,
    startEdge: edge,
    async close() {
      await endNodes(nodes);
      await projection.stop();
      await log.close();
    },
    crash() {
      life.end();
      wheels.clear();
      // Its connections break; what else they would do as they end waits for ports that never answer.
      void endNodes(nodes);
      void projection.stop();
    },
  };
};

export const endNodes = (nodes: readonly WorldNode[]): Promise<unknown> =>
  Promise.all(nodes.flatMap((node) => [node.edge.end(), node.router.close()]));
