// The whole core on simulated time, randomness, network and disk, with phones: what scenarios and races run in.
// The same createX functions as the product; only the ports are simulated twins.
import type { BonoConfig, BonoNode } from '#apps/bono';
import { createHomestead } from '#apps/homestead';
import { createProvisioning, type NewSubscriber, type Provisioning } from '#apps/homestead-prov';
import type { SproutConfig, SproutNode } from '#apps/sprout';
import type { Registration } from '#libs/domain';
import { CALL_SPOOL_MS, type EventLog, MemoryDisk, type RecordedEvent } from '#libs/event-log';
import type { Homestead } from '#libs/homestead-client';
import { Phone, type PhoneOptions } from '#libs/phone';
import type { Traces } from '#libs/runtime';
import { MemoryHub, type Transform } from '#libs/sip';
import { createMemoryCredentialStore, createMemoryTableStore } from '#libs/stores';
import { createFakeClock, createSeededRandom, type FakeClock, type SeededRandom } from '#libs/testkit';
import { type DocumentRow, DocumentsByUser } from '#projections/documents-by-user';
import type { RegistrationRows } from '#projections/registrations-by-aor';
import { SubscriberProfiles, type SubscriberProfilesRow } from '#projections/subscriber-profiles';
import {
  CLIENT_PORT,
  type Core,
  type Ground,
  type Planted,
  startCore,
  WORLD_DOMAIN,
  type WorldLog,
  type WorldNode,
} from './core.js';
import { newShared, type Shared, startSharedCore } from './cluster/shared-core.js';
import { Faults, faultyHomestead } from './faults.js';
import type { CrashPoint, Life } from './life.js';
import type { FaultCounts } from './storm/fault-counts.js';
import { Turns } from './turns.js';
import { type WriteDocument, writeDocumentOn } from './write-document.js';

export { WORLD_DOMAIN, type WorldNode } from './core.js';

/** How often it is looked whether what is waited for has come: time in which nothing happens costs nothing. */
const LOOK_MS = 10;
/** A view that several processes share may have to be rebuilt first. */
const START_MS_MAX = 120_000;
/** Something that sets itself off again at once would never let time pass: a defect, not a wait. */
const STEPS_AT_ONCE_MAX = 100_000;

export type WorldOptions = Readonly<{
  seed?: number;
  sprout?: Partial<SproutConfig>;
  bono?: Partial<BonoConfig>;
  /** Edges with a router each, over one log, one store and one Homestead. */
  nodes?: 1 | 2;
  /** Each edge uses all routers, by one name. Default: its own. */
  isPool?: boolean;
  /** What becomes of messages on the way: delay, loss, repetition. */
  transform?: (world: { clock: FakeClock; random: SeededRandom }) => Transform;
  /** Edges and routers exchange messages directly, as in one process. Default: where there is no transform. */
  joins?: boolean;
  planted?: Planted;
  /** Who is told of calls. */
  traces?: Traces;
  /** Each node is a process of its own, on a distributed log and a cluster of caches; `counts`: what goes wrong there. */
  shares?: Readonly<{ counts: FaultCounts }>;
}>;

export interface World {
  readonly clock: FakeClock;
  readonly random: SeededRandom;
  readonly log: WorldLog;
  /** The log as the core sees it: its appends may have to wait for their turn. */
  readonly coreLog: EventLog;
  readonly registrations: RegistrationRows;
  readonly homestead: Homestead;
  readonly provisioning: Provisioning;
  /** Writes a user's simservs. */
  readonly writeDocument: WriteDocument;
  readonly nodes: readonly WorldNode[];
  readonly bono: BonoNode;
  readonly sprout: SproutNode;
  readonly faults: Faults;
  /** Who goes on next at the log and the store. */
  readonly turns: Turns;
  readonly hub: MemoryHub;
  readonly disk: MemoryDisk;
  /** Provisions `sip:<user>@ims.test` with password `secret`. */
  subscriber(user: string, ifcXml?: string, more?: Partial<NewSubscriber>): Promise<void>;
  /** A phone at its own address, known to nobody yet; of edge `node`. */
  phone(user: string, options?: Partial<PhoneOptions>, node?: number): Promise<Phone>;
  /** Ends an edge and starts it anew, with what the registration view knows. */
  restartBono(node?: number): Promise<void>;
  /** Of what runs now; of the first of several processes. */
  readonly life: Life;
  /** What several processes share, where they do. */
  readonly shared: Shared | undefined;
  /** The next registration that comes to this point ends the process there. */
  crashAt(point: CrashPoint | undefined): void;
  /** Where each crash fell. */
  readonly crashes: readonly (CrashPoint | 'anywhere')[];
  /** Cuts the power of all nodes of a process and starts them anew, from what outlives it: the disk, or what several share. */
  crash(): Promise<void>;
  /** Lets everything under way come to rest without time passing. */
  settle(): Promise<void>;
  /** Moves time on, timers and messages with it. */
  advance(ms: number): Promise<void>;
  /** Waits for a promise while time passes, at most `ms`. */
  until<T>(promise: Promise<T>, ms?: number): Promise<T>;
  events(): Promise<readonly RecordedEvent[]>;
  row(aor: string): Promise<Registration>;
  close(): Promise<void>;
}

/** Starts a world; everything in it follows from the seed. */
export const createWorld = async (options: WorldOptions = {}): Promise<World> => {
  const { seed = 1, sprout: settings = {}, nodes: nodeCount = 1, transform, joins, planted = {} } = options;
  const { isPool = false, bono: edge = {} } = options;
  const clock = createFakeClock();
  const startMs = clock.nowMs();
  const random = createSeededRandom(seed);
  const hub = new MemoryHub({
    clock,
    ...(transform === undefined ? {} : { transform: transform({ clock, random: random.fork('network') }) }),
    ...(joins === undefined ? {} : { joins }),
  });
  const disk = new MemoryDisk();
  const faults = new Faults(disk, clock);
  const turns = new Turns();
  /** One process of all nodes, or one a node. */
  const cores: Core[] = [];
  /** What is provisioned goes to the log of whichever core runs. */
  const now = (): Core => cores[0]!;
  const log: EventLog = {
    append: (...asked) => now().log.append(...asked),
    read: (...asked) => now().log.read(...asked),
    readAll: (...asked) => now().log.readAll(...asked),
    subscribe: (asked) => now().log.subscribe(asked),
    close: () => now().log.close(),
  };
  const table = createMemoryTableStore<SubscriberProfilesRow>({ name: 'subscriber-profiles' });
  const profiles = new SubscriberProfiles({ table, readStream: (stream, from) => log.read(stream, from) });
  const credentials = createMemoryCredentialStore({ clock });
  const provisioning = createProvisioning({
    log,
    credentials,
    profiles,
    clock,
    random,
    homeDomain: WORLD_DOMAIN,
    credentialKeptMs: 7 * 86_400_000,
  });
  const scscfUri = `sip:scscf.${WORLD_DOMAIN}:5054;transport=tcp`;
  const homestead = faultyHomestead(
    createHomestead({ profiles, credentials, clock, random, scscfUri }),
    faults,
  );
  const documents = new DocumentsByUser({
    table: createMemoryTableStore<DocumentRow>({ name: 'documents-by-user' }),
    readStream: (stream, from) => log.read(stream, from),
  });
  const writeDocument = writeDocumentOn({ log, documents, clock });
  const ground: Ground = {
    clock,
    random,
    hub,
    disk,
    faults,
    turns,
    settings,
    edge,
    homestead,
    documents,
    flowTokenKey: random.bytes(32),
    planted,
    addresses: Array.from({ length: nodeCount }, (_, n) => `10.1.0.${n + 1}`),
    isPool,
    traces: options.traces,
  };
  const defects: unknown[] = [];
  const onDefect = (error: unknown): void => void defects.push(error);
  const shared = options.shares === undefined ? undefined : newShared(ground, options.shares.counts);
  const crashes: (CrashPoint | 'anywhere')[] = [];

  const phones: Phone[] = [];
  let addresses = 0;
  const settle = async (): Promise<void> => {
    // One turn of the event loop: nothing in the world waits for anything but its clock, so promises and ticks run out in it.
    do await new Promise((resolve) => setImmediate(resolve));
    while (hub.waiting > 0);
    if (defects.length > 0) failOn(defects);
  };
  const restart = async (at: number): Promise<void> => {
    const { life, snapshot } = cores[at]!;
    restarting.add(at);
    crashes.push(life.struckAt ?? 'anywhere');
    cores[at]!.crash();
    if (shared === undefined) disk.powerOff();
    faults.mend();
    shared?.cache.mend();
    shared?.log.mend();
    await settle();
    if (shared === undefined) {
      disk.crash(random);
      cores[at] = await startCore({ ...ground, snapshot }, false, onDefect);
    } else
      cores[at] = await until(
        startSharedCore(ground, shared, ground.addresses[at]!, false, onDefect),
        START_MS_MAX,
      );
    restarting.delete(at);
  };
  const crash = (): Promise<void> => restart(cores.length === 1 ? 0 : random.integer(cores.length));
  const restarting = new Set<number>();
  /** The next moment at which anything happens by itself. */
  const nextMs = (): number => {
    let next = clock.nextDueMs ?? Infinity;
    for (const { wheels } of cores)
      for (const wheel of wheels) {
        const deadlineMs = wheel.nextDeadlineMs();
        if (deadlineMs !== undefined) next = Math.min(next, startMs + deadlineMs);
      }
    return next;
  };
  const advance = async (ms: number): Promise<void> => {
    const untilMs = clock.nowMs() + ms;
    await settle();
    for (let atMs = nextMs(), atOnce = 0; atMs <= untilMs; atMs = nextMs()) {
      atOnce = atMs <= clock.nowMs() ? atOnce + 1 : 0;
      if (atOnce > STEPS_AT_ONCE_MAX) throw new Error('timers set each other off without end');
      if (!clock.step(atMs)) {
        clock.advance(Math.max(0, atMs - clock.nowMs()));
        for (const { wheels } of cores) for (const wheel of wheels) wheel.advance();
      }
      await settle();
      for (const [at, { life }] of cores.entries()) if (life.ended && !restarting.has(at)) await restart(at);
    }
    clock.advance(Math.max(0, untilMs - clock.nowMs()));
  };
  const until = async <T>(promise: Promise<T>, ms = 40_000): Promise<T> => {
    let settled = false;
    const mark = (): void => void (settled = true);
    promise.then(mark, mark);
    await settle();
    for (let waited = 0; !settled && waited < ms; waited += LOOK_MS) await advance(LOOK_MS);
    if (!settled) throw new Error(`nothing came of it within ${ms} ms`);
    return promise;
  };
  if (shared === undefined) cores.push(await startCore(ground, true, onDefect));
  else
    for (const address of ground.addresses)
      cores.push(await until(startSharedCore(ground, shared, address, true, onDefect), START_MS_MAX));
  const nodes = (): readonly WorldNode[] => cores.flatMap((core) => core.nodes);

  return {
    clock,
    random,
    get log() {
      return now().log;
    },
    get coreLog() {
      return now().coreLog;
    },
    get registrations() {
      return shared?.rows ?? now().registrations;
    },
    homestead,
    provisioning,
    writeDocument,
    get nodes() {
      return nodes();
    },
    get bono() {
      return now().nodes[0]!.edge.bono;
    },
    get sprout() {
      return now().nodes[0]!.router.sprout;
    },
    get life() {
      return now().life;
    },
    shared,
    crashAt(point) {
      for (const { life } of cores) life.crashAt = point;
    },
    crashes,
    crash,
    faults,
    turns,
    hub,
    disk,
    settle,
    advance,
    subscriber: async (user, ifcXml, more = {}) => {
      const impi = `${user}@${WORLD_DOMAIN}`;
      const done = provisioning.provisionSubscriber({
        impi,
        impus: [`sip:${impi}`],
        ...(more.aka === undefined ? { password: 'secret' } : {}),
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
        server: { address: nodes()[node]!.address, port: CLIENT_PORT },
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
      const node = nodes()[at]!;
      await node.edge.end();
      node.edge = await cores.find((core) => core.nodes.includes(node))!.startEdge(node.address);
    },
    until,
    async events() {
      // Facts about calls wait a moment before they are appended.
      await advance(CALL_SPOOL_MS + LOOK_MS);
      const events: RecordedEvent[] = [];
      for await (const event of now().log.readAll(['registration', 'calls', 'charging'], 'oldest'))
        events.push(event);
      return events;
    },
    row: (aor) => (shared?.rows ?? now().registrations).load(aor),
    async close() {
      turns.release();
      faults.store = false;
      await Promise.all(phones.map((phone) => phone.close()));
      await until(Promise.all(cores.map((core) => core.close())));
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
