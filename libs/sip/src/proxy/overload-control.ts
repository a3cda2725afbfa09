// Admission under overload: how many new requests a second are taken, found by how long input waits, and who is refused first
// (RFC 3261 §21.5.4: 503 with Retry-After). A token bucket, filled at a rate that falls while the wait is over its target and rises
// below it. Without overload nobody is counted. Reader: endpoint.ts, by EndpointOptions.admits.
import type { Clock } from '#libs/runtime';

/**
 * `always`: never refused (in a dialog, emergency, priority). `renewing`: by who is registered, with an answer to a challenge: half
 * of a refresh is of no use. `known`: by who is registered. `begun`: an answer to a challenge, which has cost one. `new`: everything else.
 */
export type Urgency = 'always' | 'renewing' | 'known' | 'begun' | 'new';
export type Refusable = Exclude<Urgency, 'always'>;
/** The share of the bucket that each leaves to those before it. */
const LEFT: Readonly<Record<Refusable, number>> = { renewing: 0, known: 1 / 4, begun: 1 / 2, new: 3 / 4 };

/** How long input waits before it is read, milliseconds: what is known now. Each call may begin the next measurement. */
export type WaitGauge = () => number;

/** How often the wait is looked at, while there is input. */
export const LOOK_MS = 100;
/** A third of what a client waits before it sends again (T1), in a registration twice. */
export const WAIT_TARGET_MS = 150;
/** A pause makes one wait, and what a socket holds fills a second: over the target at each of so many looks, there is a queue that stays. */
const LONG_LOOKS_MIN = 10;
/** What a wait of twice the target takes off the rate with each look, and none adds; and one that grew by the target since the last. */
const BY_WAIT = 0.1;
const BY_GROWTH = 0.3;
/** A change is never more than so much, up or down. */
const CHANGE_MAX = 0.4;
/** Waits so many times the target say no more. */
const WAIT_TARGETS_MAX = 4;
/** A bucket holds what its rate brings in this time. */
const BUCKET_S = 0.2;
const BUCKET_MIN = 4;
/** Below this the rate does not fall: who refuses everything serves nobody. A share of the most that was taken lately. */
const RATE_MIN = 20;
const FLOOR_SHARE = 0.1;
/** By this the most that was taken is forgotten with each look: by half in a minute. */
const FORGET = 0.5 ** (LOOK_MS / 60_000);
/** Looks without a refusal after which nobody is counted any more, and without input after which nobody looks. */
const QUIET_LOOKS_MAX = 10;

export class OverloadControl {
  /** By urgency, since the start. */
  readonly refused: Record<Refusable, number> = { renewing: 0, known: 0, begun: 0, new: 0 };
  #isLooking = false;
  #isLimiting = false;
  #waitMs = 0;
  #rate = 0;
  #tokens = 0;
  #filledAtMs = 0;
  #lookedAtMs = 0;
  #taken = 0;
  #refusals = 0;
  #mostTaken = 0;
  #longLooks = 0;
  #quietLooks = 0;
  #cancel: (() => void) | undefined;

  constructor(
    private readonly clock: Clock,
    /** Without one there is nothing to go by: everything is taken. */
    private readonly gauge: WaitGauge | undefined,
  ) {}

  /** New requests a second that are taken; Infinity without overload. */
  get rate(): number {
    return this.#isLimiting ? this.#rate : Infinity;
  }

  /** True while some may be refused: only then is it worth finding out how urgent a request is. */
  get isLimiting(): boolean {
    return this.#isLimiting;
  }

  /** The wait at the last look. */
  get waitMs(): number {
    return this.#waitMs;
  }

  /** Is one more taken? Without overload that is all that is done. The first begins the looks. */
  admits(urgency: Urgency): boolean {
    if (!this.#isLooking) this.#start();
    if (!this.#isLimiting) {
      this.#taken++;
      return true;
    }
    if (urgency === 'always') return true;
    this.#fill();
    if (this.#tokens >= 1 + this.#bucket * LEFT[urgency]) {
      this.#tokens--;
      this.#taken++;
      return true;
    }
    this.#refusals++;
    this.refused[urgency]++;
    return false;
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#isLooking = true; // nothing begins any more
  }

  get #bucket(): number {
    return Math.max(BUCKET_MIN, this.#rate * BUCKET_S);
  }

  #start(): void {
    this.#isLooking = true;
    if (this.gauge === undefined) return;
    this.#quietLooks = 0;
    this.#lookedAtMs = this.clock.monotonicMs();
    this.gauge();
    this.#cancel = this.clock.after(LOOK_MS, this.#look);
  }

  #fill(): void {
    const nowMs = this.clock.monotonicMs();
    this.#tokens = Math.min(this.#bucket, this.#tokens + ((nowMs - this.#filledAtMs) / 1000) * this.#rate);
    this.#filledAtMs = nowMs;
  }

  readonly #look = (): void => {
    // A process that is kept from running looks late.
    const nowMs = this.clock.monotonicMs();
    const taken = (this.#taken * 1000) / Math.max(1, nowMs - this.#lookedAtMs);
    this.#lookedAtMs = nowMs;
    this.#mostTaken = Math.max(taken, this.#mostTaken * FORGET);
    const before = this.#waitMs;
    this.#waitMs = this.gauge?.() ?? 0;
    this.#longLooks = this.#waitMs > WAIT_TARGET_MS ? this.#longLooks + 1 : 0;
    if (this.#isLimiting) this.#adjust(before, taken);
    else if (this.#longLooks >= LONG_LOOKS_MIN) this.#limit(taken);
    const isQuiet = this.#isLimiting ? this.#refusals === 0 : this.#taken === 0;
    this.#quietLooks = isQuiet ? this.#quietLooks + 1 : 0;
    this.#taken = 0;
    this.#refusals = 0;
    if (this.#quietLooks >= QUIET_LOOKS_MAX && this.#waitMs <= WAIT_TARGET_MS) this.#calm();
    if (this.#isLooking) this.#cancel = this.clock.after(LOOK_MS, this.#look);
  };

  #limit(taken: number): void {
    this.#isLimiting = true;
    this.#rate = this.#floored(taken);
    this.#tokens = this.#bucket;
    this.#filledAtMs = this.clock.monotonicMs();
  }

  /** Nobody had to be refused for a while, or nobody came. */
  #calm(): void {
    this.#quietLooks = 0;
    if (this.#isLimiting) this.#isLimiting = false;
    else this.#isLooking = false;
  }

  /** By the wait's distance from its target, squared: near it little; and by its growth, which keeps the first from swinging. */
  #adjust(beforeMs: number, taken: number): void {
    this.#fill();
    const distance = targets(this.#waitMs) - 1;
    const growth = targets(this.#waitMs) - targets(beforeMs);
    const change = -(BY_WAIT * distance * Math.abs(distance) + BY_GROWTH * growth);
    // Less than what was taken: a rate that nobody uses up says nothing.
    const from = change < 0 ? Math.min(this.#rate, taken) : this.#rate;
    const bounded = Math.max(-CHANGE_MAX, Math.min(CHANGE_MAX, change));
    this.#rate = this.#floored(from * (1 + bounded));
  }

  #floored(rate: number): number {
    return Math.max(RATE_MIN, this.#mostTaken * FLOOR_SHARE, rate);
  }
}

const targets = (waitMs: number): number => Math.min(WAIT_TARGETS_MAX, waitMs / WAIT_TARGET_MS);

/** What was refused, by the names that operators see. */
export const overloadCounts = ({ refused }: OverloadControl): Readonly<Record<Refusable, () => number>> => ({
  renewing: () => refused.renewing,
  known: () => refused.known,
  begun: () => refused.begun,
  new: () => refused.new,
});
