// What one answer does not decide is looked at again a minute later. Bounded: what is not noted is seen when somebody looks the next time.
// Used by missing-lines.ts.
import type { Clock } from '#libs/runtime';

export const SECOND_LOOK_MS = 60_000;
export const SECOND_LOOKS_MAX = 1_000;

export class SecondLooks {
  readonly #waiting = new Map<string, () => void>();
  #isStopped = false;

  constructor(
    private readonly clock: Clock,
    private readonly onFault: (error: unknown) => void,
  ) {}

  /** Looks once more, unless that is to be done already. */
  note(what: string, look: () => Promise<void>): void {
    if (this.#isStopped || this.#waiting.has(what) || this.#waiting.size >= SECOND_LOOKS_MAX) return;
    const cancel = this.clock.after(SECOND_LOOK_MS, () => {
      this.#waiting.delete(what);
      look().catch(this.onFault);
    });
    this.#waiting.set(what, cancel);
  }

  /** Nothing is looked at any more. */
  stop(): void {
    this.#isStopped = true;
    for (const cancel of this.#waiting.values()) cancel();
    this.#waiting.clear();
  }
}
