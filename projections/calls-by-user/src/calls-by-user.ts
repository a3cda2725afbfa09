// Read model: the calls of each public identity, newest first, at most LISTED_CALLS_MAX. Reader: call-list (its HTTP API).
// A row is folded from one stream only, which names it; the fold is the aggregate's own (libs/domain/src/call-list).
import { CALL_LIST_STREAM, type CallList, type CallListEvent, evolveCallList } from '#libs/domain';
import type { RecordedEvent } from '#libs/event-log';
import type { Projection } from '#libs/projector';

export const callsByUser = {
  name: 'calls-by-user',
  /** Raise to rebuild from the start of the log, which keeps calls for LOG_RETENTION_DAYS. */
  version: 1,
  topics: ['calls'],
  /** What the router decided about calls stands in the same topic. */
  keyOf: ({ stream }) =>
    stream.startsWith(CALL_LIST_STREAM) ? stream.slice(CALL_LIST_STREAM.length) : undefined,
  evolve: (row, recorded) => evolveCallList(row, recorded as RecordedEvent<CallListEvent>),
} as const satisfies Projection<CallList>;
