// The loop of every read model, written once: subscribe → fold → write → checkpoint, rebuild when the version is raised,
// wait while the store is away, and park what cannot be folded so that it holds up its own stream only.
// Runs inside an app; reads the log, writes a sink. It never sends SIP, Diameter or HTTP.
import { type Checkpoint, comparePositions } from '#libs/decider';
import {
  PositionUnknown,
  type EventLog,
  type RecordedEvent,
  type StartAt,
  type Subscription,
} from '#libs/event-log';
import { type Clock, Pause } from '#libs/runtime';
import { StoreUnavailable } from '#libs/stores';
import { PARKED_EVENTS_MAX, Parking, positionKey } from './parking.js';
import type { Projection } from './projection.js';
import { createMemoryLedger, type ParkedStream, type ProjectionLedger } from './projection-ledger.js';
import { PoisonEvent, type ProjectionSink } from './projection-sink.port.js';

/** While the store is away the projector tries again without end, at these intervals; its lag says so. */
const RETRY_MS_MIN = 100;
const RETRY_MS_MAX = 5_000;

/** How a batch went, for metrics. */
export type BatchProgress = Readonly<{
  projection: string;
  events: number;
  tookMs: number;
  /** Age of the newest event of the batch: the lag. */
  behindMs: number;
  parkedEvents: number;
}>;

export type ProjectorOptions = Readonly<{
  log: EventLog;
  clock: Clock;
  projection: Pick<Projection<never>, 'name' | 'version' | 'topics'>;
  sink: ProjectionSink;
  /** Where version and parked events are remembered; in memory when absent. */
  ledger?: ProjectionLedger;
  parkedEventsMax?: number;
  onProgress?: (progress: BatchProgress) => void;
  /** Tells the operator: a rebuild, an event parked, the store away. */
  report?: (message: string) => void;
  /** The projector has stopped for good: its app is not healthy. */
  onFailure?: (error: unknown) => void;
}>;

export interface Projector {
  readonly name: string;
  /** Resolves once the view holds every event durable at the call (parked ones aside). */
  caughtUp(): Promise<void>;
  readonly position: Checkpoint | undefined;
  readonly failure: unknown;
  parked(): readonly ParkedStream[];
  /** Folds parked events again, of one stream or all; resolves with how many are still parked. */
  replayParked(stream?: string): Promise<number>;
  /** Empties the view and folds the log from its start; caughtUp tells when it shows all again. */
  rebuild(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a projection where its view is; rebuilds it from the oldest event when the version or the log is another. */
export const startProjector = async (options: ProjectorOptions): Promise<Projector> => {
  const loop = new ProjectorLoop(options);
  await loop.start();
  return loop;
};

class ProjectorLoop implements Projector {
  readonly name: string;
  failure: unknown;
  private readonly parking: Parking;
  private readonly ledger: ProjectionLedger;
  private subscription: Subscription | undefined;
  private turn: Promise<unknown> = Promise.resolve();
  private isStopping = false;
  private readonly pause: Pause;

  constructor(private readonly options: ProjectorOptions) {
    this.name = options.projection.name;
    this.pause = new Pause(options.clock);
    this.ledger = options.ledger ?? createMemoryLedger();
    this.parking = new Parking(this.ledger, options.parkedEventsMax ?? PARKED_EVENTS_MAX);
  }

  get position(): Checkpoint | undefined {
    return this.subscription?.position;
  }

  async start(): Promise<void> {
    const { projection, sink, report, ledger } = this.options;
    const { version, parked } = await this.ledger.load();
    this.parking.load(parked);
    let checkpoint = await sink.checkpoint();
    // Without a ledger no version is known, and the view itself has to be a new one when the fold changes.
    if (ledger && version !== projection.version) {
      if (checkpoint) report?.(`${this.name}: version ${version} → ${projection.version}, rebuilding`);
      await this.empty();
      checkpoint = undefined;
    }
    try {
      await this.subscribe(checkpoint ?? 'oldest');
    } catch (error) {
      if (!(error instanceof PositionUnknown)) throw error;
      report?.(`${this.name}: ${error.message}; rebuilding`);
      await this.empty();
      await this.subscribe('oldest');
    }
  }

  caughtUp(): Promise<void> {
    return this.subscription?.caughtUp() ?? Promise.reject(new Error(`${this.name} has not started`));
  }

  parked(): readonly ParkedStream[] {
    return this.parking.list();
  }

  async replayParked(stream?: string): Promise<number> {
    const streams = stream === undefined ? this.parking.list().map((parked) => parked.stream) : [stream];
    for (const each of streams) await this.inTurn(() => this.replay(each));
    return this.parking.events;
  }

  async rebuild(): Promise<void> {
    await this.subscription?.stop();
    await this.inTurn(() => this.empty());
    await this.subscribe('oldest');
  }

  async stop(): Promise<void> {
    this.isStopping = true;
    this.pause.end();
    await this.subscription?.stop();
    await this.turn.catch(() => undefined);
  }

  private async empty(): Promise<void> {
    await this.options.sink.clear();
    await this.parking.clear();
    await this.ledger.setVersion(this.options.projection.version);
  }

  private async subscribe(startAt: StartAt): Promise<void> {
    const { log, projection, onFailure } = this.options;
    this.subscription = await log.subscribe({
      topics: projection.topics,
      group: this.name,
      startAt,
      onBatch: (events, checkpoint) => this.inTurn(() => this.take(events, checkpoint)),
      onFailure: (error) => {
        if (this.isStopping && error instanceof Stopped) return;
        this.failure = error;
        onFailure?.(error);
      },
    });
  }

  /** Batches and replays one after the other. */
  private inTurn<T>(run: () => Promise<T>): Promise<T> {
    const done = this.turn.then(run, run);
    this.turn = done.catch(() => undefined);
    return done;
  }

  private async take(events: readonly RecordedEvent[], upTo: Checkpoint | undefined): Promise<void> {
    const { clock, onProgress } = this.options;
    const startMs = clock.monotonicMs();
    const newest = events.at(-1);
    const checkpoint = upTo ?? newest?.position;
    if (checkpoint) await this.fold(events, checkpoint);
    if (!newest) return;
    onProgress?.({
      projection: this.name,
      events: events.length,
      tookMs: clock.monotonicMs() - startMs,
      behindMs: Math.max(0, clock.nowMs() - newest.timeMs),
      parkedEvents: this.parking.events,
    });
  }

  /** Folds what can be folded, parks the rest, and only then moves the checkpoint past both. */
  private async fold(events: readonly RecordedEvent[], checkpoint: Checkpoint): Promise<void> {
    let left = await this.withoutParked(events);
    for (;;) {
      const poison = await this.tryApply(left, checkpoint);
      if (!poison) return;
      // A sink that cannot name the event finds it alone in a batch of its own.
      if (poison.recorded) left = await this.withoutPoison(left, poison.recorded, poison.reason);
      else return this.foldSingly(left, checkpoint);
    }
  }

  private async foldSingly(events: readonly RecordedEvent[], checkpoint: Checkpoint): Promise<void> {
    let left = events;
    for (;;) {
      const [next, ...rest] = left;
      if (!next) break;
      const poison = await this.tryApply([next], undefined);
      left = poison ? await this.withoutPoison(left, next, poison.reason) : rest;
    }
    await this.retrying(() => this.options.sink.apply([], checkpoint));
  }

  private async tryApply(
    events: readonly RecordedEvent[],
    checkpoint: Checkpoint | undefined,
  ): Promise<{ recorded: RecordedEvent | undefined; reason: string } | undefined> {
    try {
      await this.retrying(() => this.options.sink.apply(events, checkpoint));
      return undefined;
    } catch (error) {
      if (error instanceof Stopped || events.length === 0) throw error;
      return { recorded: error instanceof PoisonEvent ? error.recorded : undefined, reason: String(error) };
    }
  }

  /** Parks what belongs behind parked events or cannot be read at all; the rest is left. */
  private async withoutParked(events: readonly RecordedEvent[]): Promise<readonly RecordedEvent[]> {
    let left = events;
    for (const recorded of events) {
      const reason = recorded.unreadable ?? this.parking.reasonFor(recorded);
      if (reason !== undefined && left.includes(recorded))
        left = await this.withoutPoison(left, recorded, reason);
    }
    return left;
  }

  /** Parks an event and what follows it in its stream; what precedes it there stays. */
  private async withoutPoison(
    events: readonly RecordedEvent[],
    poison: RecordedEvent,
    reason: string,
  ): Promise<readonly RecordedEvent[]> {
    const { clock, report } = this.options;
    const isBehind = (recorded: RecordedEvent): boolean =>
      recorded.stream === poison.stream && comparePositions(recorded.position, poison.position) >= 0;
    if (!this.parking.has(poison.stream)) report?.(`${this.name}: parked ${poison.stream}: ${reason}`);
    await this.retrying(() =>
      this.parking.add(poison.stream, events.filter(isBehind), reason, clock.nowMs()),
    );
    return events.filter((recorded) => !isBehind(recorded));
  }

  private async replay(stream: string): Promise<void> {
    const parked = this.parking.get(stream);
    if (!parked) return;
    const wanted = new Set(parked.positions.map(positionKey));
    let done = 0;
    for await (const recorded of this.options.log.read(stream)) {
      if (!wanted.has(positionKey(recorded.position))) continue;
      const poison = await this.tryApply([recorded], undefined);
      if (poison) return this.parking.leave(stream, done, poison.reason);
      done++;
    }
    // Fewer than were parked: the log kept some no longer, and there is nothing left to fold.
    await this.parking.leave(stream, parked.positions.length);
  }

  /** Runs until the store answers. */
  private async retrying(run: () => Promise<void>): Promise<void> {
    for (let waitMs = RETRY_MS_MIN; ; waitMs = Math.min(waitMs * 2, RETRY_MS_MAX)) {
      if (this.isStopping && waitMs > RETRY_MS_MIN) throw new Stopped();
      try {
        return await run();
      } catch (error) {
        if (!(error instanceof StoreUnavailable)) throw error;
        this.options.report?.(`${this.name}: ${error.message}; trying again`);
        await this.pause.wait(waitMs);
      }
    }
  }
}

/** The projector was told to stop while the store was away. */
class Stopped extends Error {}
