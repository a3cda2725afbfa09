// What Ralf has to do for one charging stream: where its next record is, and when to look at it again. Used by accountant.ts.
import type { Position } from '#libs/decider';
import type { DueNode } from '#projections/timers-due';

export type Work = DueNode & {
  readonly stream: string;
  /**
   * queued: waits for its turn at a destination; sending: on the wire; recording: answered, the log does not have it yet;
   * pausing: tried in vain, until `retryMs`.
   */
  state: 'free' | 'queued' | 'sending' | 'recording' | 'pausing';
  /** The record that it is about, how often it was tried in vain, and whether a CDF may have it all the same. */
  record: string;
  tries: number;
  mayBeDone: boolean;
  retryMs: number;
  /** Something was decided of the row as it was there; not again before. */
  decided: Readonly<{ at: Position; againMs: number }> | undefined;
};

export const createWork = (stream: string): Work => ({
  stream,
  state: 'free',
  record: '',
  tries: 0,
  mayBeDone: false,
  retryMs: 0,
  decided: undefined,
  dueMs: 0,
  level: 0,
  next: undefined,
  previous: undefined,
});

export const isFree = ({ state }: Work): boolean => state === 'free';
