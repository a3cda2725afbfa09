// What happens to an append before it waits for the disk: revisions are checked, repeats get their verdict, lines are made.
// Between the port (embedded.event-log.ts) and the group commit.
import type { Position } from '#libs/decider';
import type { Clock } from '#libs/runtime';
import {
  AppendRefused,
  AppendUnknown,
  RevisionConflict,
  type AppendOptions,
  type DomainEvent,
  type Topic,
} from '../../event-log.port.js';
import { Answer, AppendRequest } from './append-request.js';
import type { GroupCommit } from './group-commit.js';
import type { EmbeddedLimits } from './limits.js';
import type { Revisions } from './revisions.js';
import { EXPECT_BITS, TOPIC_BIT } from './segments/record-format.js';
import { topicOf } from './topic-of.js';
import type { Verdict, Verdicts } from './verdicts.js';

const EVENTS_PER_APPEND_MAX = 1_000;
/** Appends that lost a race and wait for the winner to be durable; more are refused. */
const LOSERS_WAITING_MAX = 1_000;

export type AppendIntakeOptions = Readonly<{
  generation: number;
  limits: EmbeddedLimits;
  clock: Clock;
  commit: GroupCommit<AppendRequest>;
  revisions: Revisions;
  verdicts: Verdicts;
  /** With a number behind it, the id of an event. */
  idPrefix: string;
  versionOf: ((stream: string, type: string) => number) | undefined;
}>;

type Append = Readonly<{
  stream: string;
  events: readonly DomainEvent[];
  options: AppendOptions;
  answer: Answer;
}>;

export class AppendIntake {
  private ids = 0;
  private losersWaiting = 0;
  private isClosed = false;

  constructor(private readonly options: AppendIntakeOptions) {}

  /** From here on every append is refused. */
  close(): void {
    this.isClosed = true;
  }

  append(
    stream: string,
    events: readonly DomainEvent[],
    options: AppendOptions,
  ): Promise<readonly Position[]> {
    let verdict: Verdict | undefined;
    if (options.idempotencyKey !== undefined) {
      const key = `${stream}\n${options.idempotencyKey}`;
      const known = this.options.verdicts.get(key);
      if (known) return this.withDeadline(known);
      if (events.length > 0) verdict = this.options.verdicts.begin(key);
    }
    return new Promise((resolve, reject) => {
      this.take({ stream, events, options, answer: new Answer(resolve, reject, verdict) });
    });
  }

  private take(append: Append): void {
    const { stream, events, options, answer } = append;
    try {
      const topic = topicOf(stream);
      const isExpect = (TOPIC_BIT[topic] & EXPECT_BITS) !== 0;
      if (this.isClosed) throw new AppendRefused('the log is closed');
      if (events.length > EVENTS_PER_APPEND_MAX) {
        throw new AppendRefused(`more than ${EVENTS_PER_APPEND_MAX} events`, true);
      }
      if (options.expected !== undefined) {
        if (!isExpect) throw new Error(`${stream} keeps no revisions, so nothing can be expected of it`);
        const { revisions } = this.options;
        if (revisions.claimed(stream) !== options.expected) {
          if (revisions.isPending(stream)) return this.takeLater(append);
          return answer.rejected(new RevisionConflict(stream, options.expected, revisions.of(stream)));
        }
      }
      if (events.length === 0) return answer.appended([]);
      this.enqueue(append, topic, isExpect);
    } catch (error) {
      answer.refused(error instanceof Error ? error : new Error(String(error)));
    }
  }

  private enqueue({ stream, events, options, answer }: Append, topic: Topic, isExpect: boolean): void {
    const { generation, limits, clock, commit, revisions, idPrefix, versionOf } = this.options;
    const request = new AppendRequest({
      generation,
      stream,
      topic,
      events,
      options,
      timeMs: clock.nowMs(),
      enqueuedMs: clock.monotonicMs(),
      idPrefix,
      firstId: this.ids,
      revision: isExpect ? revisions.claimed(stream) + 1 : undefined,
      versionOf,
      answer,
    });
    if (request.bytes > limits.appendBytesMax) throw new AppendRefused('the events are too large', true);
    const refusal = commit.refusal(request.bytes);
    if (refusal !== undefined) throw new AppendRefused(refusal);
    this.ids += events.length;
    if (isExpect) revisions.claim(stream, events.length);
    commit.add(request);
  }

  /** A conflict is answered only once what it lost against is settled: a retry must find the winner when it reads. */
  private takeLater(append: Append): void {
    const { clock, limits, revisions } = this.options;
    if (this.losersWaiting >= LOSERS_WAITING_MAX)
      throw new AppendRefused('too many appends to contended streams');
    this.losersWaiting++;
    let isWaiting = true;
    const end = (): boolean => {
      const wasWaiting = isWaiting;
      if (isWaiting) this.losersWaiting--;
      isWaiting = false;
      return wasWaiting;
    };
    const cancel = clock.after(limits.appendTimeoutMs, () => {
      end();
      append.answer.refused(new AppendRefused('another append to the stream does not become durable'));
    });
    revisions.whenSettled(append.stream, () => {
      cancel();
      if (end()) this.take(append);
    });
  }

  private withDeadline(verdict: Promise<readonly Position[]>): Promise<readonly Position[]> {
    const { clock, limits } = this.options;
    return new Promise((resolve, reject) => {
      const cancel = clock.after(limits.appendTimeoutMs, () =>
        reject(new AppendUnknown(`no verdict after ${limits.appendTimeoutMs} ms`)),
      );
      void verdict.then(resolve, reject).finally(cancel);
    });
  }
}
