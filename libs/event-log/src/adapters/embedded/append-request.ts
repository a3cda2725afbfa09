// One append from the call to its answer: its lines for the file, its records for the subscribers.
import type { Position } from '#libs/decider';
import type {
  AppendOptions,
  AppendRefused,
  AppendUnknown,
  DomainEvent,
  RecordedEvent,
  Topic,
} from '../../event-log.port.js';
import type { PendingAppend } from './group-commit.js';
import { encodeLine, KEY_BIT, TOPIC_BIT } from './segments/record-format.js';
import type { Verdict } from './verdicts.js';

/** Who waits for the answer: the caller, and the memory of idempotency keys when the append carries one. */
export class Answer {
  constructor(
    readonly resolve: (positions: readonly Position[]) => void,
    private readonly rejectCaller: (error: Error) => void,
    private readonly verdict: Verdict | undefined,
  ) {}

  appended(positions: readonly Position[]): void {
    this.resolve(positions);
    this.verdict?.appended(positions);
  }

  /** For good: a conflict. */
  rejected(error: Error): void {
    this.rejectCaller(error);
    this.verdict?.rejected(error);
  }

  /** Nothing was written; a repeat with the same key tries again. */
  refused(error: Error): void {
    this.rejectCaller(error);
    this.verdict?.forgotten(error);
  }

  /** Only the caller stops waiting: the verdict may still come. */
  unknown(error: Error): void {
    this.rejectCaller(error);
  }
}

export type AppendFacts = Readonly<{
  generation: number;
  stream: string;
  topic: Topic;
  events: readonly DomainEvent[];
  options: AppendOptions;
  timeMs: number;
  enqueuedMs: number;
  /** `<prefix><number in base 36>` is the id of the first event; the others count on. */
  idPrefix: string;
  firstId: number;
  /** Revision of the first event; undefined on merge streams. */
  revision: number | undefined;
  versionOf: ((stream: string, type: string) => number) | undefined;
  answer: Answer;
}>;

export class AppendRequest implements PendingAppend {
  readonly lines: string;
  readonly bytes: number;
  readonly count: number;
  readonly contents: number;
  readonly enqueuedMs: number;
  private positions: readonly Position[] = [];

  constructor(private readonly facts: AppendFacts) {
    const { events, options, stream, topic } = facts;
    this.count = events.length;
    this.enqueuedMs = facts.enqueuedMs;
    this.contents = TOPIC_BIT[topic] | (options.idempotencyKey === undefined ? 0 : KEY_BIT);
    const firstId = this.idOf(0);
    let lines = '';
    for (const [index, event] of events.entries()) {
      lines += encodeLine(event, {
        stream,
        topic,
        timeMs: facts.timeMs,
        version: facts.versionOf?.(stream, event.type) ?? 1,
        id: index === 0 ? firstId : this.idOf(index),
        revision: facts.revision === undefined ? undefined : facts.revision + index,
        expected: options.expected,
        correlationId: options.correlationId,
        causationId: options.causationId,
        idempotencyKey: options.idempotencyKey,
        index,
        count: events.length,
        firstId,
      });
    }
    this.lines = lines;
    this.bytes = Buffer.byteLength(lines);
  }

  get stream(): string {
    return this.facts.stream;
  }

  /** Revision of the last event; undefined on merge streams. */
  get lastRevision(): number | undefined {
    return this.facts.revision === undefined ? undefined : this.facts.revision + this.count - 1;
  }

  done(first: number): void {
    const { generation, answer } = this.facts;
    const positions: Position[] = [];
    for (let i = 0; i < this.count; i++) positions.push({ generation, partition: 0, offset: first + i });
    this.positions = positions;
    answer.appended(positions);
  }

  refused(error: AppendRefused): void {
    this.facts.answer.refused(error);
  }

  unknown(error: AppendUnknown): void {
    this.facts.answer.unknown(error);
  }

  /** The events as subscribers get them, once durable: the objects appended, not copies. */
  pushRecords(into: RecordedEvent[]): void {
    const { stream, topic, timeMs, events, options, revision } = this.facts;
    for (let i = 0; i < events.length; i++) {
      const event = events[i];
      const position = this.positions[i];
      if (!event || !position) continue;
      const recorded: { -readonly [K in keyof RecordedEvent]: RecordedEvent[K] } = {
        event,
        stream,
        position,
        id: this.idOf(i),
        topic,
        timeMs,
      };
      if (revision !== undefined) recorded.revision = revision + i;
      if (options.expected !== undefined) recorded.expected = options.expected;
      if (options.correlationId !== undefined) recorded.correlationId = options.correlationId;
      if (options.causationId !== undefined) recorded.causationId = options.causationId;
      into.push(recorded);
    }
  }

  private idOf(index: number): string {
    return this.facts.idPrefix + (this.facts.firstId + index).toString(36);
  }
}
