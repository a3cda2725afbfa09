// While the log takes no events nobody can refresh, so nobody is let lapse: bindings are judged by the moment at which the
// outage began, until the log has been back for as long as a registration lasts (docs/architecture.md §6).
// Told by every append of this router; read by expiry.ts and served.ts.
import { AppendRefused, AppendUnknown, type EventLog } from '#libs/event-log';
import type { Clock } from '#libs/runtime';

export class LogOutage {
  /** When the log took no event for the first time; undefined: it is not, and has not lately been, down. */
  #sinceMs: number | undefined;
  /** When it took one again. */
  #overAtMs: number | undefined;

  /** `graceMs`: within it every client that could not refresh has had the time to. */
  constructor(
    private readonly clock: Clock,
    private readonly graceMs: number,
  ) {}

  /** The moment by which it is judged whether a binding has lapsed. */
  judgedAtMs(nowMs: number): number {
    if (this.#sinceMs === undefined) return nowMs;
    if (this.#overAtMs === undefined || nowMs < this.#overAtMs + this.graceMs) return this.#sinceMs;
    this.#sinceMs = this.#overAtMs = undefined;
    return nowMs;
  }

  /** The same log; what becomes of its appends is noted. */
  watching(log: EventLog): EventLog {
    return {
      append: (stream, events, options) => {
        const appended = log.append(stream, events, options);
        appended.then(this.#taken, this.#failed);
        return appended;
      },
      read: (stream, from) => log.read(stream, from),
      readAll: (topics, startAt) => log.readAll(topics, startAt),
      subscribe: (options) => log.subscribe(options),
      close: () => log.close(),
    };
  }

  readonly #taken = (): void => {
    if (this.#sinceMs !== undefined) this.#overAtMs ??= this.clock.nowMs();
  };

  /** What the log refuses for its content says nothing about the log. */
  readonly #failed = (error: unknown): void => {
    if (!(error instanceof AppendRefused) && !(error instanceof AppendUnknown)) return;
    this.#sinceMs ??= this.clock.nowMs();
    this.#overAtMs = undefined;
  };
}
