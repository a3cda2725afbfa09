// A log as a copy sees it: its accepted events as they are stored, in the version they were written with, with every attribute.
// Adapters: embedded (segment files), Kafka (topics). Nobody else appends while a copy runs.
import type { Position } from '#libs/decider';
import type { Topic } from '../event-log.port.js';

export type StoredEvent = Readonly<{
  stream: string;
  topic: Topic;
  /** Its name, without family and version. */
  type: string;
  version: number;
  data: object;
  timeMs: number;
  id: string;
  /** On expect streams. */
  revision: number | undefined;
  expected: number | undefined;
  correlationId: string | undefined;
  causationId: string | undefined;
  idempotencyKey: string | undefined;
  /** Which node wrote it, where its first log says so. */
  node: string | undefined;
  /** The events of one append share it: the first one's id. */
  appendId: string;
  index: number;
  count: number;
  /** Where it stood in the log that it was first written to: what folds compare. */
  position: Position;
  /** It came into this log by a copy. */
  isCopy: boolean;
}>;

export interface StoredLog {
  readonly generation: number;
  /** Events there are, roughly: for progress. */
  total(): Promise<number>;
  /** All accepted events; those of one lane in their order, those of one append side by side. */
  read(): AsyncIterable<readonly StoredEvent[]>;
  /** What the log keeps the order of: a partition. */
  laneOf(event: Pick<StoredEvent, 'stream' | 'topic'>): string;
  close(): Promise<void>;
}

export interface CopyTarget extends StoredLog {
  /** Bytes of one write, at most; roughly. */
  readonly writeBytesMax: number;
  /** Durable when it resolves; after a rejection nobody knows which of them are there. */
  write(events: readonly StoredEvent[]): Promise<void>;
  /** The copy is whole and verified: the log may be used. */
  finish(): Promise<void>;
}

/** What stands in the way of the copy, for an operator to see to; nothing more was written. */
export class CopyRefused extends Error {}
