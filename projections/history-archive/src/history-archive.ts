// The archive as a projection: every event of every topic, one stream an aggregate. Readers: history, analysts' own clients.
import { TOPICS } from '#libs/event-log';

export const historyArchive = {
  name: 'history-archive',
  /** Raise to read the log from its start again; what is archived stays. */
  version: 1,
  topics: TOPICS,
} as const;
