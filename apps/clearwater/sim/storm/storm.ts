// Some minutes of everything at once, by chance: phones come, call, hang up and vanish, datagrams are lost, repeated and
// overtaken, the edge is restarted, log, store and Homestead fail. Then it is checked that nothing that was acknowledged
// is lost, that rows are what the log says, and that nothing is left running. Everything follows from the seed.
import type { Phone } from '#libs/phone';
import type { SipMessage } from '#libs/sip';
import { createSeededRandom, type SeededRandom } from '#libs/testkit';
import { contactsOf, foldOf, historyOf } from '../races/race.js';
import { createWorld, type World, type WorldOptions } from '../world.js';
import { Expectations } from './expectations.js';

const USERS = 6;
const PHONES_PER_USER = 2;
const STEPS = 120;
const STEP_MS_MAX = 1_500;
const LOSS = 0.03;
const REPETITION = 0.02;
const DELAY_MS_MAX = 40;
/** Longer than any timer of a transaction: C (RFC 3261 §16.8), then J or H. */
const AFTERWARDS_MS = 260_000;
const GRANTED_S = 300;

/** Datagrams suffer; what is inside the core is a stream. */
const WEATHER: NonNullable<WorldOptions['transform']> =
  ({ random }) =>
  (message, from) => {
    if (from.reliable) return [{ message, delayMs: 0 }];
    const arrival = () => ({ message, delayMs: random.integer(DELAY_MS_MAX) });
    if (random.chance(LOSS)) return [];
    return random.chance(REPETITION) ? [arrival(), arrival()] : [arrival()];
  };

/** Every final answer that a caller got, by what was wrong with the core then. */
export type StormReport = Readonly<{
  faults: readonly string[];
  answers: Readonly<Record<string, number>>;
}>;

class Storm {
  readonly expected = new Expectations();
  readonly answers: Record<string, number> = {};
  readonly faults: string[] = [];
  readonly phones: Phone[] = [];
  readonly underWay = new Set<Promise<unknown>>();

  constructor(
    readonly world: World,
    readonly random: SeededRandom,
  ) {}

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
        this.#registers(phone, false);
      }
    }
    await this.world.advance(2_000);
  }

  /** One thing that happens. */
  async step(): Promise<void> {
    const { random, world } = this;
    const what = random.integer(100);
    const phone = random.pick(this.phones);
    if (what < 40) this.#registers(phone, random.chance(0.15));
    else if (what < 70) this.#calls(phone);
    else if (what < 78) this.#sends(phone);
    else if (what < 82) this.#hangsUp(phone);
    else if (what < 83) await this.#restart();
    else if (what < 92) this.#fails(random.integer(4));
    else this.#mends();
    await world.advance(random.integer(STEP_MS_MAX));
  }

  mend(): void {
    this.#mends();
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

  #track(work: Promise<unknown>): void {
    this.underWay.add(work);
    void work.finally(() => this.underWay.delete(work));
  }

  #registers(phone: Phone, leaves: boolean): void {
    const { expected, world } = this;
    expected.asked(phone);
    const register = async (): Promise<void> => {
      const answer = await phone.register({ expiresS: leaves ? 0 : GRANTED_S, proof: 'usual' });
      this.#count('REGISTER', answer);
      expected.answered(phone, answer, leaves ? 0 : GRANTED_S, world.clock.nowMs());
    };
    // One REGISTER of a phone at a time (RFC 3261 §10.2).
    const before = this.#registering.get(phone) ?? Promise.resolve();
    const work = before.then(register);
    this.#registering.set(phone, work);
    this.#track(work);
  }
  readonly #registering = new Map<Phone, Promise<void>>();
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
      this.#count('INVITE', answer);
      if (callerIsBound && this.expected.certainlyBound(phone, world.clock.nowMs()))
        this.#mustNotBlame(`${phone.aor} calls ${uri}`, answer);
      if (answer === 'timeout' || answer.status >= 300) return;
      const dialog = { request: exchange.request, answer };
      phone.inDialog('ACK', dialog, 1);
      await new Promise<void>((resolve) => world.clock.after(random.integer(20_000), resolve));
      this.#count('BYE', await phone.inDialog('BYE', dialog, 2)!.final);
    };
    this.#track(call());
  }

  /** A caller that is registered, a callee that exists: whatever fails, it is not their fault. */
  #mustNotBlame(who: string, answer: SipMessage | 'timeout'): void {
    if (answer !== 'timeout' && (answer.status === 403 || answer.status === 404))
      this.faults.push(`${who}: ${answer.status}`);
  }

  #sends(phone: Phone): void {
    const { final } = phone.request('MESSAGE', `sip:user${this.random.integer(USERS + 1)}@ims.test`, {
      from: `<${phone.aor}>;tag=${this.random.token(6)}`,
      body: 'x',
    });
    this.#track(final.then((answer) => this.#count('MESSAGE', answer)));
  }

  #hangsUp(phone: Phone): void {
    if (phone.options.transport === 'udp') return;
    phone.hangUp();
    this.expected.flowLost(phone);
  }

  async #restart(): Promise<void> {
    const node = this.random.integer(this.world.nodes.length);
    await this.world.restartBono(node);
    for (const phone of this.phones)
      if (phone.options.transport === 'tcp' && this.#edges.get(phone) === node) this.expected.flowLost(phone);
    this.#count('restart', 'timeout');
  }

  #fails(what: number): void {
    const { faults } = this.world;
    const { random } = this;
    if (what === 0) faults.log(random.pick(['full', 'stuck']));
    else if (what === 1) faults.store = true;
    else faults.homestead = random.pick(['unavailable', 'timeout', 'slow']);
  }

  #mends(): void {
    const { faults } = this.world;
    faults.log(undefined);
    faults.store = false;
    faults.homestead = undefined;
  }

  #count(method: string, answer: SipMessage | 'timeout'): void {
    const status = answer === 'timeout' ? 'none' : String(answer.status);
    this.answers[`${method} ${status}`] = (this.answers[`${method} ${status}`] ?? 0) + 1;
    if (status === '503')
      this.faults.push(`${method} was answered 503: that sends a client away from the node`);
  }
}

const rowsThatDiffer = async (world: World, phones: readonly Phone[]): Promise<string[]> => {
  const differ: string[] = [];
  for (const aor of new Set(phones.map((phone) => phone.aor))) {
    const [row, fold] = [contactsOf(await world.row(aor)), contactsOf(foldOf(await historyOf(world, aor)))];
    if (row !== fold) differ.push(`the row of ${aor} is\n${row}\nand its log says\n${fold}`);
  }
  return differ;
};

const FINAL: ReadonlySet<string> = new Set(['CallAnswered', 'CallFailed', 'RequestRefused']);

/** A call is answered, fails or is refused once. */
const toldTwice = async (world: World): Promise<string[]> => {
  const finals = new Map<string, string[]>();
  for (const { stream, event } of await world.events())
    if (FINAL.has(event.type)) finals.set(stream, [...(finals.get(stream) ?? []), event.type]);
  return [...finals].flatMap(([stream, types]) =>
    types.length > 1 ? [`${stream}: ${types.join(', ')}`] : [],
  );
};

const leftRunning = ({ nodes }: World): string[] =>
  nodes
    .flatMap(({ edge: { bono }, sprout }) => [bono, sprout])
    .flatMap(({ endpoint: { name, transactionCount } }) =>
      transactionCount === 0 ? [] : [`${transactionCount} transactions are left at ${name}`],
    );

/** Plays the storm of a seed (an even one has two edges with a router each); `faults` tells what did not hold. */
export const playStorm = async (seed: number): Promise<StormReport> => {
  const world = await createWorld({ seed, transform: WEATHER, nodes: seed % 2 === 0 ? 2 : 1 });
  const storm = new Storm(world, createSeededRandom(`storm ${seed}`));
  await storm.setUp();
  for (let step = 0; step < STEPS; step++) await storm.step();
  storm.mend();
  await world.until(Promise.all(storm.underWay), AFTERWARDS_MS);
  const lost = await storm.expected.broken(world);
  for (let waited = 0; waited < AFTERWARDS_MS; waited += 10_000) await world.leap(10_000);
  const differ = await rowsThatDiffer(world, storm.phones);
  const faults = [...storm.faults, ...lost, ...differ, ...(await toldTwice(world)), ...leftRunning(world)];
  await world.close();
  return { faults: faults.map((fault) => `seed ${seed}: ${fault}`), answers: storm.answers };
};
