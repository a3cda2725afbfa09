// How long a server has said nothing, by the time in which this process looked for answers: a process that stood still, or got no processor, has not
// waited for anybody. Servers that have been slow of late are given longer. Sans-IO: the clock's time goes in. Used by memcached-server.ts.

/** Looks within one time-out. */
const LOOKS = 5;
/** Of the time between two looks, so much counts at the most: what is beyond it this process spent elsewhere. */
const STEP_SHARE_MAX = 1.5;
/** A server is waited for so many times as long as it took of late at the most … */
const SLOWEST_TIMES = 3;
/** … and at the most for so many time-outs. */
const TIMEOUTS_MAX = 4;
/** What it took is forgotten by half in so long. */
const HALF_LIFE_MS = 10_000;

export class OwnTime {
  readonly stepMs: number;
  /** Of this process, since it first looked. Moves with looks only. */
  nowMs = 0;
  #lookedMs = 0;
  #slowestMs = 0;

  constructor(private readonly timeoutMs: number) {
    this.stepMs = timeoutMs / LOOKS;
  }

  /** How long it is waited for now. */
  get allowedMs(): number {
    return Math.min(TIMEOUTS_MAX * this.timeoutMs, Math.max(this.timeoutMs, SLOWEST_TIMES * this.#slowestMs));
  }

  /** From now on it is looked, a step from now first. `clockMs` of a monotonic clock. */
  begin(clockMs: number): void {
    this.#lookedMs = clockMs;
  }

  look(clockMs: number): void {
    const passedMs = Math.min(clockMs - this.#lookedMs, STEP_SHARE_MAX * this.stepMs);
    this.#lookedMs = clockMs;
    this.nowMs += passedMs;
    this.#slowestMs *= 0.5 ** (passedMs / HALF_LIFE_MS);
  }

  /** What was asked then (`nowMs`) has been answered. */
  answered(askedMs: number): void {
    const tookMs = this.nowMs - askedMs;
    if (tookMs > this.#slowestMs) this.#slowestMs = tookMs;
  }

  /** What was asked then has waited long enough. A step is added, since it was asked somewhen after that look. */
  isOver(askedMs: number): boolean {
    return this.nowMs - askedMs >= this.allowedMs + this.stepMs;
  }
}
