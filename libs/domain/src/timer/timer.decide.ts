// What may happen to a timer: set, cancelled, popped, given up, carried on. Time and positions come in as data.
// Stream: timer-<16 hex digits>. Callers: chronos. The fold is in timer.ts.
import { assertNever } from '#libs/decider';
import {
  isRunning,
  popsOf,
  type RunningTimer,
  type Timer,
  type TimerEvent,
  type TimerOrder,
} from './timer.js';

export type SetTimer = Readonly<{ type: 'SetTimer'; data: TimerOrder }>;
export type CancelTimer = Readonly<{ type: 'CancelTimer'; data: Readonly<{ nowMs: number }> }>;
/** The receiver took the callback of this number. */
export type Deliver = Readonly<{
  type: 'Deliver';
  data: Readonly<{ sequence: number; nowMs: number }>;
}>;
/** It did not, in so many tries. */
export type GiveUp = Readonly<{
  type: 'GiveUp';
  data: Readonly<{ sequence: number; nowMs: number; tries: number; reason: string }>;
}>;
/** The log will forget how the timer was set. */
export type CarryOn = Readonly<{ type: 'CarryOn'; data: Readonly<{ nowMs: number }> }>;
export type TimerCommand = SetTimer | CancelTimer | Deliver | GiveUp | CarryOn;

/** Of a reason that is kept: it may hold a receiver's own text. */
const REASON_CHARACTERS_MAX = 200;

/** Number of the callback that is next. */
export const nextSequence = ({ sequence }: RunningTimer): number => sequence + 1;

const isNext = (timer: RunningTimer, sequence: number): boolean =>
  sequence > timer.sequence && sequence <= popsOf(timer);

export const decideTimer = (timer: Timer | undefined, command: TimerCommand): readonly TimerEvent[] => {
  switch (command.type) {
    case 'SetTimer':
      return [{ type: 'TimerSet', data: command.data }];
    case 'CancelTimer':
      // Also where none is seen: one may have been set elsewhere a moment ago, and that must be over too.
      return [{ type: 'TimerCancelled', data: { atMs: command.data.nowMs } }];
    case 'Deliver': {
      const { sequence, nowMs } = command.data;
      if (!isRunning(timer) || !isNext(timer, sequence)) return [];
      return [{ type: 'TimerPopped', data: { sequence, of: timer.setAt, atMs: nowMs } }];
    }
    case 'GiveUp': {
      const { sequence, nowMs, tries, reason } = command.data;
      if (!isRunning(timer) || !isNext(timer, sequence)) return [];
      const { uri, opaque, setAt: of } = timer;
      const text = reason.slice(0, REASON_CHARACTERS_MAX);
      return [
        {
          type: 'CallbackFailed',
          data: { sequence, of, atMs: nowMs, tries, reason: text, uri, opaque },
        },
      ];
    }
    case 'CarryOn': {
      if (!isRunning(timer)) return [];
      const { startMs, intervalS, repeatForS, uri, opaque, tags, replicationFactor } = timer;
      const order = { startMs, intervalS, repeatForS, uri, opaque, tags, replicationFactor };
      const { sequence, setAt: of } = timer;
      return [{ type: 'TimerCarriedOn', data: { ...order, sequence, of, atMs: command.data.nowMs } }];
    }
    default:
      return assertNever(command);
  }
};
