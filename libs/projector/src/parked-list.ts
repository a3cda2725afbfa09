// Streams that views could not fold further, as operators see them: listed over all views of a process, and folded again on demand.
// Used by the projector's API and by Ellis' in the all-in-one.
import { createHash } from 'node:crypto';
import type { Projector } from './projector.js';

export type ParkedView = Readonly<{
  id: string;
  view: string;
  stream: string;
  reason: string;
  sinceMs: number;
  /** The one that cannot be folded, and those behind it. */
  events: number;
}>;

export interface ParkedList {
  list(): readonly ParkedView[];
  /** Folds a parked stream again; resolves with its events that are parked still, undefined when there is none of that id. */
  retry(id: string): Promise<number | undefined>;
}

export type ParkingView = Readonly<{ name: string; projector: Pick<Projector, 'parked' | 'replayParked'> }>;

/** Short, for a command line; the same as long as the stream is parked. */
const idOf = (view: string, stream: string): string =>
  createHash('sha256').update(`${view}\n${stream}`).digest('hex').slice(0, 12);

const parkedOf = ({ name, projector }: ParkingView): ParkedView[] =>
  projector.parked().map(({ stream, reason, sinceMs, positions }) => ({
    id: idOf(name, stream),
    view: name,
    stream,
    reason,
    sinceMs,
    events: positions.length,
  }));

export const createParkedList = (views: readonly ParkingView[]): ParkedList => ({
  list: () => views.flatMap(parkedOf),
  async retry(id) {
    for (const view of views) {
      const found = parkedOf(view).find((each) => each.id === id);
      if (!found) continue;
      await view.projector.replayParked(found.stream);
      return parkedOf(view).find((each) => each.id === id)?.events ?? 0;
    }
    return undefined;
  },
});
