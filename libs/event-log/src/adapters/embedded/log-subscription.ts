// One in-process subscriber: reads the files until it has caught up, then gets the very objects that were appended,
// in order and only once durable. One that lags beyond its queue goes back to the files: no gap, no duplicate.
import type { Position } from '#libs/decider';
import { placeInLog } from '../../copy/original-position.js';
import type { RecordedEvent, SubscribeOptions, Subscription } from '../../event-log.port.js';

export type EventSource = Readonly<{
  /** The offset after the newest durable event. */
  nextOffset: () => number;
  /** Durable events from an offset to another, some at a time. */
  read: (from: number, upTo: number) => AsyncIterable<readonly RecordedEvent[]>;
}>;

export type SubscriptionLimits = Readonly<{ subscriberQueueMax: number; subscriberBatchMax: number }>;

type Waiter = Readonly<{ target: number; resolve: () => void; reject: (error: unknown) => void }>;

export class LogSubscription implements Subscription {
  private queue: RecordedEvent[] = [];
  /** Offset after what the queue covers; meaningful while live. */
  private queuedNext = 0;
  /** Offset of the first event not yet handed over. */
  private cursor: number;
  private handledNext: number;
  private handledPosition: Position | undefined;
  private isLive = false;
  private isStopped = false;
  private isHandling = false;
  private failure: Error | undefined;
  private waiters: Waiter[] = [];
  private wake: (() => void) | undefined;
  private readonly ended: Promise<void>;

  constructor(
    private readonly options: Pick<SubscribeOptions, 'onBatch' | 'onFailure' | 'group'>,
    private readonly source: EventSource,
    startOffset: number,
    private readonly limits: SubscriptionLimits,
    private readonly onEnd: () => void,
  ) {
    this.cursor = this.handledNext = startOffset;
    this.ended = this.run();
  }

  get position(): Position | undefined {
    return this.handledPosition;
  }

  /** Events durable and not yet handled, at most: for the lag metric. */
  get lag(): number {
    return this.source.nextOffset() - this.handledNext;
  }

  /** What became durable just now and is of this subscriber's topics; `next` is the offset after all of it. */
  offer(events: readonly RecordedEvent[], next: number): void {
    if (!this.isLive) return;
    if (this.queue.length + events.length > this.limits.subscriberQueueMax) {
      this.queue = [];
      this.isLive = false; // from `cursor` on the files have it
    } else {
      for (const event of events) this.queue.push(event);
      this.queuedNext = next;
      if (this.queue.length === 0 && !this.isHandling) this.handled(next, undefined);
    }
    if (events.length > 0) this.wakeUp();
  }

  caughtUp(): Promise<void> {
    const target = this.source.nextOffset();
    if (this.failure !== undefined) return Promise.reject(this.failure);
    if (this.handledNext >= target) return Promise.resolve();
    return new Promise((resolve, reject) => this.waiters.push({ target, resolve, reject }));
  }

  /** Waits for the batch in hand; not to be awaited by the handler itself. */
  async stop(): Promise<void> {
    this.isStopped = true;
    this.wakeUp();
    await this.ended;
  }

  private async run(): Promise<void> {
    try {
      while (!this.isStopped) {
        if (!this.isLive) await this.readFiles();
        else if (this.queue.length > 0) await this.handleQueue();
        else await new Promise<void>((resolve) => (this.wake = resolve));
      }
      this.rejectWaiters(new Error(`the subscription of ${this.options.group} was stopped`));
    } catch (error) {
      this.isStopped = true;
      this.isLive = false;
      this.failure = error as Error;
      this.rejectWaiters(error);
      if (!this.options.onFailure) throw error;
      this.options.onFailure(error);
    } finally {
      this.onEnd();
    }
  }

  private async readFiles(): Promise<void> {
    const upTo = this.source.nextOffset();
    if (this.cursor >= upTo) {
      this.isLive = true;
      this.queuedNext = upTo;
      return this.handled(upTo, undefined);
    }
    const { subscriberBatchMax } = this.limits;
    for await (const events of this.source.read(this.cursor, upTo)) {
      for (let from = 0; from < events.length; from += subscriberBatchMax) {
        if (this.isStopped) return;
        const part =
          events.length <= subscriberBatchMax ? events : events.slice(from, from + subscriberBatchMax);
        await this.handle(part, nextAfter(part));
      }
    }
    if (this.isStopped) return;
    this.cursor = upTo;
    this.handled(upTo, undefined);
  }

  private async handleQueue(): Promise<void> {
    const { subscriberBatchMax } = this.limits;
    if (this.queue.length <= subscriberBatchMax) {
      const events = this.queue;
      this.queue = [];
      return this.handle(events, this.queuedNext);
    }
    const events = this.queue.splice(0, subscriberBatchMax);
    return this.handle(events, nextAfter(events));
  }

  private async handle(events: readonly RecordedEvent[], next: number): Promise<void> {
    this.cursor = next;
    this.isHandling = true;
    const last = events.at(-1);
    // Of a copied event the position is not where to go on.
    const handling = this.options.onBatch(events, last?.standsAt);
    if (handling) await handling;
    this.isHandling = false;
    // Batches of other topics that came meanwhile count as handled too.
    this.handled(this.isLive && this.queue.length === 0 ? this.queuedNext : next, last && placeInLog(last));
  }

  private handled(next: number, position: Position | undefined): void {
    this.handledNext = next;
    if (this.isLive && this.queue.length === 0) this.cursor = next;
    if (position) this.handledPosition = position;
    if (this.waiters.length === 0) return;
    const reached = this.waiters.filter(({ target }) => target <= next);
    this.waiters = this.waiters.filter(({ target }) => target > next);
    for (const { resolve } of reached) resolve();
  }

  private rejectWaiters(error: unknown): void {
    for (const { reject } of this.waiters.splice(0)) reject(error);
  }

  private wakeUp(): void {
    const { wake } = this;
    this.wake = undefined;
    wake?.();
  }
}

const nextAfter = (events: readonly RecordedEvent[]): number => {
  const last = events.at(-1);
  return (last ? placeInLog(last).offset : 0) + 1;
};
