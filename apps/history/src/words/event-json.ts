// An event for machines: the CloudEvents attributes it has in the topics, with its place in the log.
import type { Position } from '#libs/decider';
import type { RecordedEvent } from '#libs/event-log';

export type EventJson = Readonly<{
  specversion: '1.0';
  id: string;
  type: string;
  subject: string;
  time: string;
  topic: string;
  position: Position;
  revision?: number;
  correlationid?: string;
  causationid?: string;
  /** Which node wrote it, where many write the log. */
  node?: string;
  data: object;
}>;

/** `type` is the event's name: it has been brought to the newest version. */
export const eventJson = (recorded: RecordedEvent): EventJson => ({
  specversion: '1.0',
  id: recorded.id,
  type: recorded.event.type,
  subject: recorded.stream,
  time: new Date(recorded.timeMs).toISOString(),
  topic: recorded.topic,
  position: recorded.position,
  ...(recorded.revision === undefined ? {} : { revision: recorded.revision }),
  ...(recorded.correlationId === undefined ? {} : { correlationid: recorded.correlationId }),
  ...(recorded.causationId === undefined ? {} : { causationid: recorded.causationId }),
  ...(recorded.node === undefined ? {} : { node: recorded.node }),
  data: recorded.event.data,
});
