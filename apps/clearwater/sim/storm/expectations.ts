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

const EITHER: Known = { state: 'either' };

export class Expectations {
  readonly #known = new Map<Phone, Known>();
  /** Phones whose flow broke after they had asked: what is bound then is bound to the dead flow. */
  readonly #lostSince = new Set<Phone>();

  /** A REGISTER is on its way: until its answer nothing is certain. */
  asked(phone: Phone): void {
    this.#known.set(phone, EITHER);
    this.#lostSince.delete(phone);
  }

  /** `grantedS`: 0 for a removal. */
  answered(phone: Phone, answer: SipMessage | 'timeout', grantedS: number, sentMs: number): void {
    if (answer === 'timeout' || answer.status !== 200 || this.#lostSince.has(phone)) return;
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

  /** What of it does not hold; as sentences. */
  async broken(world: World): Promise<string[]> {
    const faults: string[] = [];
    const nowMs = world.clock.nowMs();
    for (const [phone, known] of this.#known) {
      if (known.state === 'either' || (known.state === 'bound' && known.untilMs <= nowMs)) continue;
      const row = await world.row(phone.aor);
      const own = liveBindings(row, nowMs).find(({ callId }) => callId === phone.callId);
      const who = `${phone.aor} at ${phone.options.address} over ${phone.options.transport}`;
      if (known.state === 'unbound' && own !== undefined) faults.push(`${who} is still bound`);
      if (known.state === 'bound' && own?.cseq !== known.cseq)
        faults.push(`${who} was acknowledged CSeq ${known.cseq}, found ${own?.cseq ?? 'nothing'}`);
    }
    return faults;
  }
}
