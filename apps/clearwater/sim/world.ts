// The whole core on simulated time, randomness, network and disk, with phones: what scenarios and races run in.
// The same createX functions as the product; only the ports are simulated twins.
import { BonoConfig, type BonoNode, startBono } from '#apps/bono';
import { createHomestead } from '#apps/homestead';
import { createProvisioning, type Provisioning } from '#apps/homestead-prov';
import { type LiveChallenges, SproutConfig, type SproutNode, startSprout } from '#apps/sprout';
import type { Registration } from '#libs/domain';
import { createMemoryLog, type EmbeddedLog, type RecordedEvent } from '#libs/event-log';
import { Phone, type PhoneOptions } from '#libs/phone';
import { createMetrics, createPeerCheck, silentLogger } from '#libs/runtime';
import { MemoryHub, TimerWheel } from '#libs/sip';
import { createMemoryCredentialStore, createMemoryKeyValueStore, createMemoryTableStore } from '#libs/stores';
import { createFakeClock, createSeededRandom, type FakeClock } from '#libs/testkit';
import { RegistrationRows } from '#projections/registrations-by-aor';
import { SubscriberProfiles, type SubscriberProfilesRow } from '#projections/subscriber-profiles';

export const WORLD_DOMAIN = 'ims.test';
const EDGE = { address: '10.1.0.1', port: 5060 };
const CORE_ADDRESS = '10.1.0.1';
const TICK_MS = 10;
/** Turns of the event loop that let messages, appends and promises settle. */
const SETTLE_TURNS = 12;

export type WorldOptions = Readonly<{ seed?: number; sprout?: Partial<SproutConfig> }>;

export interface World {
  readonly clock: FakeClock;
  readonly log: EmbeddedLog;
  readonly registrations: RegistrationRows;
  readonly provisioning: Provisioning;
  readonly bono: BonoNode;
  readonly sprout: SproutNode;
  /** Provisions `sip:<user>@ims.test` with password `secret`. */
  subscriber(user: string, ifcXml?: string): Promise<void>;
  /** A phone at its own address, known to nobody yet. */
  phone(user: string, options?: Partial<PhoneOptions>): Promise<Phone>;
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

const edgeConfig = (): BonoConfig =>
  Object.assign(new BonoConfig(), { bonoPort: EDGE.port, sproutAddress: CORE_ADDRESS });

/** Starts a world; everything in it follows from the seed. */
export const createWorld = async ({ seed = 1, sprout: settings = {} }: WorldOptions = {}): Promise<World> => {
  const clock = createFakeClock();
  const random = createSeededRandom(seed);
  const logger = silentLogger;
  const metrics = createMetrics();
  const hub = new MemoryHub({ clock });
  const timers = new TimerWheel(clock);
  const log = await createMemoryLog({ clock, random });
  const table = createMemoryTableStore<SubscriberProfilesRow>({ name: 'subscriber-profiles' });
  const profiles = new SubscriberProfiles({ table, readStream: (stream, from) => log.read(stream, from) });
  const credentials = createMemoryCredentialStore({ clock });
  const registrations = new RegistrationRows(
    createMemoryKeyValueStore<Registration>({ name: 'registrations', clock }),
    clock,
  );
  const provisioning = createProvisioning({
    log,
    credentials,
    profiles,
    clock,
    random,
    homeDomain: WORLD_DOMAIN,
  });
  const homestead = createHomestead({
    profiles,
    credentials,
    clock,
    scscfUri: `sip:scscf.${WORLD_DOMAIN}:5054;transport=tcp`,
  });
  const peers = createPeerCheck(['10.1.0.0/16']);
  const process = { homeDomain: WORLD_DOMAIN, bindAddress: CORE_ADDRESS, publicHost: '' };
  const shared = { process, clock, random, logger, metrics, timers, peers, hub, memoryOnly: true };
  const sprout = await startSprout({
    ...shared,
    config: Object.assign(new SproutConfig(), settings),
    log,
    registrations,
    challenges: createMemoryKeyValueStore<LiveChallenges>({ name: 'challenges', clock }),
    homestead,
  });
  const bono = await startBono({ ...shared, config: edgeConfig(), flowTokenKey: random.bytes(32) });

  let phones = 0;
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < SETTLE_TURNS; turn++) await new Promise((resolve) => setImmediate(resolve));
  };
  const advance = async (ms: number): Promise<void> => {
    for (let left = ms; left > 0; left -= TICK_MS) {
      await clock.advanceAsync(Math.min(TICK_MS, left));
      timers.advance();
      await settle();
    }
  };

  return {
    clock,
    log,
    registrations,
    provisioning,
    bono,
    sprout,
    settle,
    advance,
    subscriber: async (user, ifcXml) => {
      const impi = `${user}@${WORLD_DOMAIN}`;
      const done = provisioning.provisionSubscriber({
        impi,
        impus: [`sip:${impi}`],
        password: 'secret',
        ...(ifcXml === undefined ? {} : { ifcXml }),
      });
      await done;
    },
    phone: (user, options = {}) =>
      Phone.start({
        user,
        domain: WORLD_DOMAIN,
        password: 'secret',
        server: EDGE,
        transport: 'udp',
        address: `10.0.0.${++phones}`,
        port: 5060,
        clock,
        random,
        hub,
        ...options,
      }),
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
      const events: RecordedEvent[] = [];
      for await (const event of log.readAll(['registration', 'calls', 'charging'], 'oldest'))
        events.push(event);
      return events;
    },
    row: (aor) => registrations.load(aor),
    async close() {
      await Promise.all([bono.close(), sprout.close()]);
      await log.close();
    },
  };
};
