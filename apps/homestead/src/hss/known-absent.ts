// Who the HSS has said that it does not know (5001): for five seconds it is not asked again. No other refusal is kept, and a push of
// the HSS forgets them all. Used by cx-client.ts.
import type { Clock } from '#libs/runtime';
import { BoundedMap } from '#projections/subscriber-profiles';

export const ABSENT_MS = 5_000;
/** At the bound the oldest goes, and the HSS is asked. */
export const ABSENT_MAX = 100_000;

export class KnownAbsent {
  private readonly untilMs = new BoundedMap<number>(ABSENT_MAX);

  constructor(private readonly clock: Pick<Clock, 'monotonicMs'>) {}

  has(question: string): boolean {
    const until = this.untilMs.get(question);
    if (until === undefined) return false;
    if (until > this.clock.monotonicMs()) return true;
    this.untilMs.delete(question);
    return false;
  }

  add(question: string): void {
    this.untilMs.set(question, this.clock.monotonicMs() + ABSENT_MS);
  }

  clear(): void {
    this.untilMs.clear();
  }
}
