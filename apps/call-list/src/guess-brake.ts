// How often somebody may guess: failures of one private identity from one address, and of one address whoever it says it is. The user
// at another address is not kept out. Bounded; on a clock. Read by http-digest.ts.
import type { Clock } from '#libs/runtime';

const WINDOW_MS = 60_000;
export const FAILURES_MAX = 10;
export const ADDRESS_FAILURES_MAX = 50;
/** Beyond it the oldest count goes. */
export const COUNTS_MAX = 20_000;

type Count = { failures: number; untilMs: number };

export class GuessBrake {
  readonly #counts = new Map<string, Count>();

  constructor(private readonly clock: Pick<Clock, 'nowMs'>) {}

  /** Seconds until another try is judged; 0: now. */
  waitS(impi: string, address: string): number {
    const untilMs = Math.max(
      this.#untilMs(`${address} ${impi}`, FAILURES_MAX),
      this.#untilMs(address, ADDRESS_FAILURES_MAX),
    );
    return Math.max(0, Math.ceil((untilMs - this.clock.nowMs()) / 1_000));
  }

  /** A try, which counts as failed unless it is forgiven. */
  tried(impi: string, address: string): () => void {
    const counts = [this.#add(`${address} ${impi}`), this.#add(address)];
    return () => counts.forEach((count) => count.failures--);
  }

  #untilMs(key: string, most: number): number {
    const count = this.#counts.get(key);
    return count === undefined || count.failures < most ? 0 : count.untilMs;
  }

  #add(key: string): Count {
    const nowMs = this.clock.nowMs();
    const known = this.#counts.get(key);
    if (known !== undefined && known.untilMs > nowMs) {
      known.failures++;
      return known;
    }
    this.#counts.delete(key);
    for (const [oldest, { untilMs }] of this.#counts) {
      if (this.#counts.size < COUNTS_MAX && untilMs > nowMs) break;
      this.#counts.delete(oldest);
    }
    const count = { failures: 1, untilMs: nowMs + WINDOW_MS };
    this.#counts.set(key, count);
    return count;
  }
}
