// The streams whose appends name a revision: sent like any other, and then waited for where this process reads them back, since the verdict is
// what every node's fold says (docs/architecture.md §2, expect). Used by kafka.event-log.ts.
import type { Position } from '#libs/decider';
import type { Clock } from '#libs/runtime';
import {
  AppendRefused,
  AppendUnknown,
  RevisionConflict,
  type AppendOptions,
  type DomainEvent,
  type RecordedEvent,
} from '../../event-log.port.js';
import { positionsOf, type AppendRequest } from './append-request.js';
import type { FetchedRecord } from './cloud-events.js';
import type { Verdict } from './expect-fold.js';
import type { ExpectView } from './expect-view.js';
import { textOf } from './kafka-connection.js';
import type { KafkaLimits } from './limits.js';
import type { KafkaLogReader } from './log-reader.js';
import type { Place } from './partitions.js';

export type JudgedStreamsOptions = Readonly<{
  generation: number;
  clock: Clock;
  limits: KafkaLimits;
  expects: ExpectView;
  reader: KafkaLogReader;
  /** Puts an append on its way. Throws AppendRefused. */
  send: (stream: string, events: readonly DomainEvent[], options: AppendOptions) => AppendRequest;
  decode: (place: Place, records: readonly FetchedRecord[]) => Promise<readonly RecordedEvent[]>;
}>;

export class JudgedStreams {
  constructor(private readonly options: JudgedStreamsOptions) {}

  /** An append whose verdict every node comes to by itself: sent, and then waited for where this process reads it back. */
  async append(
    stream: string,
    place: Place,
    events: readonly DomainEvent[],
    options: AppendOptions,
  ): Promise<readonly Position[]> {
    const { clock, expects, limits, send } = this.options;
    const deadlineMs = clock.monotonicMs() + limits.appendTimeoutMs;
    await this.before(deadlineMs, expects.ready());
    const fold = expects.foldOf(place);
    const known = fold.verdictOfKey({ stream, idempotencyKey: options.idempotencyKey });
    if (known) return this.answerOf(known, stream, place);
    const { expected } = options;
    if (expected !== undefined && fold.revisionOf(stream) < expected)
      await this.before(deadlineMs, expects.caughtUp(place));
    // Revisions only rise: behind it is final. Ahead of what was caught up with, it names events that nobody has seen.
    if (expected !== undefined && fold.revisionOf(stream) !== expected)
      throw new RevisionConflict(stream, expected, fold.revisionOf(stream));
    if (events.length === 0) return [];
    if (expects.waiting >= limits.verdictWaitersMax)
      throw new AppendRefused('too many appends wait for their verdict');
    const request = send(stream, events, options);
    return new Promise((resolve, reject) => {
      const end = (): void => {
        forget();
        cancel();
      };
      const forget = expects.onVerdict(request.firstId, (verdict) => {
        end();
        this.answerOf(verdict, stream, place).then(resolve, reject);
      });
      const cancel = clock.after(Math.max(0, deadlineMs - clock.monotonicMs()), () => {
        end();
        reject(new AppendUnknown(`no verdict within ${limits.appendTimeoutMs} ms`));
      });
      // What was never sent has no verdict; what is unknown may still have one, up to the deadline.
      request.answered.catch((error: unknown) => {
        if (!(error instanceof AppendRefused)) return;
        end();
        reject(error);
      });
    });
  }

  private answerOf(verdict: Verdict, stream: string, place: Place): Promise<readonly Position[]> {
    return verdict.kind === 'accepted'
      ? Promise.resolve(positionsOf(this.options.generation, place, verdict.first, verdict.count))
      : Promise.reject(new RevisionConflict(stream, verdict.expected, verdict.actual));
  }

  /** The accepted events of a stream. */
  async *read(stream: string, place: Place, fromRevision: number): AsyncGenerator<RecordedEvent> {
    const { expects, reader, decode } = this.options;
    await expects.caughtUp(place);
    const offsets = expects
      .foldOf(place)
      .acceptedOffsets(stream)
      .slice(Math.max(0, fromRevision - 1));
    for (let at = 0; at < offsets.length;) {
      const [first, last] = [offsets[at] ?? 0, offsets.at(-1) ?? 0];
      // What comes with one fetch is used as far as it goes; then the next event is fetched where it is.
      const fetched = await reader.range(place, first, last + 1).next();
      const records = fetched.done === true ? [] : fetched.value.filter((record) => isOf(record, stream));
      const events = await decode(place, records);
      if (events.length === 0)
        throw new Error(`${stream}: the event at ${place} ${first} is no longer in the log`);
      for (const recorded of events) {
        if (recorded.unreadable !== undefined) throw new Error(recorded.unreadable);
        yield recorded;
      }
      at += events.length;
    }
  }

  /** What goes before an append is sent: without it nothing is. */
  private async before(deadlineMs: number, ready: Promise<void>): Promise<void> {
    const { clock } = this.options;
    await new Promise<void>((resolve, reject) => {
      const refuse = (reason: string): void =>
        reject(new AppendRefused(`the verdicts cannot be read: ${reason}`));
      const cancel = clock.after(Math.max(0, deadlineMs - clock.monotonicMs()), () =>
        refuse('Kafka is too slow'),
      );
      ready.then(resolve, (error: unknown) => refuse(textOf(error))).finally(cancel);
    });
  }
}

export const isOf = (record: FetchedRecord, stream: string): boolean => record.key?.toString() === stream;
