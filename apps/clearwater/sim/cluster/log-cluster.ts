// Twin of a distributed log: partitions that outlive every node, appends whose outcome may stay unknown, readers that lag behind and
// are told some of it again, and several at once who each take themselves for the owner. What it promises is the port's, no more
// (docs/architecture.md §2, on Kafka). The nodes' side is log-client.ts.
import type { Checkpoint, Position } from '#libs/decider';
import {
  type AppendOptions,
  type DomainEvent,
  PositionUnknown,
  type RecordedEvent,
  RevisionConflict,
  type StartAt,
  type Topic,
  TOPIC_OF_CATEGORY,
} from '#libs/event-log';
import type { Clock } from '#libs/runtime';
import type { SeededRandom } from '#libs/testkit';
import type { FaultCounts } from '../storm/fault-counts.js';

const PARTITIONS = 3;
const GENERATION = 1;

/** How often the brokers' side of a request goes wrong. */
export type LogWeather = { unknown: number; again: number; lag: number; isAway: boolean };
const USUAL: Readonly<LogWeather> = { unknown: 0.03, again: 0.05, lag: 0.05, isAway: false };

export type LogClusterOptions = Readonly<{ clock: Clock; random: SeededRandom; counts: FaultCounts }>;

export const topicOf = (stream: string): Topic => {
  const topic = TOPIC_OF_CATEGORY[stream.slice(0, stream.indexOf('-'))];
  if (topic === undefined) throw new Error(`not a stream's name: ${stream}`);
  return topic;
};

const partitionOf = (stream: string): number => {
  let sum = 0;
  for (let at = stream.indexOf('-') + 1; at < stream.length; at++)
    sum = (Math.imul(sum, 31) + stream.charCodeAt(at)) >>> 0;
  return sum % PARTITIONS;
};

/** Offsets to go on from, by place. */
export type Cursors = Map<string, number>;

export class LogCluster {
  readonly weather: LogWeather = { ...USUAL };
  readonly #places = new Map<string, RecordedEvent[]>();
  readonly #revisions = new Map<string, number>();
  readonly #verdicts = new Map<string, readonly Position[]>();
  readonly #waiting = new Set<() => void>();
  #ids = 0;

  constructor(readonly options: LogClusterOptions) {}

  /** Nothing goes wrong any more. */
  mend(): void {
    this.weather.isAway = false;
  }

  /** No more of anything that goes wrong: what is left has to come to rest. */
  calm(): void {
    Object.assign(this.weather, { unknown: 0, again: 0, lag: 0, isAway: false });
  }

  /** Where a request reaches the brokers: all of its events stand there, or none. Throws RevisionConflict. */
  write(stream: string, events: readonly DomainEvent[], options: AppendOptions): readonly Position[] {
    const { expected, idempotencyKey } = options;
    const key = idempotencyKey === undefined ? undefined : `${stream} ${idempotencyKey}`;
    const verdict = key === undefined ? undefined : this.#verdicts.get(key);
    if (verdict !== undefined) return verdict;
    const revision = this.#revisions.get(stream) ?? 0;
    if (expected !== undefined && expected !== revision)
      throw new RevisionConflict(stream, expected, revision);
    const topic = topicOf(stream);
    const partition = partitionOf(stream);
    const records = this.#recordsOf(`${topic}/${partition}`);
    const positions = events.map((event, n): Position => {
      const position = { generation: GENERATION, partition, offset: records.length };
      records.push({
        event: JSON.parse(JSON.stringify(event)) as DomainEvent,
        stream,
        topic,
        position,
        id: `event-${this.#ids++}`,
        timeMs: this.options.clock.nowMs(),
        revision: revision + n + 1,
        ...(expected === undefined ? {} : { expected }),
      });
      return position;
    });
    this.#revisions.set(stream, revision + events.length);
    if (key !== undefined) this.#verdicts.set(key, positions);
    for (const wake of [...this.#waiting]) wake();
    return positions;
  }

  /** Called whenever something was written; the function returned ends that. */
  onWritten(wake: () => void): () => void {
    this.#waiting.add(wake);
    return () => this.#waiting.delete(wake);
  }

  stream(stream: string, fromRevision: number): readonly RecordedEvent[] {
    return this.#recordsOf(`${topicOf(stream)}/${partitionOf(stream)}`)
      .filter((recorded) => recorded.stream === stream)
      .slice(Math.max(0, fromRevision - 1));
  }

  /** Records of a place from an offset on. */
  at(place: string, from: number, count: number): readonly RecordedEvent[] {
    return this.#recordsOf(place).slice(from, from + count);
  }

  ends(topics: readonly Topic[]): Cursors {
    return new Map(
      topics.flatMap((topic) =>
        Array.from({ length: PARTITIONS }, (_, partition) => {
          const place = `${topic}/${partition}`;
          return [place, this.#recordsOf(place).length] as const;
        }),
      ),
    );
  }

  cursorsAt(topics: readonly Topic[], startAt: StartAt): Cursors {
    const ends = this.ends(topics);
    if (startAt === 'newest') return ends;
    if (startAt === 'oldest') return new Map([...ends.keys()].map((place) => [place, 0]));
    const { generation, cursors } = startAt;
    if (generation !== GENERATION || cursors === undefined)
      throw new PositionUnknown('not a place in this log');
    for (const [place, end] of ends)
      if ((cursors[place] ?? 0) > end) throw new PositionUnknown(`${place} ends at ${end}`);
    return new Map([...ends.keys()].map((place) => [place, cursors[place] ?? 0]));
  }

  #recordsOf(place: string): RecordedEvent[] {
    let records = this.#places.get(place);
    if (records === undefined) this.#places.set(place, (records = []));
    return records;
  }
}

export const checkpointOf = (cursors: Cursors): Checkpoint => ({
  generation: GENERATION,
  partition: 0,
  offset: [...cursors.values()].reduce((sum, next) => sum + next, 0),
  cursors: Object.fromEntries(cursors),
});
