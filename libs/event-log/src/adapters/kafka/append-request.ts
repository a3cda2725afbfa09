// One append from the call to its answer: its records for the brokers, its positions for the caller. Used by kafka.event-log.ts.
import type { Position } from '#libs/decider';
import {
  AppendRefused,
  AppendUnknown,
  type AppendOptions,
  type DomainEvent,
  type Topic,
} from '../../event-log.port.js';
import { encodeRecord, type KafkaRecord } from './cloud-events.js';
import type { Place } from './partitions.js';
import { partsOf } from './partitions.js';
import type { LaneAppend } from './produce-lane.js';

/** Attributes of a record beside its value, roughly: for bounds. */
const HEADERS_BYTES = 400;

export type RequestFacts = Readonly<{
  generation: number;
  stream: string;
  topic: Topic;
  place: Place;
  events: readonly DomainEvent[];
  options: AppendOptions;
  timeMs: number;
  enqueuedMs: number;
  source: string;
  /** Ids of the events. */
  ids: readonly string[];
  versionOf: (stream: string, type: string) => number;
}>;

export class AppendRequest implements LaneAppend {
  readonly records: readonly KafkaRecord[];
  readonly bytes: number;
  readonly firstId: string;
  readonly place: Place;
  readonly enqueuedMs: number;
  private readonly answer = Promise.withResolvers<readonly Position[]>();

  constructor(private readonly facts: RequestFacts) {
    const { stream, topic, events, options, ids } = facts;
    this.firstId = ids[0] ?? '';
    this.place = facts.place;
    this.enqueuedMs = facts.enqueuedMs;
    this.records = events.map((event, index) =>
      encodeRecord(event, {
        stream,
        topic,
        version: facts.versionOf(stream, event.type),
        timeMs: facts.timeMs,
        id: ids[index] ?? '',
        source: facts.source,
        expected: options.expected,
        correlationId: options.correlationId,
        causationId: options.causationId,
        idempotencyKey: options.idempotencyKey,
        appendId: this.firstId,
        index,
        count: events.length,
      }),
    );
    this.bytes = this.records.reduce(
      (sum, { key, value }) => sum + Buffer.byteLength(key) + Buffer.byteLength(value) + HEADERS_BYTES,
      0,
    );
  }

  /** Positions once it is durable; rejects with AppendRefused or AppendUnknown. */
  get answered(): Promise<readonly Position[]> {
    return this.answer.promise;
  }

  durable(first: number): void {
    this.answer.resolve(positionsOf(this.facts.generation, this.place, first, this.records.length));
  }

  refused(reason: string): void {
    this.answer.reject(new AppendRefused(reason));
  }

  unknown(reason: string): void {
    this.answer.reject(new AppendUnknown(reason));
  }
}

export const positionsOf = (generation: number, place: Place, first: number, count: number): Position[] => {
  const { partition } = partsOf(place);
  return Array.from({ length: count }, (_, i) => ({ generation, partition, offset: first + i }));
};
