// What a read model is: which events, which rows, and the fold. The loop around it is projector.ts, written once.
import type { RecordedEvent, Topic } from '#libs/event-log';

export type Projection<Row> = Readonly<{
  name: string;
  /** Raise to rebuild the view from the start of the log. */
  version: number;
  topics: readonly Topic[];
  /** The row or rows that an event is about; undefined: none of this view. */
  keyOf: (recorded: RecordedEvent) => string | readonly string[] | undefined;
  /**
   * The row after the event; undefined: no row. Pure. Events may come again (a handler applied them already, or the
   * log delivered twice), so a row keeps what it needs to see that: positions are compared, never counted.
   */
  evolve: (row: Row | undefined, recorded: RecordedEvent, key: string) => Row | undefined;
}>;

export const keysOf = <Row>(projection: Projection<Row>, recorded: RecordedEvent): readonly string[] => {
  const keys = projection.keyOf(recorded);
  if (keys === undefined) return [];
  return typeof keys === 'string' ? [keys] : keys;
};
