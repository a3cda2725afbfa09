// What is due is popped: the callback, then the event that says what became of it (docs/architecture.md §2, Own; backend.md §6.2).
// At least once: an event that could not be written is tried again, a callback that may have been taken comes again after a crash with
// the number that it had. Only the owner of a timer's partition pops it; the others look again a little later, and find it popped.
import { comparePositions } from '#libs/decider';
import {
  decideTimer,
  dueMsOf,
  nextSequence,
  popsOf,
  type RunningTimer,
  streamOfRegistration,
  streamOfTimer,
  type TimerCommand,
} from '#libs/domain';
import type { EventLog, PartitionOwners } from '#libs/event-log';
import type { Clock, Random } from '#libs/runtime';
import type { BindingNode, Due, TimerNode, TimersDue } from '#projections/timers-due';
import type { CallbackOutcome, Callbacks } from './callback.port.js';

/** Taken from the wheel before the event loop turns. */
const PORTION_MAX = 1_000;
/** The wheel is looked at no less often: time is not to be trusted for longer. */
const LOOK_MS_MAX = 1_000;
/** What is due and another's to pop is looked at again: it is gone then, or its owner is. */
export const LOOK_AGAIN_MS = 500;
/** After a partition came here its former owner may have had a callback under way. */
export const SETTLE_MS = 500;
/** Pauses between tries, doubled up to the longest, ± a fifth. */
const [BACK_OFF_MS, BACK_OFF_MS_MAX, BACK_OFF_SPREAD] = [1_000, 30_000, 0.2];
/** An event that was refused is written again after this. */
const RECORD_AGAIN_MS = 1_000;
/** As many wait for one host as may: the timer comes again. */
const BUSY_MS = 1_000;
/** A router that did not expire what lapsed is told again. */
const EXPIRE_AGAIN_MS = 5_000;

export type PopperPorts = Readonly<{
  due: TimersDue;
  /** Resolves when what the log holds by now is folded. */
  caughtUp: () => Promise<void>;
  log: Pick<EventLog, 'append'>;
  owners: PartitionOwners;
  callbacks: Callbacks;
  clock: Clock;
  random: Random;
  nowMs: () => number;
  triesMax: number;
  /** Tells a router that bindings have lapsed; absent where they are not Chronos' business. */
  expireUri?: string;
  observe: PopObserver;
}>;

export interface PopObserver {
  popped(lateMs: number): void;
  failed(reason: string): void;
  gaveUp(timer: string, reason: string): void;
  notRecorded(error: unknown): void;
}

export interface Popper {
  start(): void;
  /** Takes nothing more; what is under way goes on. */
  stop(): void;
  /** Callbacks under way, and events not written yet. */
  readonly pending: number;
}

class DuePopper implements Popper {
  pending = 0;
  private cancel: (() => void) | undefined;
  private wakeMs = Infinity;
  private isRunning = false;
  private readonly settling = new Set<number>();
  private unlisten: (() => void) | undefined;

  constructor(private readonly ports: PopperPorts) {}

  start(): void {
    const { due, owners } = this.ports;
    this.isRunning = true;
    this.unlisten = owners.onChange(({ gained }) => {
      // One alone owns all from the start: nobody else had anything under way.
      if (owners.partitions > 1) this.settle(gained);
    });
    due.onSooner = (atMs) => {
      if (atMs < this.wakeMs) this.wakeAt(atMs);
    };
    this.look();
  }

  stop(): void {
    this.isRunning = false;
    this.cancel?.();
    this.unlisten?.();
    this.ports.due.onSooner = undefined;
  }

  /** Not before all is folded that the former owner has said, and a moment more. */
  private settle(gained: readonly number[]): void {
    const { clock, caughtUp } = this.ports;
    for (const partition of gained) this.settling.add(partition);
    const settled = (): void => {
      for (const partition of gained) this.settling.delete(partition);
    };
    clock.after(SETTLE_MS, () => void caughtUp().then(settled, settled));
  }

  private look(): void {
    const { due, clock } = this.ports;
    this.wakeMs = -Infinity;
    due.take((node) => this.pop(node), PORTION_MAX);
    if (!this.isRunning) return;
    this.wakeMs = Infinity;
    this.wakeAt(Math.min(due.nextMs() ?? Infinity, this.ports.nowMs() + LOOK_MS_MAX), clock);
  }

  private wakeAt(atMs: number, clock = this.ports.clock): void {
    this.cancel?.();
    this.wakeMs = atMs;
    this.cancel = clock.after(Math.max(0, Math.ceil(atMs - this.ports.nowMs())), () => this.look());
  }

  private pop(node: Due): void {
    const { owners, due, nowMs } = this.ports;
    const stream = node.kind === 'timer' ? streamOfTimer(node.id) : streamOfRegistration(node.aor);
    const partition = owners.partitionOf(stream);
    if (!owners.owns(partition) || this.settling.has(partition))
      return due.placeAt(node, nowMs() + LOOK_AGAIN_MS);
    if (node.kind === 'timer') this.popTimer(node, stream);
    else this.popBindings(node);
  }

  private popTimer(node: TimerNode, stream: string): void {
    const { callbacks, due, nowMs } = this.ports;
    const { timer } = node;
    const sequence = nextSequence(timer);
    const sent = callbacks.send(timer.uri, sequence, timer.opaque);
    if (sent === undefined) return due.placeAt(node, nowMs() + BUSY_MS);
    if (node.tries === 0) this.ports.observe.popped(nowMs() - dueMsOf(timer, sequence));
    this.pending++;
    void sent.then((outcome) => {
      this.pending--;
      if (this.isStill(node, timer)) this.callbackOver(node, stream, sequence, outcome);
    });
  }

  /** Neither set anew, nor cancelled, nor told of by another node meanwhile. */
  private isStill(node: TimerNode, { setAt, sequence }: RunningTimer): boolean {
    const now = node.timer;
    const isKept = this.ports.due.timers.get(node.id) === node;
    return isKept && now.sequence === sequence && comparePositions(now.setAt, setAt) === 0;
  }

  private callbackOver(node: TimerNode, stream: string, sequence: number, outcome: CallbackOutcome): void {
    const { due, random, triesMax, observe, nowMs: now } = this.ports;
    const nowMs = Math.round(now());
    if (outcome.ok) return this.record(node, stream, { type: 'Deliver', data: { sequence, nowMs } });
    node.tries++;
    const { tries } = node;
    const { reason } = outcome;
    observe.failed(reason);
    const spread = 1 + BACK_OFF_SPREAD * (2 * random.fraction() - 1);
    const nextTryMs = nowMs + Math.min(BACK_OFF_MS * 2 ** (tries - 1), BACK_OFF_MS_MAX) * spread;
    const { timer } = node;
    // The next callback takes the place of one that nobody takes: so the timer keeps its time.
    const isOvertaken = sequence < popsOf(timer) && dueMsOf(timer, sequence + 1) <= nextTryMs;
    if (tries < triesMax && !isOvertaken) return due.placeAt(node, nextTryMs);
    observe.gaveUp(node.id, reason);
    this.record(node, stream, { type: 'GiveUp', data: { sequence, nowMs, tries, reason } });
  }

  /** The fold then moves the timer on. What is not written is written later: the callback is not made again for it. */
  private record(node: TimerNode, stream: string, command: TimerCommand): void {
    const { log, clock, observe } = this.ports;
    const { timer } = node;
    const events = decideTimer(timer, command);
    if (events.length === 0) return;
    this.pending++;
    log.append(stream, events).then(
      () => void this.pending--,
      (error: unknown) => {
        this.pending--;
        observe.notRecorded(error);
        clock.after(RECORD_AGAIN_MS, () => {
          if (this.isRunning && this.isStill(node, timer)) this.record(node, stream, command);
        });
      },
    );
  }

  private popBindings(node: BindingNode): void {
    const { callbacks, due, expireUri = '', nowMs, observe } = this.ports;
    const sent = callbacks.send(expireUri, 1, JSON.stringify({ aor_id: node.aor }));
    if (sent === undefined) return due.placeAt(node, nowMs() + BUSY_MS);
    const askedMs = nowMs();
    this.pending++;
    void sent.then((outcome) => {
      this.pending--;
      if (!outcome.ok) {
        observe.failed(outcome.reason);
        return due.placeAt(node, nowMs() + EXPIRE_AGAIN_MS);
      }
      observe.popped(askedMs - node.dueMs);
      // The removals come by the log as well; a router that found the row refreshed has none to tell of.
      due.expired(node, askedMs);
    });
  }
}

export const createPopper = (ports: PopperPorts): Popper => new DuePopper(ports);
