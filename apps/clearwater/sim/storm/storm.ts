// Some minutes of everything at once, by chance: phones come, call, hang up and vanish, datagrams are lost, repeated and
// overtaken, the edge is restarted, log, store and Homestead fail. Then it is checked that nothing that was acknowledged
// is lost, that rows are what the log says, and that nothing is left running. Everything follows from the seed.
import type { Phone } from '#libs/phone';
import type { SipMessage } from '#libs/sip';
import { StoreUnavailable } from '#libs/stores';
import { createSeededRandom, type SeededRandom } from '#libs/testkit';
import type { Planted } from '../core.js';
import type { Shared } from '../cluster/shared-core.js';
import { createWorld, type World } from '../world.js';
import { rowsDifferFromLog, whatDoesNotHold } from './checkers.js';
import { Expectations } from './expectations.js';
import { type FaultCounts, noFaults } from './fault-counts.js';
import { Notes } from './notes.js';
import { GRANTS_S, Registrations } from './registrations.js';
import { Weather } from './weather.js';

const USERS = 6;
const PHONES_PER_USER = 2;
export const STEPS = 120;
const STEP_MS_MAX = 1_500;
/** Longer than any timer of a transaction: C (RFC 3261 §16.8), then J or H. */
const AFTERWARDS_MS = 260_000;
/** Every binding has lapsed by then, and been removed: nobody is expired until one longest grant after an outage of the log. */
const LAPSED_MS = 660_000;
const CUT_OFF_MS_MAX = 20_000;
/** Of so many worlds one has two processes on a distributed log and a cluster of caches. */
export const SHARED_EVERY = 4;
const SHARED_FAULT_CHANCE = 0.7;
/** A cache that lost rows is looked at every second, and who reads the log lags no longer. */
const HEALED_MS = 10_000;

/** What did not hold, and after how many steps it was found. */
export type Violation = Readonly<{ seed: number; step: number; expected: string }>;

export type StormReport = Readonly<{
  violations: readonly Violation[];
  /** Every final answer that a caller got. */
  answers: Readonly<Record<string, number>>;
  faults: Readonly<FaultCounts>;
}>;

export type StormOptions = Readonly<{
  steps?: number;
  planted?: Planted;
  /** A disk that says that it has synced, and has not. */
  liesAboutSync?: boolean;
}>;

class Storm {
  readonly expected = new Expectations();
  readonly notes = new Notes();
  readonly phones: Phone[] = [];
  readonly registrations: Registrations;

  constructor(
    readonly world: World,
    readonly random: SeededRandom,
    readonly weather: Weather,
    readonly counts: FaultCounts,
  ) {
    const { expected, notes, phones } = this;
    this.registrations = new Registrations({ world, random, counts, expected, notes, phones });
  }

  async setUp(): Promise<void> {
    for (let user = 0; user < USERS; user++) {
      await this.world.subscriber(`user${user}`);
      for (let n = 0; n < PHONES_PER_USER; n++) {
        const transport = this.random.chance(0.3) ? 'tcp' : 'udp';
        const instance = `urn:uuid:${user}-${n}`;
        const node = this.random.integer(this.world.nodes.length);
        const phone = await this.world.phone(`user${user}`, { transport, instance }, node);
        this.#edges.set(phone, node);
        phone.onRequest = (request, reply) => this.#asked(request, reply);
        this.phones.push(phone);
        this.registrations.registers(phone);
      }
    }
    for (const guess of ['guess', ''])
      this.#strangers.push(await this.world.phone('user0', { password: guess, instance: 'urn:uuid:x' }));
    await this.world.advance(2_000);
  }

  /** One thing that happens. */
  async step(): Promise<void> {
    const { random, world } = this;
    const what = random.integer(100);
    const phone = random.pick(this.phones);
    const crashed = world.crashes.length;
    if (what < 38) this.registrations.registers(phone, random.chance(0.15));
    else if (what < 64) this.#calls(phone);
    else if (what < 71) this.#sends(phone);
    else if (what < 74) this.#hangsUp(phone);
    else if (what < 76) this.#intrudes();
    else if (what < 77) await this.#restart();
    else if (what < 79) this.#cutsOff(phone);
    else if (what < 82) await this.#crashes(phone);
    else if (what < 83) this.registrations.clears(phone);
    else if (what < 84) this.registrations.replays(phone);
    else if (what < 91) this.#fails(random.integer(8));
    else await this.#mends();
    await world.advance(random.integer(STEP_MS_MAX));
    if (world.crashes.length > crashed) await this.#crashed();
    else if (world.shared !== undefined) await this.#looks();
  }

  async mend(): Promise<void> {
    this.weather.clear();
    this.world.crashAt(undefined);
    this.world.shared?.log.calm();
    this.world.shared?.cache.calm();
    await this.#mends();
  }

  #asked(request: SipMessage, reply: (status: number) => void): void {
    const { clock } = this.world;
    const { random } = this;
    if (request.method === 'ACK') return;
    if (request.method !== 'INVITE') return reply(200);
    if (random.chance(0.8)) reply(180);
    const final = random.pick([0, 200, 200, 486, 480, 603]);
    if (final > 0) clock.after(random.integer(5_000), () => reply(final));
  }

  /** Who know a user's name, and not the password. */
  readonly #strangers: Phone[] = [];
  /** Which edge a phone is at. */
  readonly #edges = new Map<Phone, number>();

  #calls(phone: Phone): void {
    const { random, world } = this;
    const uri = `sip:user${random.integer(USERS)}@ims.test`;
    const callerIsBound = this.expected.certainlyBound(phone, world.clock.nowMs());
    const from = `<${phone.aor}>;tag=${random.token(6)}`;
    const exchange = phone.request('INVITE', uri, { from });
    if (random.chance(0.25)) world.clock.after(random.integer(4_000), () => exchange.cancel());
    const call = async (): Promise<void> => {
      const answer = await exchange.final;
      this.notes.count('INVITE', answer);
      if (callerIsBound && this.expected.certainlyBound(phone, world.clock.nowMs()))
        this.#mustNotBlame(`${phone.aor} calls ${uri}`, answer);
      if (answer === 'timeout' || answer.status >= 300) return;
      const dialog = { request: exchange.request, answer };
      phone.inDialog('ACK', dialog, 1);
      await new Promise<void>((resolve) => world.clock.after(random.integer(20_000), resolve));
      this.notes.count('BYE', await phone.inDialog('BYE', dialog, 2)!.final);
    };
    this.notes.track(call());
  }

  /** A caller that is registered, a callee that exists: whatever fails, it is not their fault. */
  #mustNotBlame(who: string, answer: SipMessage | 'timeout'): void {
    if (answer !== 'timeout' && (answer.status === 403 || answer.status === 404))
      this.notes.broken.push(`${who}: ${answer.status}`);
  }

  #sends(phone: Phone): void {
    const { final } = phone.request('MESSAGE', `sip:user${this.random.integer(USERS + 1)}@ims.test`, {
      from: `<${phone.aor}>;tag=${this.random.token(6)}`,
      body: 'x',
    });
    this.notes.track(final.then((answer) => this.notes.count('MESSAGE', answer)));
  }

  /** Whoever has not proven who they are gets nothing done. */
  #intrudes(): void {
    const { random } = this;
    const stranger = random.pick(this.#strangers);
    const from = `<${stranger.aor}>;tag=${random.token(6)}`;
    const target = `sip:user${random.integer(USERS)}@ims.test`;
    const attempts = [
      () => stranger.register({ proof: 'usual' }),
      () => stranger.request('INVITE', target, { from }).final,
      () => stranger.request('MESSAGE', target, { from, body: 'x' }).final,
    ];
    const attempt = random.pick(attempts)();
    const judge = (answer: SipMessage | 'timeout'): void => {
      this.notes.count('stranger', answer);
      if (answer !== 'timeout' && answer.status < 300)
        this.notes.broken.push(`a stranger as ${stranger.aor} must get nothing, and got ${answer.status}`);
    };
    this.notes.track(attempt.then(judge));
  }

  #cutsOff({ options: { address } }: Phone): void {
    this.weather.cutOff(address, this.world.clock.nowMs() + this.random.integer(CUT_OFF_MS_MAX));
  }

  /** A phone of each edge. */
  firstOfEachEdge(): Iterable<Phone> {
    return new Map([...this.#edges].reverse().map(([phone, node]) => [node, phone])).values();
  }

  /** The power goes: at once, or as soon as a registration has come to a certain point. */
  async #crashes(phone: Phone): Promise<void> {
    const { random, world } = this;
    const at = random.integer(4);
    if (at === 0) return world.crash();
    if (at < 3) await this.#mends();
    world.crashAt(at === 1 ? 'append-apply' : 'apply-answer');
    this.registrations.registers(phone);
  }

  /** Connections are gone with the process; what was acknowledged over datagrams is there. */
  async #crashed(): Promise<void> {
    for (const phone of this.phones) if (phone.options.transport === 'tcp') this.expected.flowLost(phone);
    await this.#looks();
  }

  /** What was acknowledged is there at any moment, for who can read the rows. */
  async #looks(): Promise<void> {
    try {
      this.notes.broken.push(...(await this.expected.broken(this.world)));
    } catch (error) {
      if (!(error instanceof StoreUnavailable) || this.world.shared === undefined) throw error;
    }
  }

  #hangsUp(phone: Phone): void {
    if (phone.options.transport === 'udp') return;
    this.counts.brokenConnection++;
    phone.hangUp();
    this.expected.flowLost(phone);
  }

  async #restart(): Promise<void> {
    const node = this.random.integer(this.world.nodes.length);
    await this.world.restartBono(node);
    for (const phone of this.phones)
      if (phone.options.transport === 'tcp' && this.#edges.get(phone) === node) this.expected.flowLost(phone);
    this.counts.edgeRestart++;
  }

  #fails(what: number): void {
    const { world, random, counts } = this;
    const { faults } = world;
    if (world.shared !== undefined && random.chance(SHARED_FAULT_CHANCE))
      return failShared(world.shared, random, counts);
    if (what === 0) {
      counts.fullDisk++;
      faults.log('full');
    } else if (what === 1) {
      counts.stuckDisk++;
      faults.log('stuck');
    } else if (what < 4) faults.log('slow');
    else if (what === 4) faults.log('failing');
    else if (what === 5) {
      counts.storeDown++;
      faults.store = true;
    } else {
      counts.homesteadDown++;
      faults.homestead = random.pick(['unavailable', 'timeout', 'slow']);
    }
  }

  /** A log that a broken disk has stopped goes on only in a new process. */
  async #mends(): Promise<void> {
    const { world } = this;
    world.faults.mend();
    world.shared?.log.mend();
    world.shared?.cache.mend();
    await world.settle();
    if (!world.log.health().ok && !world.life.ended) await world.crash();
  }
}

const failShared = ({ log, cache }: Shared, random: SeededRandom, counts: FaultCounts): void => {
  const what = random.integer(4);
  if (what === 0) cache.loseOne();
  else if (what === 1) cache.cutOneOff();
  else if (what === 2) cache.evict();
  else {
    counts.logAway++;
    log.weather.isAway = true;
  }
};

/** Plays the storm of a seed (an even one has two edges with a router each; in every fourth these are processes of their own). */
export const playStorm = async (seed: number, options: StormOptions = {}): Promise<StormReport> => {
  const { steps = STEPS, planted = {}, liesAboutSync = false } = options;
  const counts = noFaults();
  const shares = seed % SHARED_EVERY === 0;
  const weather = new Weather(counts);
  const transform = (ports: Parameters<Weather['transform']>[0]) => weather.transform(ports);
  const world = await createWorld({
    seed,
    transform,
    planted,
    sprout: { regMinExpires: GRANTS_S[0]! },
    nodes: shares || seed % 2 === 0 ? 2 : 1,
    // Some worlds as one process: what edge and router send each other meets no weather, but crashes all the same.
    joins: seed % 3 === 0,
    ...(shares ? { shares: { counts } } : {}),
  });
  const storm = new Storm(world, createSeededRandom(`storm ${seed}`), weather, counts);
  const violations: Violation[] = [];
  let step = 0;
  const note = (): void => {
    for (const expected of storm.notes.broken.splice(0)) violations.push({ seed, step, expected });
  };
  try {
    await storm.setUp();
    world.disk.liesAboutSync = liesAboutSync;
    for (; step < steps && violations.length === 0; note()) {
      step++;
      await storm.step();
    }
    await storm.mend();
    if (shares) await world.advance(HEALED_MS);
    const aors = storm.phones.map(({ aor }) => aor);
    storm.registrations.isOver = true;
    await world.until(Promise.all(storm.notes.underWay), AFTERWARDS_MS);
    await storm.registrations.worksAgain(storm.firstOfEachEdge());
    storm.notes.broken.push(...(await storm.expected.broken(world)));
    storm.notes.broken.push(...(await rowsDifferFromLog(world, aors)));
    for (let waited = 0; waited < LAPSED_MS; waited += 10_000) await world.advance(10_000);
    storm.notes.broken.push(...(await whatDoesNotHold(world, aors)));
    await world.close();
  } catch (error) {
    storm.notes.broken.push(`a world that goes on, but: ${reasonOf(error)}`);
  }
  note();
  for (const point of world.crashes) {
    counts.crash++;
    if (point === 'append-apply') counts.crashBetweenAppendAndApply++;
    if (point === 'apply-answer') counts.crashBetweenApplyAndAnswer++;
  }
  counts.failingWrite += world.faults.failedWrites;
  counts.slowDisk += world.faults.slowSyncs;
  return { violations, answers: storm.notes.answers, faults: counts };
};

const reasonOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined
    ? (error.stack ?? error.message)
    : `${error.message}: ${reasonOf(error.cause)}`;
};
