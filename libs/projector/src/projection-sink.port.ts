// Where folded events go: a table, rows in memory, or a view with a store of its own.
// An adapter folds in `apply`; projector.ts decides what is handed to it, again or not at all.
import type { Checkpoint } from '#libs/decider';
import type { RecordedEvent } from '#libs/event-log';

/** The event cannot be folded, now or ever with this program; every other event can. It is parked. */
export class PoisonEvent extends Error {
  constructor(
    readonly recorded: RecordedEvent,
    cause: unknown,
  ) {
    super(`${recorded.event.type} of ${recorded.stream}: ${String(cause)}`, { cause });
  }
}

export interface ProjectionSink {
  /** The position up to which the view is folded; undefined: nothing yet. */
  checkpoint(): Promise<Checkpoint | undefined>;
  /**
   * Folds events into the view, in order, all or none, and remembers the checkpoint with them. The same events may
   * come again. Rejects with StoreUnavailable when it may work later; any other error is the fault of the events.
   */
  apply(events: readonly RecordedEvent[], checkpoint?: Checkpoint): Promise<void>;
  /** Empties the view and its checkpoint: the first step of a rebuild. */
  clear(): Promise<void>;
}
