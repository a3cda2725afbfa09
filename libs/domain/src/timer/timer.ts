// Timer: one timer of Chronos, what it calls back, and how far it is (backend.md §6.1, §6.2). Stream: timer-<16 hex digits>.
// Any node sets and cancels; the owner of the log's partition pops. Written by chronos; folded into timers-due.
import { assertNever, comparePositions, type Position, type Recorded } from '#libs/decider';

// ---- Events: stored for ever; schemas/timer/*.json is the published shape ----

export type TimerTag = Readonly<{ type: string; count: number }>;

/** What a client asked for. Times in ms since 1970, intervals in s. */
export type TimerOrder = Readonly<{
  /** From here intervals count. */
  startMs: number;
  intervalS: number;
  repeatForS: number;
  /** Where the callback goes. */
  uri: string;
  /** Its body, as the client gave it. */
  opaque: string;
  tags: readonly TimerTag[];
  /** As asked for, and part of the timer's name towards clients; how many copies there are is the log's business. */
  replicationFactor: number;
}>;

/** Set, or set anew: whatever the timer was before is over. */
export type TimerSet = Readonly<{ type: 'TimerSet'; data: TimerOrder }>;
/** The callback of this sequence number was taken by its receiver. `of`: position of the TimerSet that it belongs to. */
export type TimerPopped = Readonly<{
  type: 'TimerPopped';
  data: Readonly<{ sequence: number; of: Position; atMs: number }>;
}>;
/** Its receiver did not take it in all tries: a dead letter. The timer goes on. */
export type CallbackFailed = Readonly<{
  type: 'CallbackFailed';
  data: Readonly<{
    sequence: number;
    of: Position;
    atMs: number;
    tries: number;
    reason: string;
    uri: string;
    opaque: string;
  }>;
}>;
export type TimerCancelled = Readonly<{ type: 'TimerCancelled'; data: Readonly<{ atMs: number }> }>;
/** The same timer told again in full before the log forgets how it was set: nothing changes. */
export type TimerCarriedOn = Readonly<{
  type: 'TimerCarriedOn';
  data: TimerOrder & Readonly<{ sequence: number; of: Position; atMs: number }>;
}>;
/** A dead letter was taken by its receiver after all, or thrown away by an operator. */
export type DeadLetterResolved = Readonly<{
  type: 'DeadLetterResolved';
  data: Readonly<{ sequence: number; of: Position; atMs: number; how: 'delivered' | 'discarded' }>;
}>;

export type TimerEvent =
  TimerSet | TimerPopped | CallbackFailed | TimerCancelled | TimerCarriedOn | DeadLetterResolved;

export const TIMER_EVENT_TYPES = [
  'TimerSet',
  'TimerPopped',
  'CallbackFailed',
  'TimerCancelled',
  'TimerCarriedOn',
  'DeadLetterResolved',
] as const satisfies readonly TimerEvent['type'][];

// ---- State ----

/** A timer that has callbacks before it. */
export type RunningTimer = TimerOrder &
  Readonly<{
    /** Position of the TimerSet: tells this life of the timer from others. */
    setAt: Position;
    /** Of the newest event folded: an event at or below it is a repetition. */
    at: Position;
    /** Number of the last callback that was taken or given up; 0 before the first. */
    sequence: number;
    /** When the log had it in full last. */
    fullAtMs: number;
  }>;

/** Over: popped for the last time, or cancelled. */
export type EndedTimer = Readonly<{
  ended: true;
  at: Position;
  /** It was so old that it may be told again in full just now: until then it must be known that it is over. 0: no need. */
  rememberUntilMs: number;
}>;

export type Timer = RunningTimer | EndedTimer;

export const isRunning = (timer: Timer | undefined): timer is RunningTimer =>
  timer !== undefined && !('ended' in timer);

/** A timer is told again in full no sooner than so long after it was the last time. */
export const CARRY_AFTER_MS_MIN = 12 * 3_600_000;
/** An event that was to be appended is in the log by then, or will never be. */
const LANDS_MS_MAX = 10 * 60_000;

/** backend.md §6.2: at least one, also where the repetition is shorter than the interval. */
export const popsOf = ({ intervalS, repeatForS }: Pick<TimerOrder, 'intervalS' | 'repeatForS'>): number =>
  intervalS === 0 ? 1 : Math.max(1, Math.floor(repeatForS / intervalS));

/** When the callback of a sequence number is due. */
export const dueMsOf = (
  { startMs, intervalS }: Pick<TimerOrder, 'startMs' | 'intervalS'>,
  sequence: number,
): number => startMs + sequence * intervalS * 1000;

const CATEGORY = 'timer-';
export const streamOfTimer = (id: string): string => `${CATEGORY}${id}`;
export const timerOfStream = (stream: string): string => stream.slice(CATEGORY.length);

// ---- Fold ----

const order = (data: TimerOrder): TimerOrder => ({
  startMs: data.startMs,
  intervalS: data.intervalS,
  repeatForS: data.repeatForS,
  uri: data.uri,
  opaque: data.opaque,
  tags: data.tags,
  replicationFactor: data.replicationFactor,
});

const ended = (timer: Timer | undefined, at: Position, atMs: number): EndedTimer => {
  const isOld = isRunning(timer) && atMs - timer.fullAtMs >= CARRY_AFTER_MS_MIN - LANDS_MS_MAX;
  return { ended: true, at, rememberUntilMs: isOld ? atMs + LANDS_MS_MAX : 0 };
};

/** The callback of a number is done with, one way or the other; another life's is nothing to this one. */
const wentOn = (
  timer: Timer | undefined,
  at: Position,
  { sequence, of, atMs }: TimerPopped['data'],
): Timer | undefined => {
  if (!isRunning(timer)) return timer;
  if (comparePositions(timer.setAt, of) !== 0 || sequence <= timer.sequence) return timer;
  return sequence >= popsOf(timer) ? ended(timer, at, atMs) : { ...timer, at, sequence };
};

/** Events may come again: one that is not above what was folded changes nothing. */
export const evolveTimer = (
  timer: Timer | undefined,
  { event, position }: Recorded<TimerEvent>,
): Timer | undefined => {
  if (timer !== undefined && comparePositions(position, timer.at) <= 0) return timer;
  switch (event.type) {
    case 'TimerSet':
      return {
        ...order(event.data),
        setAt: position,
        at: position,
        sequence: 0,
        fullAtMs: event.data.startMs,
      };
    case 'TimerPopped':
    case 'CallbackFailed':
      return wentOn(timer, position, event.data);
    case 'TimerCancelled':
      return ended(timer, position, event.data.atMs);
    case 'TimerCarriedOn': {
      const { of, sequence, atMs } = event.data;
      // Set anew or ended since: what was told again is no more.
      if (timer !== undefined && (!isRunning(timer) || comparePositions(timer.setAt, of) > 0)) return timer;
      const known = isRunning(timer) ? timer.sequence : 0;
      return {
        ...order(event.data),
        setAt: of,
        at: position,
        sequence: Math.max(sequence, known),
        fullAtMs: atMs,
      };
    }
    case 'DeadLetterResolved':
      return timer;
    default:
      return assertNever(event);
  }
};
