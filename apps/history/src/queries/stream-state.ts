// The state of one stream as its events up to a moment fold it: time travel. Never sends anything.
// Readers: the state command, HTTP later.
import { AGGREGATES, categoryOf } from '#libs/domain';
import type { HistorySource } from '../history-source.js';

export type StreamState = Readonly<{
  stream: string;
  category: string;
  /** The moment asked for. */
  atMs: number;
  /** Events folded; 0: the stream was not there yet. */
  revision: number;
  /** Events there are in all. */
  events: number;
  lastMs: number | undefined;
  /** Undefined for streams of facts, which add up to no state. */
  state: unknown;
}>;

/** Undefined when there is no such stream at all. */
export const stateOfStream = async (
  source: HistorySource,
  stream: string,
  atMs: number,
): Promise<StreamState | undefined> => {
  const category = categoryOf(stream);
  const fold = AGGREGATES[category]?.fold;
  let state: unknown = fold?.initialState;
  let revision = 0;
  let events = 0;
  let lastMs: number | undefined;
  for await (const recorded of source.read(stream)) {
    events++;
    // Times are the append's wall clock, which may step back: only what stands before the first later event counts.
    if (recorded.timeMs > atMs || events - 1 > revision) continue;
    if (fold) state = fold.evolve(state, recorded);
    revision++;
    lastMs = recorded.timeMs;
  }
  return events === 0 ? undefined : { stream, category, atMs, revision, events, lastMs, state };
};
