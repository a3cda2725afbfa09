// What operators are shown of the core around Ellis beside the log: figures, parked streams, dead letters of timers. Port with two adapters: the
// all-in-one's, which looks into its own process, and remote-surroundings.ts, which asks a projector and a Chronos. What cannot be known is null,
// and a list that nobody keeps here is absent.
import type { Figures } from '../contract.js';

export type SurroundingFigures = Pick<Figures, 'views' | 'timers' | 'registered' | 'peers'>;
export type ViewFigures = NonNullable<Figures['views']>[number];

export type ParkedStream = Readonly<{
  id: string;
  view: string;
  stream: string;
  reason: string;
  sinceMs: number;
  events: number;
}>;

export interface ParkedStreams {
  list(): Promise<readonly ParkedStream[]>;
  /** Folds it again; resolves with its events that are parked still, undefined when there is none of that id. */
  retry(id: string): Promise<number | undefined>;
}

export type DeadLetter = Readonly<{
  id: string;
  timer: string;
  sequence: number;
  uri: string;
  reason: string;
  tries: number;
  atMs: number;
}>;

/** What came of sending a letter again; `later`: the log does not take that it was taken; a reason: its receiver did not take it. */
export type Replayed = 'delivered' | 'busy' | 'later' | 'unknown' | Readonly<{ reason: string }>;

export interface DeadLetters {
  /** Newest first. */
  list(limit: number): Promise<readonly DeadLetter[]>;
  replay(id: string): Promise<Replayed>;
  /** False: there is none. `later`: the log does not take it. */
  discard(id: string): Promise<boolean | 'later'>;
}

export interface Surroundings {
  figures(): Promise<SurroundingFigures>;
  readonly parked?: ParkedStreams;
  readonly deadLetters?: DeadLetters;
}

export const NOTHING_KNOWN: Surroundings = {
  figures: () => Promise.resolve({ views: null, timers: null, registered: null, peers: null }),
};
