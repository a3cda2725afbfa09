// Chronos: timers over HTTP on the log (backend.md §6). Any node sets and cancels, durable before the answer; the owner of the log's
// partition pops. What there is, each node folds for itself: so any node shows it, and a new owner has it already.
import { decideTimer, streamOfTimer, type TimerCommand } from '#libs/domain';
import { AnsweredAppends, type ComeAgain, type EventLog, type PartitionOwners } from '#libs/event-log';
import type { Clock, Random } from '#libs/runtime';
import type { TimerNode, TimersDue } from '#projections/timers-due';
import type { Callbacks } from './callback.port.js';
import { createDeadLetters, type DeadLetters } from './dead-letters.js';
import { createPopper, type Popper, type PopObserver } from './popper.js';
import { readTimerRequest, type TimerName } from './timer-request.js';

/** Shown at once, and looked at for it. */
export const SHOWN_MAX = 1_000;
const LOOKED_AT_MAX = 200_000;

/** backend.md §6.1: refused with its reason; 500 and 503 with when to come again. */
export type TimerAnswer =
  Readonly<{ status: 200; name: TimerName }> | Readonly<{ status: 400; reason: string }> | ComeAgain;

export type ShownTimer = Readonly<{
  id: string;
  /** As clients call it. */
  name: string;
  dueMs: number;
  sequence: number;
  intervalS: number;
  repeatForS: number;
  uri: string;
  tags: Readonly<Record<string, number>>;
  tries: number;
}>;

export type TimerStatistics = Readonly<{
  timers: number;
  bindings: number;
  deadLetters: number;
  callbacksUnderWay: number;
  tags: Readonly<Record<string, number>>;
}>;

export type ChronosPorts = Readonly<{
  due: TimersDue;
  caughtUp: () => Promise<void>;
  log: Pick<EventLog, 'append'>;
  owners: PartitionOwners;
  callbacks: Callbacks;
  clock: Clock;
  random: Random;
  /** Steady: a step of the machine's clock does not move it. */
  nowMs: () => number;
  timersMax: number;
  triesMax: number;
  expireUri?: string;
  observe: PopObserver;
}>;

export interface Chronos {
  /** POST without a name, PUT with one. */
  set(body: unknown, name?: TimerName): Promise<TimerAnswer>;
  cancel(name: TimerName): Promise<TimerAnswer>;
  show(id: string): ShownTimer | undefined;
  list(filter: Readonly<{ limit: number; tag?: string }>): readonly ShownTimer[];
  statistics(): TimerStatistics;
  readonly deadLetters: DeadLetters;
  readonly popper: Popper;
}

const shown = ({ id, timer, dueMs, tries }: TimerNode): ShownTimer => ({
  id,
  name: `${id}-${timer.replicationFactor}`,
  dueMs,
  sequence: timer.sequence,
  intervalS: timer.intervalS,
  repeatForS: timer.repeatForS,
  uri: timer.uri,
  tags: Object.fromEntries(timer.tags.map(({ type, count }) => [type, count])),
  tries,
});

/** Ids of 64 random bits: two nodes need not know of each other, and none comes again after a restart. */
const createIds = (random: Random): (() => string) => {
  let pool: Buffer = Buffer.alloc(0);
  let at = 0;
  return () => {
    if (at >= pool.length) {
      pool = random.bytes(4_096);
      at = 0;
    }
    at += 8;
    return pool.toString('hex', at - 8, at);
  };
};

class LoggedChronos implements Chronos {
  readonly deadLetters: DeadLetters;
  readonly popper: Popper;
  private readonly nextId: () => string;
  private readonly appends: AnsweredAppends;

  constructor(private readonly ports: ChronosPorts) {
    this.nextId = createIds(ports.random);
    this.appends = new AnsweredAppends(ports);
    this.deadLetters = createDeadLetters({ ...ports, appends: this.appends });
    this.popper = createPopper(ports);
  }

  async set(body: unknown, named?: TimerName): Promise<TimerAnswer> {
    const { nowMs, due, timersMax } = this.ports;
    const order = readTimerRequest(body, nowMs(), named?.replicationFactor);
    if (!order.ok) return { status: 400, reason: order.reason };
    if (due.timers.size >= timersMax && (named === undefined || !due.timers.has(named.id)))
      return this.appends.later(503, 'this node holds as many timers as it may');
    const name = named ?? { id: this.nextId(), replicationFactor: order.value.replicationFactor };
    return this.append(name, { type: 'SetTimer', data: order.value });
  }

  cancel(name: TimerName): Promise<TimerAnswer> {
    return this.append(name, { type: 'CancelTimer', data: { nowMs: Math.round(this.ports.nowMs()) } });
  }

  show(id: string): ShownTimer | undefined {
    const node = this.ports.due.timers.get(id);
    return node && shown(node);
  }

  list({ limit, tag }: Readonly<{ limit: number; tag?: string }>): readonly ShownTimer[] {
    const found: ShownTimer[] = [];
    let looked = 0;
    for (const node of this.ports.due.timers.values()) {
      if (found.length >= Math.min(limit, SHOWN_MAX) || ++looked > LOOKED_AT_MAX) break;
      if (tag === undefined || node.timer.tags.some(({ type }) => type === tag)) found.push(shown(node));
    }
    return found;
  }

  statistics(): TimerStatistics {
    const { due, callbacks } = this.ports;
    return {
      timers: due.timers.size,
      bindings: due.bindings.size,
      deadLetters: due.letters.size,
      callbacksUnderWay: callbacks.pending,
      tags: Object.fromEntries([...due.tags].filter(([, count]) => count > 0)),
    };
  }

  private async append(name: TimerName, command: TimerCommand): Promise<TimerAnswer> {
    const answer = await this.appends.append(streamOfTimer(name.id), decideTimer(undefined, command));
    return answer.status === 200 ? { status: 200, name } : answer;
  }
}

export const createChronos = (ports: ChronosPorts): Chronos => new LoggedChronos(ports);
