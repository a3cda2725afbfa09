// The verdicts of the expect topics in this process: follows them from their start, folds them (expect-fold.ts), and tells those who wait.
// Every append, read and subscription of provisioning and accounts asks here which events are accepted (docs/architecture.md §2).
import type { Clock } from '#libs/runtime';
import type { Topic } from '../../event-log.port.js';
import { decodeHead, type FetchedRecord } from './cloud-events.js';
import { ExpectFold, type Verdict } from './expect-fold.js';
import { Follower, type FollowerOptions } from './follower.js';
import type { KafkaLimits } from './limits.js';
import type { KafkaLogReader } from './log-reader.js';
import { placesOf, type Place } from './partitions.js';

/** Topics whose events are accepted only at the revision that they expect. */
export const EXPECT_TOPICS: readonly Topic[] = ['provisioning', 'accounts'];
export const isExpectTopic = (topic: Topic): boolean => EXPECT_TOPICS.includes(topic);

export type ExpectViewOptions = Pick<FollowerOptions, 'connect' | 'nameOf' | 'report'> &
  Readonly<{ reader: KafkaLogReader; partitions: number; limits: KafkaLimits; clock: Clock }>;

type Waiter = Readonly<{ place: Place; next: number; resolve: () => void; reject: (error: unknown) => void }>;

export class ExpectView {
  private readonly folds: ReadonlyMap<Place, ExpectFold>;
  private readonly verdictWaiters = new Map<string, (verdict: Verdict) => void>();
  private waiters: Waiter[] = [];
  /** The offset after what is folded, by place. */
  private readonly folded = new Map<Place, number>();
  private follower: Follower | undefined;
  private starting: Promise<void> | undefined;
  private failure: Error | undefined;

  constructor(private readonly options: ExpectViewOptions) {
    const places = placesOf(EXPECT_TOPICS, options.partitions);
    this.folds = new Map(places.map((place) => [place, new ExpectFold(options.limits.verdictsMax)]));
  }

  /** Starts it, the first time; resolves when it has folded all that was there at the call. */
  ready(): Promise<void> {
    if (this.failure !== undefined) return Promise.reject(this.failure);
    this.starting ??= this.start().catch((error: unknown) => {
      this.starting = undefined;
      throw error;
    });
    return this.starting;
  }

  /** Resolves when everything durable at the call is folded. */
  async caughtUp(place: Place): Promise<void> {
    await this.ready();
    const ends = await this.options.reader.ends(EXPECT_TOPICS);
    await this.passed(place, ends.get(place) ?? 0);
  }

  /** Resolves when every record of a place before an offset is folded; rejects when the caller gives up, or nothing is folded any more. */
  passed(place: Place, next: number, givesUp?: AbortSignal): Promise<void> {
    if (this.failure !== undefined) return Promise.reject(this.failure);
    this.follow();
    if ((this.folded.get(place) ?? 0) >= next) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        place,
        next,
        resolve: () => {
          givesUp?.removeEventListener('abort', end);
          resolve();
        },
        reject,
      };
      const end = (): void => {
        this.waiters = this.waiters.filter((each) => each !== waiter);
        reject(new Error(`${place}: the caller no longer waits`));
      };
      if (givesUp?.aborted === true) return end();
      givesUp?.addEventListener('abort', end, { once: true });
      this.waiters.push(waiter);
    });
  }

  foldOf(place: Place): ExpectFold {
    const fold = this.folds.get(place);
    if (!fold) throw new Error(`${place} has no revisions`);
    return fold;
  }

  get waiting(): number {
    return this.verdictWaiters.size;
  }

  /** Calls back with the verdict on an append, once it is known; the function returned forgets it. */
  onVerdict(appendId: string, tell: (verdict: Verdict) => void): () => void {
    this.verdictWaiters.set(appendId, tell);
    return () => this.verdictWaiters.delete(appendId);
  }

  async stop(): Promise<void> {
    // First those who wait: what they wait for does not come while Kafka is away.
    this.fail(new Error('the log is closed'));
    await this.follower?.stop();
  }

  private async start(): Promise<void> {
    const ends = await this.options.reader.ends(EXPECT_TOPICS);
    await Promise.all([...ends].map(([place, end]) => this.passed(place, end)));
  }

  private follow(): void {
    const { connect, nameOf, limits, clock, report, partitions } = this.options;
    this.follower ??= new Follower({
      connect,
      nameOf,
      limits,
      clock,
      report,
      from: new Map(placesOf(EXPECT_TOPICS, partitions).map((place) => [place, 0])),
      onRecords: (place, records) => this.fold(place, records),
      onFailure: (error) => this.fail(error),
    });
  }

  private fold(place: Place, records: readonly FetchedRecord[]): void {
    const fold = this.foldOf(place);
    for (const record of records) {
      const head = decodeHead(record);
      if (!head) continue;
      const verdict = fold.take(head, Number(record.offset));
      if (verdict && this.verdictWaiters.size > 0) this.verdictWaiters.get(head.appendId)?.(verdict);
    }
    const last = records.at(-1);
    if (!last) return;
    const next = Number(last.offset) + 1;
    this.folded.set(place, next);
    if (this.waiters.length === 0) return;
    const reached = this.waiters.filter((each) => each.place === place && each.next <= next);
    this.waiters = this.waiters.filter((each) => !reached.includes(each));
    for (const { resolve } of reached) resolve();
  }

  private fail(error: unknown): void {
    this.failure ??= error instanceof Error ? error : new Error(String(error));
    for (const { reject } of this.waiters.splice(0)) reject(this.failure);
  }
}
