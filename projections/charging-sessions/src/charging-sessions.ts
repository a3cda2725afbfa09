// Read model: the charging sessions that are open, and the accounting records that no CDF has answered. Reader: ralf, which sends them.
// The fold is the aggregate's own. It takes no more while too many streams wait for a CDF: the rest waits in the log (docs/charging.md).
import type { Position } from '#libs/decider';
import { type ChargingRow, evolveCharging, isDone, type LoggedCharging, settle } from '#libs/domain'; // prettier-ignore
import type { RecordedEvent } from '#libs/event-log';

export const chargingSessions = {
  name: 'charging-sessions',
  /** Raise to rebuild from the start of the log. */
  version: 1,
  topics: ['charging'],
} as const;

/** Streams that are over are remembered for so long by the log's time, and so many: what is told twice is told soon. */
export const REMEMBERED_MS = 600_000;
export const REMEMBERED_MAX = 100_000;

export type Remembered = Readonly<{ row: ChargingRow; loggedMs: number }>;

export type ChargingSessionsOptions = Readonly<{
  /** Streams with records that wait; from there on nothing more is taken until some are answered. */
  waitingMax: number;
}>;

/** What is not settled yet, folded from the log. */
export class ChargingSessions {
  readonly rows = new Map<string, ChargingRow>();
  /** Oldest first. */
  readonly #remembered = new Map<string, Remembered>();
  readonly #waitingMax: number;
  #waiting = 0;
  /** Time of the newest event: by it streams are forgotten, as everywhere. */
  #loggedMs = 0;
  #room: PromiseWithResolvers<void> | undefined;
  readonly #full: PromiseWithResolvers<void> = Promise.withResolvers();
  #isLetGo = false;
  /** Told of each row that has changed; undefined: it is done with. */
  onChange: ((stream: string, row: ChargingRow | undefined) => void) | undefined;

  constructor({ waitingMax }: ChargingSessionsOptions) {
    this.#waitingMax = waitingMax;
  }

  /** Streams with records that wait for a CDF. */
  get waiting(): number {
    return this.#waiting;
  }

  get isFull(): boolean {
    return this.#waiting >= this.#waitingMax;
  }

  /** Resolves when it holds as much as it may, for the first time. */
  get full(): Promise<void> {
    return this.#full.promise;
  }

  /** Folds events of one stream, in order; resolves when there is room for more. */
  async apply(stream: string, events: readonly RecordedEvent[]): Promise<void> {
    await this.#room?.promise;
    let row = this.rows.get(stream) ?? this.#remembered.get(stream)?.row;
    for (const recorded of events) {
      row = evolveCharging(row, recorded as LoggedCharging);
      this.#loggedMs = Math.max(this.#loggedMs, recorded.timeMs);
    }
    if (row !== undefined) this.#put(stream, row);
  }

  /** A CDF has the record, and the log knows: before the fold comes to it, which may be long after. */
  settle(stream: string, of: Position, record: number): void {
    const row = this.rows.get(stream);
    if (row === undefined) return;
    const settled = settle(row, of, record);
    if (settled !== row) this.#put(stream, settled);
  }

  /** A row of a snapshot. */
  restore(stream: string, row: ChargingRow): void {
    this.rows.set(stream, row);
    if (row.waiting.length > 0) this.#count(1);
  }

  restoreRemembered(stream: string, remembered: Remembered): void {
    this.#loggedMs = Math.max(this.#loggedMs, remembered.loggedMs);
    this.#remembered.set(stream, remembered);
  }

  remembered(): Iterable<readonly [string, Remembered]> {
    return this.#remembered;
  }

  /** Whoever waits for room goes on: the process ends. */
  letGo(): void {
    this.#isLetGo = true;
    this.#room?.resolve();
    this.#room = undefined;
  }

  clear(): void {
    this.rows.clear();
    this.#remembered.clear();
    this.#count(-this.#waiting);
  }

  #put(stream: string, row: ChargingRow): void {
    const before = this.rows.get(stream);
    const done = isDone(row);
    const [waited, waits] = [(before?.waiting.length ?? 0) > 0, row.waiting.length > 0];
    if (done) {
      this.rows.delete(stream);
      this.#remember(stream, { row, loggedMs: this.#loggedMs });
    } else {
      this.rows.set(stream, row);
      this.#remembered.delete(stream);
    }
    if (waited !== waits) this.#count(waits ? 1 : -1);
    if (before !== undefined || !done) this.onChange?.(stream, done ? undefined : row);
  }

  #remember(stream: string, remembered: Remembered): void {
    this.#remembered.delete(stream);
    this.#remembered.set(stream, remembered);
    for (const [oldest, { loggedMs }] of this.#remembered) {
      if (loggedMs >= remembered.loggedMs - REMEMBERED_MS && this.#remembered.size <= REMEMBERED_MAX) return;
      this.#remembered.delete(oldest);
    }
  }

  #count(by: number): void {
    this.#waiting += by;
    if (this.isFull && !this.#isLetGo) {
      this.#room ??= Promise.withResolvers();
      this.#full.resolve();
    } else {
      this.#room?.resolve();
      this.#room = undefined;
    }
  }
}
