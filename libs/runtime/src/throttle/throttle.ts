// How often something may be done: a bucket of tokens a key, that fills with time. Bounded; on a clock.
// Read by guesses.ts and by Ellis' handlers of accounts. Who guesses is slowed down, never locked out.
import type { Clock } from '../clock.port.js';

/** Keys that are remembered; beyond it the one that was asked longest ago starts anew. */
export const THROTTLE_KEYS_MAX = 20_000;

export type ThrottleRate = Readonly<{ burst: number; everyMs: number }>;

type Bucket = { tokens: number; atMs: number };

export class Throttle {
  readonly #buckets = new Map<string, Bucket>();

  constructor(
    private readonly rate: ThrottleRate,
    private readonly clock: Pick<Clock, 'monotonicMs'>,
  ) {}

  /** Takes one; 0: taken, else seconds until there is one. */
  take(key: string): number {
    const { everyMs } = this.rate;
    const bucket = this.#bucket(key);
    if (bucket.tokens < 1) return Math.max(1, Math.ceil(((1 - bucket.tokens) * everyMs) / 1_000));
    bucket.tokens -= 1;
    return 0;
  }

  /** What was taken did not count after all. */
  giveBack(key: string): void {
    const bucket = this.#bucket(key);
    bucket.tokens = Math.min(this.rate.burst, bucket.tokens + 1);
  }

  #bucket(key: string): Bucket {
    const { burst, everyMs } = this.rate;
    const nowMs = this.clock.monotonicMs();
    const known = this.#buckets.get(key);
    const bucket = known ?? { tokens: burst, atMs: nowMs };
    bucket.tokens = Math.min(burst, bucket.tokens + (nowMs - bucket.atMs) / everyMs);
    bucket.atMs = nowMs;
    // The order of the map is the order in which keys were asked.
    if (known !== undefined) this.#buckets.delete(key);
    else if (this.#buckets.size >= THROTTLE_KEYS_MAX)
      this.#buckets.delete(this.#buckets.keys().next().value!);
    this.#buckets.set(key, bucket);
    return bucket;
  }
}
