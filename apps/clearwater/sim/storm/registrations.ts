// The registrations of a storm: phones come, refresh, leave, clear all that is bound for their user, and try what they may not. Each
// answer is judged as it comes.
import type { Phone } from '#libs/phone';
import type { SipMessage } from '#libs/sip';
import { StoreUnavailable } from '#libs/stores';
import type { SeededRandom } from '#libs/testkit';
import type { World } from '../world.js';
import type { Expectations } from './expectations.js';
import type { FaultCounts } from './fault-counts.js';
import { type Notes, statusOf } from './notes.js';

/** Grants, so that some lapse in every storm. */
export const GRANTS_S = [10, 60, 300];
/** A refresh is sent this close to its binding's end, before or after. */
const AROUND_EXPIRY_MS = 20;
const REFRESH_AT_EXPIRY_CHANCE = 0.3;
const CLEARED_WHILE_REGISTERING_CHANCE = 0.7;
/** Longer than any timer of a transaction. */
const ANSWERED_MS_MAX = 260_000;

export type RegistrationsOptions = Readonly<{
  world: World;
  random: SeededRandom;
  counts: FaultCounts;
  expected: Expectations;
  notes: Notes;
  phones: readonly Phone[];
}>;

type Challenged = Readonly<{ by: SipMessage; count: number }>;

export class Registrations {
  /** No more new requests. */
  isOver = false;
  readonly #underWay = new Map<Phone, Promise<void>>();
  /** The challenge that a phone's last accepted REGISTER answered, and with which count. */
  readonly #accepted = new Map<Phone, Challenged>();

  constructor(private readonly storm: RegistrationsOptions) {}

  registers(phone: Phone, leaves = false): void {
    const { expected, random, world, notes } = this.storm;
    expected.asked(phone);
    this.#inTurn(phone, async () => {
      // Again: the answer to the REGISTER before it may have come since.
      const asks = expected.asked(phone);
      const expiresS = leaves ? 0 : random.pick(GRANTS_S);
      // The grant counts from the registrar's clock, at the earliest from now.
      const sentMs = world.clock.nowMs();
      const answer = await phone.register({ expiresS, proof: 'usual' });
      notes.count('REGISTER', answer);
      this.#judge(phone, answer);
      expected.answered(phone, asks, answer, expiresS, sentMs);
      this.#judgeRow(phone);
      if (statusOf(answer) === 200 && expiresS === GRANTS_S[0])
        this.#refreshesAtExpiry(phone, expiresS * 1000);
    });
  }

  /** `*`: all that is bound for the user, whoever bound it (RFC 3261 §10.2.2); often while another device registers. */
  clears(phone: Phone): void {
    const { expected, notes, phones, counts, random } = this.storm;
    const concerned = phones.filter(({ aor }) => aor === phone.aor);
    const other = random.chance(CLEARED_WHILE_REGISTERING_CHANCE)
      ? concerned.find((device) => device !== phone)
      : undefined;
    if (other !== undefined && random.chance(0.5)) this.registers(other);
    this.#inTurn(phone, async () => {
      const quiet = new Set(concerned.filter((device) => device === phone || !this.#underWay.has(device)));
      const clearing = expected.clearing(phone.aor, concerned, quiet);
      const answer = await phone.register({ contact: '*', expiresS: 0, proof: 'usual' });
      notes.count('REGISTER *', answer);
      this.#judge(phone, answer);
      expected.cleared(phone.aor, clearing, statusOf(answer) === 200);
    });
    if (other === undefined) return;
    counts.clearingMeetsRegister++;
    this.registers(other);
  }

  /** The same nonce count once more is no proof (RFC 7616 §3.4). */
  replays(phone: Phone): void {
    const { notes, counts } = this.storm;
    this.#inTurn(phone, async () => {
      const accepted = this.#accepted.get(phone);
      if (accepted === undefined || phone.challenged?.by !== accepted.by) return;
      counts.replay++;
      const answer = await phone.register({ contact: '', proof: 'reuse', nc: accepted.count });
      notes.count('replay', answer);
      if (statusOf(answer) === 200)
        notes.broken.push(`${phone.aor} was let in with a nonce count used before`);
    });
  }

  /** Nothing is broken any more: each node serves again, and learns that its log does. */
  async worksAgain(phones: Iterable<Phone>): Promise<void> {
    const { expected, notes, world } = this.storm;
    this.isOver = true;
    for (const phone of phones) {
      const asks = expected.asked(phone);
      const answer = await world.until(phone.register({ expiresS: 300, proof: 'usual' }), ANSWERED_MS_MAX);
      expected.answered(phone, asks, answer, 300, world.clock.nowMs());
      if (statusOf(answer) !== 200)
        notes.broken.push(`${phone.aor} must be served again, and got ${statusOf(answer) || 'nothing'}`);
    }
  }

  /** One REGISTER of a phone at a time (RFC 3261 §10.2). */
  #inTurn(phone: Phone, register: () => Promise<void>): void {
    const before = this.#underWay.get(phone) ?? Promise.resolve();
    const work = before.then(register).finally(() => {
      if (this.#underWay.get(phone) === work) this.#underWay.delete(phone);
    });
    this.#underWay.set(phone, work);
    this.storm.notes.track(work);
  }

  /** Who knows the password, and is a subscriber, is never told otherwise. */
  #judge(phone: Phone, answer: SipMessage | 'timeout'): void {
    const status = statusOf(answer);
    if (status === 403 || status === 404)
      this.storm.notes.broken.push(`${phone.aor} registers with its password: ${status}`);
    const { challenged } = phone;
    if (status === 200 && challenged !== undefined) this.#accepted.set(phone, { ...challenged });
  }

  /** What a 200 OK tells is there for everybody from then on. Not waited for: the read ends with the life that it began in. */
  #judgeRow(phone: Phone): void {
    const { expected, notes, world } = this.storm;
    const read = expected.brokenFor(phone, world);
    read.then(
      (broken) => void notes.broken.push(...broken),
      (error: unknown) => {
        if (!(error instanceof StoreUnavailable)) throw error;
      },
    );
  }

  /** The refresh meets the expiry of what it refreshes. */
  #refreshesAtExpiry(phone: Phone, inMs: number): void {
    const { random, world, counts } = this.storm;
    if (!random.chance(REFRESH_AT_EXPIRY_CHANCE)) return;
    const { cseq } = phone;
    world.clock.after(inMs - AROUND_EXPIRY_MS + random.integer(2 * AROUND_EXPIRY_MS), () => {
      if (phone.cseq !== cseq || this.isOver) return;
      counts.expiryMeetsRefresh++;
      this.registers(phone);
    });
  }
}
