// One node's side of the twin of a distributed log (log-cluster.ts): its requests take time, or get lost on the way there or back;
// its subscriptions lag, and are told again what they were told. Nothing of it goes on once the node's life has ended.
import type { Position } from '#libs/decider';
import {
  AppendRefused,
  AppendUnknown,
  type EventLog,
  type RecordedEvent,
  type SubscribeOptions,
  type Subscription,
} from '#libs/event-log';
import type { WorldLog } from '../core.js';
import { Life } from '../life.js';
import { checkpointOf, type Cursors, type LogCluster } from './log-cluster.js';

/** As the product's: by then a request is answered unknown. */
const APPEND_TIMEOUT_MS = 2_000;
const REQUEST_MS_MAX = 12;
const ANSWER_MS_MAX = 4;
/** How long a reader hears nothing, when it lags. */
const LAG_MS_MAX = 4_000;
const USUAL_LAG_MS_MAX = 15;
const BATCH_MAX = 4;
/** Records of a place that are told once more, as to a new owner. */
const AGAIN_MAX = 6;
const TAKEOVER_BATCHES = 4;
const TAKEOVER_LAG_CHANCE = 0.4;

/** Groups that are read at this moment, by how many: more than one takes itself for the owner. */
export type Owners = Map<string, number>;

export const logClient = (cluster: LogCluster, life: Life, owners: Owners): EventLog => {
  const { clock, random, counts } = cluster.options;
  const wait = (ms: number): Promise<void> =>
    new Promise((resolve) => void clock.after(ms, () => life.ended || resolve()));

  const append: EventLog['append'] = async (stream, events, options = {}) => {
    if (events.length === 0) return [];
    const { weather } = cluster;
    if (weather.isAway && random.chance(0.5)) throw new AppendRefused('the brokers cannot be reached');
    const isUnknown = weather.isAway || random.chance(weather.unknown);
    const outcome = Promise.withResolvers<readonly Position[]>();
    // On its way it is nobody's any more: it arrives also when its node has died meanwhile.
    const arrives = !isUnknown || random.chance(0.5);
    const requestMs = random.integer(isUnknown ? APPEND_TIMEOUT_MS : REQUEST_MS_MAX);
    if (arrives)
      clock.after(requestMs, () => {
        try {
          outcome.resolve(cluster.write(stream, events, options));
        } catch (error) {
          outcome.reject(error);
        }
      });
    if (!isUnknown) {
      const positions = await outcome.promise;
      await wait(random.integer(ANSWER_MS_MAX));
      return positions;
    }
    counts.unknownOutcome++;
    outcome.promise.catch(() => undefined);
    await wait(APPEND_TIMEOUT_MS);
    throw new AppendUnknown(`no answer within ${APPEND_TIMEOUT_MS} ms`);
  };

  return {
    append: (...asked) => life.of(() => append(...asked)),
    async *read(stream, from = 1) {
      yield* cluster.stream(stream, from);
    },
    async *readAll(topics, startAt) {
      const ends = cluster.ends(topics);
      for (const [place, from] of cluster.cursorsAt(topics, startAt))
        yield* cluster.at(place, from, ends.get(place)! - from);
    },
    subscribe: (options) =>
      Promise.resolve().then(() => new Reader(cluster, life, owners, options).subscription),
    close: () => Promise.resolve(),
  };
};

/** The log as it is, for who provisions and who checks: at once, and without what goes wrong on the way. */
export const plainLog = (cluster: LogCluster): WorldLog => {
  const life = new Life();
  return {
    ...logClient(cluster, life, new Map()),
    append: (stream, events, options = {}) =>
      Promise.resolve().then(() => cluster.write(stream, events, options)),
    head: undefined,
    health: () => ({ ok: true }),
  };
};

class Reader {
  readonly #cursors: Cursors;
  #isStopped = false;
  #isRunning = false;
  #failure: Error | undefined;
  /** Batches in which a new owner may be slow: it has only begun. */
  #afterTakeover = 0;
  readonly #waiters = new Set<() => void>();
  readonly #forget: () => void;
  #working: Promise<void> = Promise.resolve();

  constructor(
    private readonly cluster: LogCluster,
    private readonly life: Life,
    private readonly owners: Owners,
    private readonly options: SubscribeOptions,
  ) {
    this.#cursors = cluster.cursorsAt(options.topics, options.startAt);
    this.#forget = cluster.onWritten(() => this.#wake());
    this.#count(1);
    life.onEnd(() => this.#stop());
    this.#wake();
  }

  get subscription(): Subscription {
    const cursors = this.#cursors;
    return {
      caughtUp: () => this.#caughtUp(),
      get position() {
        return checkpointOf(cursors);
      },
      stop: () => {
        this.#stop();
        return this.#working;
      },
    };
  }

  #stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#forget();
    this.#count(-1);
  }

  #count(more: number): void {
    const { group } = this.options;
    this.owners.set(group, (this.owners.get(group) ?? 0) + more);
  }

  #wake(): void {
    if (this.#isRunning || this.#isStopped) return;
    const { clock, random, counts } = this.cluster.options;
    this.#isRunning = true;
    const lags = random.chance(this.#afterTakeover-- > 0 ? TAKEOVER_LAG_CHANCE : this.cluster.weather.lag);
    if (lags) counts.readerLag++;
    clock.after(random.integer(lags ? LAG_MS_MAX : USUAL_LAG_MS_MAX), () => {
      if (!this.#isStopped) this.#working = this.#handle();
    });
  }

  async #handle(): Promise<void> {
    const { counts, random } = this.cluster.options;
    for (const [place, from] of [...this.#cursors]) {
      const events = this.cluster.at(place, from, 1 + random.integer(BATCH_MAX));
      if (events.length === 0 || this.#isStopped) continue;
      this.#cursors.set(place, from + events.length);
      if ((this.owners.get(this.options.group) ?? 0) > 1) counts.twoOwners++;
      if (!(await this.#tell(events))) return;
      this.#againFrom(place, from);
    }
    this.#isRunning = false;
    for (const done of [...this.#waiters]) done();
    for (const [place, end] of this.cluster.ends(this.options.topics))
      if (this.#cursors.get(place)! < end) return this.#wake();
  }

  /** Some of it will be told once more, in order, and nothing is left out. */
  #againFrom(place: string, from: number): void {
    const { random, counts } = this.cluster.options;
    if (!random.chance(this.cluster.weather.again)) return;
    counts.duplicateDelivery++;
    this.#afterTakeover = TAKEOVER_BATCHES;
    this.#cursors.set(place, Math.max(0, from - random.integer(AGAIN_MAX)));
  }

  async #tell(events: readonly RecordedEvent[]): Promise<boolean> {
    try {
      await this.options.onBatch(events, checkpointOf(this.#cursors));
      return !this.life.ended;
    } catch (error) {
      this.#failure = error instanceof Error ? error : new Error(String(error));
      this.#stop();
      if (!this.life.ended) this.options.onFailure?.(error);
      return false;
    }
  }

  #caughtUp(): Promise<void> {
    const ends = this.cluster.ends(this.options.topics);
    const isDone = (): boolean => [...ends].every(([place, end]) => this.#cursors.get(place)! >= end);
    if (isDone() && !this.#isRunning) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const look = (): void => {
        if (this.#failure !== undefined) reject(this.#failure);
        else if (!isDone()) return;
        else resolve();
        this.#waiters.delete(look);
      };
      this.#waiters.add(look);
      this.#wake();
    });
  }
}
