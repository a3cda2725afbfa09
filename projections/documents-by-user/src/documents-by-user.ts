// Read model: the documents of each user, whole, with the revision that is their entity tag. Readers: sprout (telephony
// services of a call), provisioning. A row is folded from one stream only; a removed document stays as an empty row with its
// revision, so that an event which comes again cannot bring it back.
import type { Position } from '#libs/decider';
import { DOCUMENT_STREAM, type DocumentEvent, type DocumentState, userDocument } from '#libs/domain';
import type { RecordedEvent } from '#libs/event-log';

export type DocumentRow = Readonly<{ revision: number; at: Position; atMs: number; state: DocumentState }>;

/** What of a recorded event is folded: the handlers that appended it know no more. */
export type DocumentFact = Pick<RecordedEvent, 'event' | 'stream' | 'position' | 'revision' | 'timeMs'>;

export const documentsByUser = {
  name: 'documents-by-user',
  /** Raise to rebuild from the start of the log. */
  version: 1,
  topics: ['provisioning'],
} as const;

/** The row that an event is folded into, `<IMPU>/<AUID>`; undefined: not of this view (subscribers share the topic). */
export const keyOf = (stream: string): string | undefined =>
  stream.startsWith(DOCUMENT_STREAM) ? stream.slice(DOCUMENT_STREAM.length) : undefined;

/** The row after an event; the same row when it holds that event already. Each event says all there is. */
export const evolveRow = (row: DocumentRow | undefined, recorded: DocumentFact): DocumentRow => {
  const { stream, position, timeMs } = recorded;
  const revision = recorded.revision ?? 0;
  if (row !== undefined && revision <= row.revision) return row;
  const event = recorded.event as DocumentEvent;
  return {
    revision,
    at: position,
    atMs: timeMs,
    state: userDocument.evolve(row?.state, { event, stream, position }),
  };
};
