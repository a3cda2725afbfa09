// The whole core on simulated time, randomness, network and disk, with phones: what scenarios and races run in.
// The same createX functions as the product; only the ports are simulated twins.
import { BonoConfig, type BonoNode, startBono } from '#apps/bono';
import { createHomestead } from '#apps/homestead';
import { createProvisioning, type NewSubscriber, type Provisioning } from '#apps/homestead-prov';
import { CALL_SPOOL_MS, type LiveChallenges, SproutConfig, type SproutNode, startSprout } from '#apps/sprout';
import type { Recorded } from '#libs/decider';
import type { Registration, RegistrationEvent } from '#libs/domain';
import {
  createMemoryLog,
  type EmbeddedLog,
  type EventLog,
  MemoryDisk,
  type RecordedEvent,
} from '#libs/event-log';
import type { Homestead } from '#libs/homestead-client';
import { Phone, type PhoneOptions } from '#libs/phone';
import { createMetrics, createPeerCheck, silentLogger } from '#libs/runtime';
import { MemoryHub, TimerWheel, type Transform } from '#libs/sip';
import {
  createMemoryCredentialStore,
  createMemoryKeyValueStore,
  createMemoryTableStore,
  type KeyValueStore,
} from '#libs/stores';
import { createFakeClock, createSeededRandom, type FakeClock, type SeededRandom } from '#libs/testkit';
import { RegistrationRows, registrationsByAor } from '#projections/registrations-by-aor';
import { SubscriberProfiles, type SubscriberProfilesRow } from '#projections/subscriber-profiles';
import { Faults, faultyHomestead, faultyStore, StoreFault } from './faults.js';
import { turnedLog, turnedStore } from './turned-ports.js';
import { Turns } from './turns.js';

export const WORLD_DOMAIN = 'ims.test';
const CLIENT_PORT = 5060;
const TICK_MS = 10;
/** Turns of the event loop that let messages, appends and promises settle. */
const SETTLE_TURNS = 12;

export type WorldOptions = Readonly<{
  seed?: number;
  sprout?: Partial<SproutConfig>;
  /** Edges with a router each, over one log, one store and one Homestead. */
  nodes?: 1 | 2;
  /** What becomes of messages on the way: delay, loss, repetition. */
  transform?: (world: { clock: FakeClock; random: SeededRandom }) => Transform;
}>;

/** A running edge, and how to end it as a process ends. */
type Edge = { bono: BonoNode; end(): Promise<void> };

/** One edge and its router. */
export type WorldNode = { readonly address: string; readonly sprout: SproutNode; edge: Edge };

export interface World {
  readonly clock: FakeClock;
  readonly random: SeededRandom;
  readonly log: EmbeddedLog;
  /** The log as the core sees it: its appends may have to wait for their turn. */
  readonly coreLog: EventLog;
  readonly registrations: RegistrationRows;
  readonly homestead: Homestead;
  readonly provisioning: Provisioning;
  readonly nodes: readonly WorldNode[];
  readonly bono: BonoNode;
  readonly sprout: SproutNode;
  readonly faults: Faults;
  /** Who goes on next at the log and the store. */
  readonly turns: Turns;
  readonly hub: MemoryHub;
  /** Provisions `sip:<user>@ims.test` with password `secret`. */
  subscriber(user: string, ifcXml?: string, more?: Partial<NewSubscriber>): Promise<void>;
  /** A phone at its own address, known to nobody yet; of edge `node`. */
  phone(user: string, options?: Partial<PhoneOptions>, node?: number): Promise<Phone>;
  /** Ends an edge and starts it anew, with what the registration view knows. */
  restartBono(node?: number): Promise<void>;
  /** Lets everything under way come to rest without time passing. */
  settle(): Promise<void>;
  /** Moves time on, timers and messages with it. */
  advance(ms: number): Promise<void>;
  /** The same in one step a timer: for long waits in which nothing is on its way. */
  leap(ms: number): Promise<void>;
  /** Waits for a promise while time passes, at most `ms`. */
  until<T>(promise: Promise<T>, ms?: number): Promise<T>;
  events(): Promise<readonly RecordedEvent[]>;
  row(aor: string): Promise<Registration>;
  close(): Promise<void>;
}

/** What every node of the world shares. */
type Common = Readonly<{
  clock: FakeClock;
  random: SeededRandom;
  hub: MemoryHub;
  /** Of the nodes that run: one that ended has no timers any more. */
  wheels: Set<TimerWheel>;
  settings: Partial<SproutConfig>;
  log: EventLog;
  registrations: RegistrationRows;
  challenges: KeyValueStore<LiveChallenges>;
  homestead: Homestead;
  flowTokenKey: Buffer;
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
});

const startEdge = async (
  common: Common,
  address: string,
  rows: Iterable<readonly [string, Registration]> = [],
): Promise<Edge> => {
  const { clock, wheels, flowTokenKey } = common;
  const timers = new TimerWheel(clock);
  const config = Object.assign(new BonoConfig(), { bonoPort: CLIENT_PORT, sproutAddress: address });
  const bono = await startBono({ ...sharedBy(common, address), timers, config, flowTokenKey, rows });
  wheels.add(timers);
  return {
    bono,
    async end() {
      wheels.delete(timers);
      await bono.close();
    },
  };
};

const startNode = async (common: Common, address: string): Promise<WorldNode> => {
  const { log, registrations, challenges, homestead, settings } = common;
  const timers = new TimerWheel(common.clock);
  common.wheels.add(timers);
  const sprout = await startSprout({
    ...sharedBy(common, address),
    timers,
    config: Object.assign(new SproutConfig(), settings),
    log,
    registrations,
    challenges,
    homestead,
  });
  return { address, sprout, edge: await startEdge(common, address) };
};

/** Applies one event; while the store is told not to answer it waits and tries again, as the projector of the product. */
const applyToRow = async (
  recorded: Recorded<RegistrationEvent>,
  rows: RegistrationRows,
  faults: Faults,
): Promise<void> => {
  for (;;) {
    try {
      await rows.apply(registrationsByAor.keyOf(recorded), [recorded]);
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
  onFailure: (error: unknown) => void,
) =>
  log.subscribe({
    topics: registrationsByAor.topics,
    group: registrationsByAor.name,
    startAt: 'oldest',
    onBatch: async (events) => {
      for (const recorded of events as readonly Recorded<RegistrationEvent>[])
        await applyToRow(recorded, rows, faults);
    },
    onFailure,
  });

/** Starts a world; everything in it follows from the seed. */
export const createWorld = async (options: WorldOptions = {}): Promise<World> => {
  const { seed = 1, sprout: settings = {}, nodes: nodeCount = 1, transform } = options;
  const clock = createFakeClock();
  const random = createSeededRandom(seed);
  const hub = new MemoryHub({
    clock,
    ...(transform === undefined ? {} : { transform: transform({ clock, random: random.fork('network') }) }),
  });
  const wheels = new Set<TimerWheel>();
  const disk = new MemoryDisk();
  const faults = new Faults(disk);
  const turns = new Turns();
  const log = await createMemoryLog({ clock, random, disk });
  const table = createMemoryTableStore<SubscriberProfilesRow>({ name: 'subscriber-profiles' });
  const profiles = new SubscriberProfiles({ table, readStream: (stream, from) => log.read(stream, from) });
  const credentials = createMemoryCredentialStore({ clock });
  const coreStore = <V>(name: string): KeyValueStore<V> =>
    turnedStore(faultyStore(createMemoryKeyValueStore<V>({ name, clock }), faults), turns);
  const registrations = new RegistrationRows(coreStore<Registration>('registrations'), clock);
  const provisioning = createProvisioning({
    log,
    credentials,
    profiles,
    clock,
    random,
    homeDomain: WORLD_DOMAIN,
  });
  const scscfUri = `sip:scscf.${WORLD_DOMAIN}:5054;transport=tcp`;
  const homestead = faultyHomestead(createHomestead({ profiles, credentials, clock, scscfUri }), faults);
  const coreLog = turnedLog(log, turns);
  const common: Common = {
    clock,
    random,
    hub,
    wheels,
    settings,
    log: coreLog,
    registrations,
    challenges: coreStore<LiveChallenges>('challenges'),
    homestead,
    flowTokenKey: random.bytes(32),
  };
  const nodes: WorldNode[] = [];
  for (let n = 1; n <= nodeCount; n++) nodes.push(await startNode(common, `10.1.0.${n}`));
  const defects: unknown[] = [];
  const projection = await followRegistrations(
    log,
    registrations,
    faults,
    (error) => void defects.push(error),
  );

  const phones: Phone[] = [];
  let addresses = 0;
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < SETTLE_TURNS; turn++) await new Promise((resolve) => setImmediate(resolve));
    failOn(defects);
  };
  const advance = async (ms: number): Promise<void> => {
    for (let left = ms; left > 0; left -= TICK_MS) {
      await clock.advanceAsync(Math.min(TICK_MS, left));
      for (const wheel of wheels) wheel.advance();
      await settle();
    }
  };

  return {
    clock,
    random,
    log,
    coreLog,
    registrations,
    homestead,
    provisioning,
    nodes,
    get bono() {
      return nodes[0]!.edge.bono;
    },
    sprout: nodes[0]!.sprout,
    faults,
    turns,
    hub,
    settle,
    advance,
    async leap(ms) {
      await clock.advanceAsync(ms);
      for (const wheel of wheels) wheel.advance();
      await settle();
    },
    subscriber: async (user, ifcXml, more = {}) => {
      const impi = `${user}@${WORLD_DOMAIN}`;
      const done = provisioning.provisionSubscriber({
        impi,
        impus: [`sip:${impi}`],
        password: 'secret',
        ...(ifcXml === undefined ? {} : { ifcXml }),
        ...more,
      });
      await done;
    },
    phone: async (user, phoneOptions = {}, node = 0) => {
      const phone = await Phone.start({
        user,
        domain: WORLD_DOMAIN,
        password: 'secret',
        server: { address: nodes[node]!.address, port: CLIENT_PORT },
        transport: 'udp',
        address: phoneAddress(++addresses),
        port: 5060,
        clock,
        random,
        hub,
        ...phoneOptions,
      });
      phones.push(phone);
      return phone;
    },
    async restartBono(at = 0) {
      const node = nodes[at]!;
      await node.edge.end();
      node.edge = await startEdge(common, node.address, registrations.all());
    },
    async until(promise, ms = 40_000) {
      let settled = false;
      const mark = (): void => void (settled = true);
      promise.then(mark, mark);
      await settle();
      for (let waited = 0; !settled && waited < ms; waited += TICK_MS) await advance(TICK_MS);
      if (!settled) throw new Error(`nothing came of it within ${ms} ms`);
      return promise;
    },
    async events() {
      // Facts about calls wait a moment before they are appended.
      await advance(CALL_SPOOL_MS + TICK_MS);
      const events: RecordedEvent[] = [];
      for await (const event of log.readAll(['registration', 'calls', 'charging'], 'oldest'))
        events.push(event);
      return events;
    },
    row: (aor) => registrations.load(aor),
    async close() {
      turns.release();
      faults.store = false;
      await Promise.all(phones.map((phone) => phone.close()));
      await Promise.all(nodes.flatMap(({ edge, sprout }) => [edge.end(), sprout.close()]));
      await projection.stop();
      await log.close();
      failOn(defects);
    },
  };
};

/** A view that cannot be folded is a defect of what the core wrote: whoever runs the world learns of it, once. */
const failOn = (defects: unknown[]): void => {
  for (const cause of defects.splice(0)) throw new Error('the registration view stopped', { cause });
};

/** 10.0.0.1, 10.0.0.2, …: one a phone. */
const phoneAddress = (n: number): string => `10.0.${n >> 8}.${n & 255}`;
