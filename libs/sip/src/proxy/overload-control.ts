// Admission under overload: how many new requests a second this process takes, found by how busy it is, and who is refused
// first (RFC 3261 §21.5.4: 503 with Retry-After). A token bucket whose rate falls by a sixth while there is no idle time and
// rises again as soon as there is some; without overload nobody is counted. Reader: endpoint.ts, by EndpointOptions.admits.
import type { Clock, LoadGauge } from '#libs/runtime';

/**
 * `always`: never refused (in a dialog, emergency, priority). `known`: what ends or renews something that is there, or has
 * cost work already. `new`: everything else; refused while half of the bucket is used up.
 */
export type Urgency = 'always' | 'known' | 'new';

/** How often the load is looked at. */
export const LOOK_MS = 100;
/** Above: too much; the queue before us grows. Below IDLE_BELOW there is room for more. */
const BUSY_ABOVE = 0.95;
const IDLE_BELOW = 0.85;
/** One busy look is a collection of garbage or a start; this many in a row are load. */
const BUSY_LOOKS_MIN = 3;
const FALL = 1.2;
const RISE = 1.15;
const RISE_PER_S = 10;
/** A bucket holds what its rate brings in this time. */
const BUCKET_S = 0.2;
const BUCKET_MIN = 4;
/** Below this the rate does not fall: who refuses everything serves nobody. A share of the most that was taken lately. */
const RATE_MIN = 20;
const FLOOR_SHARE = 0.25;
/** By this the most that was taken is forgotten with each look: by half in a minute. */
const FORGET = 0.5 ** (LOOK_MS / 60_000);
/** Looks without a refusal after which nobody is counted any more. */
const QUIET_LOOKS_MAX = 5;

export class OverloadControl {
  #isLimiting = false;
  #rate = 0;
  #tokens = 0;
  #filledAtMs = 0;
  #lookedAtMs = 0;
  #taken = 0;
  #refused = 0;
  #mostTaken = 0;
  #busyLooks = 0;
  #quietLooks = 0;
  #cancel: (() => void) | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly load: LoadGauge,
  ) {}

  /** New requests a second that are taken; Infinity without overload. */
  get rate(): number {
    return this.#isLimiting ? this.#rate : Infinity;
  }

  /** True while some may be refused: only then is it worth finding out how urgent a request is. */
  get isLimiting(): boolean {
    return this.#isLimiting;
  }

  start(): void {
    this.load();
    this.#lookedAtMs = this.clock.monotonicMs();
    this.#cancel = this.clock.after(LOOK_MS, this.#look);
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  /** Is one more taken? Without overload that is all that is done. */
  admits(urgency: Urgency): boolean {
    if (!this.#isLimiting) {
      this.#taken++;
      return true;
    }
    if (urgency === 'always') return true;
    this.#fill();
    if (this.#tokens >= 1 + (urgency === 'known' ? 0 : this.#bucket / 2)) {
      this.#tokens--;
      this.#taken++;
      return true;
    }
    this.#refused++;
    return false;
  }

  get #bucket(): number {
    return Math.max(BUCKET_MIN, this.#rate * BUCKET_S);
  }

  #fill(): void {
    const nowMs = this.clock.monotonicMs();
    this.#tokens = Math.min(this.#bucket, this.#tokens + ((nowMs - this.#filledAtMs) / 1000) * this.#rate);
    this.#filledAtMs = nowMs;
  }

  readonly #look = (): void => {
    this.#cancel = this.clock.after(LOOK_MS, this.#look);
    // A process that is kept from running looks late.
    const nowMs = this.clock.monotonicMs();
    const taken = (this.#taken * 1000) / Math.max(1, nowMs - this.#lookedAtMs);
    this.#lookedAtMs = nowMs;
    this.#mostTaken = Math.max(taken, this.#mostTaken * FORGET);
    const busy = this.load();
    this.#busyLooks = busy > BUSY_ABOVE ? this.#busyLooks + 1 : 0;
    if (this.#isLimiting) this.#adjust(busy, taken);
    else if (this.#busyLooks >= BUSY_LOOKS_MIN) this.#begin(taken);
    this.#taken = 0;
    this.#refused = 0;
  };

  #begin(taken: number): void {
    this.#isLimiting = true;
    this.#quietLooks = 0;
    this.#rate = this.#floored(taken / FALL);
    this.#tokens = this.#bucket;
    this.#filledAtMs = this.clock.monotonicMs();
  }

  #adjust(busy: number, taken: number): void {
    this.#fill();
    this.#quietLooks = this.#refused === 0 ? this.#quietLooks + 1 : 0;
    // Less than what was taken: a rate that nobody uses up says nothing.
    if (busy > BUSY_ABOVE) this.#rate = this.#floored(Math.min(this.#rate, taken) / FALL);
    else if (busy < IDLE_BELOW) this.#rate = this.#rate * RISE + RISE_PER_S * (LOOK_MS / 1000);
    if (this.#quietLooks >= QUIET_LOOKS_MAX && busy <= BUSY_ABOVE) this.#isLimiting = false;
  }

  #floored(rate: number): number {
    return Math.max(RATE_MIN, this.#mostTaken * FLOOR_SHARE, rate);
  }
}
