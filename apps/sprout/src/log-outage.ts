// While the log takes no events nobody can refresh, so nobody is let lapse: bindings are judged by the moment at which the
// outage began, until the log has been back for as long as a registration lasts (docs/architecture.md §6). Where nobody tries any
// more it would last for ever: then one expiry tries, now and then.
// Told by every append of this router; read by expiry.ts and served.ts.
import { AppendRefused, AppendUnknown, type CallSpoolObserver } from '#libs/event-log';
import type { Clock } from '#libs/runtime';

export class LogOutage {
  /** When the log took no event for the first time; undefined: it is not, and has not lately been, down. */
  #sinceMs: number | undefined;
  /** When it took one again, or was last tried. */
  #quietSinceMs = 0;
  #isBack = false;

  /** `graceMs`: within it every client that could not refresh has had the time to. */
  constructor(
    private readonly clock: Clock,
    private readonly graceMs: number,
  ) {}

  /** The moment by which it is judged whether a binding has lapsed. */
  judgedAtMs(nowMs: number): number {
    if (this.#sinceMs === undefined) return nowMs;
    if (!this.#isBack || nowMs < this.#quietSinceMs + this.graceMs) return this.#sinceMs;
    this.#sinceMs = undefined;
    return nowMs;
  }

  /**
   * How many bindings may be removed as lapsed: during an outage none, but for one after each time in which nobody at all has tried
   * for as long as a registration lasts. Who was there would have tried to refresh.
   */
  expiriesMax(nowMs: number, usualMax: number): number {
    if (this.judgedAtMs(nowMs) === nowMs) return usualMax;
    return !this.#isBack && nowMs >= this.#quietSinceMs + this.graceMs ? 1 : 0;
  }

  /** The log took an append. */
  taken(): void {
    if (this.#sinceMs === undefined || this.#isBack) return;
    this.#isBack = true;
    this.#quietSinceMs = this.clock.nowMs();
  }

  /** An append failed. What the log refuses for its content says nothing about the log. */
  failed(error: unknown): void {
    if (!(error instanceof AppendRefused) && !(error instanceof AppendUnknown)) return;
    this.#quietSinceMs = this.clock.nowMs();
    this.#sinceMs ??= this.#quietSinceMs;
    this.#isBack = false;
  }
}

/** What facts about calls say of the log, on their way to it. */
export const toldByCalls = (
  outage: Pick<LogOutage, 'taken' | 'failed'>,
  observer: Readonly<{ fault(kind: string, error?: unknown): void }>,
): CallSpoolObserver => ({
  taken: () => outage.taken(),
  failed(error) {
    outage.failed(error);
    observer.fault('call-record', error);
  },
  dropped: () => observer.fault('call-record-dropped'),
});
