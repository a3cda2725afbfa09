// The way of appends to the brokers: own group commit, one produce request in flight, no retry. The first error of any kind ends the producer;
// before the next one sends anything, the partitions are read from their last known offsets for what was unknown (docs/architecture.md §2).
// What is found there is durable; what is not stays unknown and is never sent again. Used by kafka.event-log.ts.
import kafkajs, { type Producer } from 'kafkajs';
import { type Clock, Pause } from '#libs/runtime';
import type { Topic } from '../../event-log.port.js';
import { decodeHead, type KafkaRecord } from './cloud-events.js';
import { textOf, type KafkaConnection } from './kafka-connection.js';
import type { KafkaLimits } from './limits.js';
import type { KafkaLogReader } from './log-reader.js';
import { partsOf, type Place } from './partitions.js';

/** One append on its way to the brokers. */
export interface LaneAppend {
  readonly place: Place;
  readonly records: readonly KafkaRecord[];
  /** Id of the append's first event. */
  readonly firstId: string;
  readonly bytes: number;
  readonly enqueuedMs: number;
  /** Durable, its first event at the offset. */
  durable(first: number): void;
  /** It was never sent. */
  refused(reason: string): void;
  /** It was sent, and nobody knows; `durable` may still follow. */
  unknown(reason: string): void;
}

export type ProduceLaneOptions = Readonly<{
  connect: () => KafkaConnection;
  /** The lane's own: it closes it. */
  reader: KafkaLogReader;
  topics: readonly Topic[];
  nameOf: (topic: Topic) => string;
  limits: KafkaLimits;
  clock: Clock;
  report?: ((message: string) => void) | undefined;
  /** For metrics: events, bytes and time of a produce request that was acknowledged. */
  onCommit?: ((events: number, bytes: number, tookMs: number) => void) | undefined;
}>;

type Open = Readonly<{ connection: KafkaConnection; producer: Producer }>;

export class ProduceLane {
  private waiting: LaneAppend[] = [];
  private inFlight: readonly LaneAppend[] = [];
  /** Sent by a producer that has ended, not answered. */
  private unsettled: LaneAppend[] = [];
  private backlogBytes = 0;
  private open: Open | undefined;
  /** The offset after what is known of each place: where the search for the unknown begins. */
  private readonly known = new Map<Place, number>();
  /** In flight, and answered `unknown` already. */
  private readonly told = new WeakSet<LaneAppend>();
  private isPumping = false;
  private idleWaiters: (() => void)[] = [];
  private isClosing = false;
  private failure: string | undefined;
  private readonly pause: Pause;
  private cancelDeadline: (() => void) | undefined;

  constructor(private readonly options: ProduceLaneOptions) {
    this.pause = new Pause(options.clock);
  }

  /** Why the lane does not send now; undefined while it does. */
  get trouble(): string | undefined {
    return this.failure;
  }

  /** Why an append of so many bytes is not taken; undefined when it is. */
  refusal(bytes: number): string | undefined {
    if (this.isClosing) return 'the log is closed';
    return this.backlogBytes + bytes > this.options.limits.appendBacklogBytesMax
      ? 'too many appends wait for Kafka'
      : undefined;
  }

  add(append: LaneAppend): void {
    this.backlogBytes += append.bytes;
    this.waiting.push(append);
    if (!this.cancelDeadline) this.armDeadline(append.enqueuedMs);
    // What comes within this turn of the event loop goes along; while a request is in flight the next batch gathers.
    if (this.isPumping) return;
    this.isPumping = true;
    setImmediate(() => void this.pump());
  }

  /** Takes nothing more; resolves when what was taken is answered, each by its deadline at the latest. */
  async close(): Promise<void> {
    this.isClosing = true;
    if (this.isPumping) await new Promise<void>((resolve) => this.idleWaiters.push(resolve));
    this.cancelDeadline?.();
    this.end();
    this.options.reader.close();
  }

  private async pump(): Promise<void> {
    const { limits } = this.options;
    let waitMs = limits.retryMsMin;
    while (this.waiting.length > 0 || this.unsettled.length > 0) {
      try {
        const { producer } = this.open ?? (await this.begin());
        this.failure = undefined;
        waitMs = limits.retryMsMin;
        if (this.waiting.length > 0) await this.send(producer);
      } catch (error) {
        this.fail(error);
        if (this.unsettled.length > 0 || this.waiting.length > 0) await this.pause.wait(waitMs);
        waitMs = Math.min(waitMs * 2, limits.retryMsMax);
      }
    }
    this.isPumping = false;
    for (const resolve of this.idleWaiters.splice(0)) resolve();
  }

  /** A new producer, once nothing is unsettled any more. */
  private async begin(): Promise<Open> {
    const { connect, reader, topics, limits } = this.options;
    const ends = await this.inTime(reader.ends(topics), limits.produceTimeoutMs);
    await this.settle(ends);
    const connection = connect();
    try {
      const producer = connection.kafka.producer({
        allowAutoTopicCreation: false,
        idempotent: false,
        maxInFlightRequests: 1,
        retry: { retries: 0 },
        createPartitioner:
          () =>
          ({ message }) =>
            message.partition ?? 0,
      });
      await this.inTime(producer.connect(), limits.produceTimeoutMs);
      for (const [place, end] of ends) this.known.set(place, Math.max(end, this.known.get(place) ?? 0));
      return (this.open = { connection, producer });
    } catch (error) {
      connection.destroy();
      throw error;
    }
  }

  /** Looks for what was sent and not answered. Who is not found stays unknown: it is told so, and never sent again. */
  private async settle(ends: ReadonlyMap<Place, number>): Promise<void> {
    const places = new Set(this.unsettled.map(({ place }) => place));
    for (const place of places) {
      const wanted = new Map(
        this.unsettled.filter((each) => each.place === place).map((each) => [each.firstId, each]),
      );
      const range = this.options.reader.range(place, this.known.get(place) ?? 0, ends.get(place) ?? 0);
      for await (const records of range) {
        // All are found or past their deadline: others wait to be sent, and there may be hours of other processes' events.
        if (!this.unsettled.some((each) => each.place === place)) break;
        for (const record of records) {
          const append = wanted.get(decodeHead(record)?.id ?? '');
          if (append) this.settled(append, Number(record.offset));
        }
      }
      for (const append of this.unsettled.filter((each) => each.place === place))
        append.unknown('Kafka did not answer, and does not have it');
      this.unsettled = this.unsettled.filter((each) => each.place !== place);
    }
  }

  private settled(append: LaneAppend, offset: number): void {
    this.unsettled = this.unsettled.filter((each) => each !== append);
    append.durable(offset);
  }

  private async send(producer: Producer): Promise<void> {
    const { nameOf, limits, clock, onCommit } = this.options;
    const batch = this.takeBatch();
    const startMs = clock.monotonicMs();
    this.inFlight = batch;
    const byPlace = Map.groupBy(batch, ({ place }) => place);
    const topicMessages = [...Map.groupBy(byPlace, ([place]) => partsOf(place).topic)].map(
      ([topic, places]) => ({
        topic: nameOf(topic),
        messages: places.flatMap(([place, appends]) =>
          appends.flatMap(({ records }) =>
            records.map((record) => ({ ...record, partition: partsOf(place).partition })),
          ),
        ),
      }),
    );
    const sending = producer.sendBatch({
      acks: -1,
      timeout: limits.produceTimeoutMs,
      compression: kafkajs.CompressionTypes.None,
      topicMessages,
    });
    const answers = await this.inTime(sending, limits.produceTimeoutMs);
    const bases = new Map(answers.map((each) => [`${each.topicName}/${each.partition}`, each.baseOffset]));
    this.inFlight = [];
    for (const [place, appends] of byPlace) {
      const { topic, partition } = partsOf(place);
      const base = bases.get(`${nameOf(topic)}/${partition}`);
      let next = base === undefined ? NaN : Number(base);
      if (!(next >= 0)) {
        this.unsettled.push(...appends);
        continue;
      }
      for (const append of appends) {
        append.durable(next);
        next += append.records.length;
      }
      this.known.set(place, next);
    }
    if (this.unsettled.length > 0) throw new Error('Kafka acknowledged a request without saying where');
    const events = batch.reduce((sum, { records }) => sum + records.length, 0);
    onCommit?.(
      events,
      batch.reduce((sum, { bytes }) => sum + bytes, 0),
      clock.monotonicMs() - startMs,
    );
  }

  private takeBatch(): readonly LaneAppend[] {
    let bytes = 0;
    let taken = 0;
    for (const append of this.waiting) {
      if (taken > 0 && bytes + append.bytes > this.options.limits.batchBytesMax) break;
      bytes += append.bytes;
      taken++;
    }
    this.backlogBytes -= bytes;
    return this.waiting.splice(0, taken);
  }

  /** The producer's end: what it had in flight is unsettled. */
  private fail(error: unknown): void {
    if (this.failure === undefined)
      this.options.report?.(`Kafka takes no appends: ${textOf(error)}; trying again`);
    this.failure = textOf(error);
    // Who was told `unknown` already waits no longer: nothing would end the search for it while Kafka is away.
    this.unsettled.push(...this.inFlight.filter((each) => !this.told.has(each)));
    this.inFlight = [];
    this.end();
  }

  private end(): void {
    this.open?.connection.destroy();
    this.open = undefined;
  }

  /** One timer for all: the oldest append's deadline. */
  private armDeadline(oldestMs: number): void {
    const { clock, limits } = this.options;
    const inMs = Math.max(0, oldestMs + limits.appendTimeoutMs - clock.monotonicMs());
    this.cancelDeadline = clock.after(inMs, () => {
      this.cancelDeadline = undefined;
      this.endOverdue(clock.monotonicMs() - limits.appendTimeoutMs);
      const left = [...this.waiting, ...this.inFlight, ...this.unsettled].filter(
        (each) => !this.told.has(each),
      );
      const oldestMs = left.reduce((oldest, { enqueuedMs }) => Math.min(oldest, enqueuedMs), Infinity);
      if (left.length > 0) this.armDeadline(oldestMs);
    });
  }

  private endOverdue(enqueuedUntilMs: number): void {
    const { appendTimeoutMs } = this.options.limits;
    const isOverdue = ({ enqueuedMs }: LaneAppend): boolean => enqueuedMs <= enqueuedUntilMs;
    for (const append of this.waiting.filter(isOverdue)) {
      this.backlogBytes -= append.bytes;
      append.refused(`not sent within ${appendTimeoutMs} ms: ${this.failure ?? 'Kafka is too slow'}`);
    }
    this.waiting = this.waiting.filter((each) => !isOverdue(each));
    for (const append of [...this.inFlight, ...this.unsettled].filter(isOverdue)) {
      this.told.add(append);
      append.unknown(`no answer from Kafka within ${appendTimeoutMs} ms`);
    }
    this.unsettled = this.unsettled.filter((each) => !isOverdue(each));
    if (this.waiting.length === 0 && this.unsettled.length === 0) this.pause.end();
  }

  private inTime<T>(promise: Promise<T>, ms: number): Promise<T> {
    return new Promise((resolve, reject) => {
      const cancel = this.options.clock.after(ms, () => reject(new Error(`no answer within ${ms} ms`)));
      promise.then(resolve, reject).finally(cancel);
    });
  }
}
