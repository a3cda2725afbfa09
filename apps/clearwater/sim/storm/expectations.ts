// What the registrar has acknowledged to each phone of a storm, and what it may therefore not have lost: the model that the
// world is checked against. Where an answer did not arrive, either outcome is right.
import { liveBindings } from '#libs/domain';
import type { Phone } from '#libs/phone';
import type { SipMessage } from '#libs/sip';
import type { World } from '../world.js';

type Known =
  | Readonly<{ state: 'bound'; callId: string; cseq: number; untilMs: number }>
  | Readonly<{ state: 'unbound' }>
  /** An answer is missing, or the flow broke and a call may have found that out. */
  | Readonly<{ state: 'either' }>;

/** A REGISTER of its own is on its way: it may come before or after. */
const OVERLAPPED = -1;

/** Phones that are to be unbound, and the number of that question. */
export type Clearing = readonly (readonly [phone: Phone, asks: number])[];

const EITHER: Known = { state: 'either' };

export class Expectations {
  readonly #known = new Map<Phone, Known>();
  /** How often something was asked of a phone's binding: an answer to what is not the last says nothing. */
  readonly #asks = new Map<Phone, number>();
  /** Clearings under way, by address of record. */
  readonly #clearings = new Map<string, number>();
  /** Phones whose flow broke after they had asked: what is bound then is bound to the dead flow. */
  readonly #lostSince = new Set<Phone>();

  /** A REGISTER is on its way: until its answer nothing is certain. The number is for `answered`. */
  asked(phone: Phone): number {
    const asks = (this.#asks.get(phone) ?? 0) + 1;
    this.#known.set(phone, EITHER);
    this.#asks.set(phone, asks);
    this.#lostSince.delete(phone);
    return asks;
  }

  /** `grantedS`: 0 for a removal. Says nothing when something else was asked of the binding meanwhile. */
  answered(
    phone: Phone,
    asks: number,
    answer: SipMessage | 'timeout',
    grantedS: number,
    sentMs: number,
  ): void {
    if (answer === 'timeout' || answer.status !== 200 || this.#lostSince.has(phone)) return;
    if (this.#asks.get(phone) !== asks || (this.#clearings.get(phone.aor) ?? 0) > 0) return;
    const { callId, cseq } = phone;
    this.#known.set(
      phone,
      grantedS > 0
        ? { state: 'bound', callId, cseq, untilMs: sentMs + grantedS * 1000 }
        : { state: 'unbound' },
    );
  }

  /** The phone's flow is gone; whoever calls finds out and its binding goes. */
  flowLost(phone: Phone): void {
    this.#lostSince.add(phone);
    if (this.#known.get(phone)?.state === 'bound') this.#known.set(phone, EITHER);
  }

  certainlyBound(phone: Phone, nowMs: number): boolean {
    const known = this.#known.get(phone);
    return known?.state === 'bound' && known.untilMs > nowMs;
  }

  /** One phone of the user asks for all of them to be unbound: until its answer nothing is certain of any; after it of the `quiet`. */
  clearing(aor: string, phones: readonly Phone[], quiet: ReadonlySet<Phone>): Clearing {
    this.#clearings.set(aor, (this.#clearings.get(aor) ?? 0) + 1);
    return phones.map((phone) => [phone, quiet.has(phone) ? this.asked(phone) : OVERLAPPED] as const);
  }

  /** They are, where it was answered so, but for who asked something meanwhile: either may have come first. */
  cleared(aor: string, clearing: Clearing, isDone: boolean): void {
    this.#clearings.set(aor, this.#clearings.get(aor)! - 1);
    for (const [phone, asks] of clearing) {
      const isLast = this.#asks.get(phone) === asks;
      this.asked(phone);
      if (isLast && isDone) this.#known.set(phone, { state: 'unbound' });
    }
  }

  /** What of it does not hold; as sentences. */
  async broken(world: World): Promise<string[]> {
    const faults: string[] = [];
    for (const phone of this.#known.keys()) faults.push(...(await this.brokenFor(phone, world)));
    return faults;
  }

  /** The same for one phone. */
  async brokenFor(phone: Phone, world: World): Promise<string[]> {
    const known = this.#known.get(phone) ?? EITHER;
    const nowMs = world.clock.nowMs();
    if (known.state === 'either' || (known.state === 'bound' && known.untilMs <= nowMs)) return [];
    const row = await world.row(phone.aor);
    const own = liveBindings(row, nowMs).find(({ callId }) => callId === phone.callId);
    const who = `${phone.aor} at ${phone.options.address} over ${phone.options.transport}`;
    if (known.state === 'unbound' && own !== undefined) return [`${who} is still bound`];
    if (known.state === 'bound' && own?.cseq !== known.cseq)
      return [`${who} was acknowledged CSeq ${known.cseq}, found ${own?.cseq ?? 'nothing'}`];
    return [];
  }
}
