// Several ordered sequences of events as one, by the time of the events: each sequence keeps its order, and the events of one append, which
// have one time, stay side by side. Pure. Used by stored-log.ts.
import type { StoredEvent } from '../../copy/stored-log.port.js';

const MERGED_EVENTS = 1_000;

type Lane = {
  events: readonly StoredEvent[];
  at: number;
  readonly rest: AsyncIterator<readonly StoredEvent[]>;
};

export async function* inTimeOrder(
  sequences: readonly AsyncIterable<readonly StoredEvent[]>[],
): AsyncGenerator<readonly StoredEvent[]> {
  const begun = sequences.map(async (sequence): Promise<Lane | undefined> => {
    const rest = sequence[Symbol.asyncIterator]();
    const first = await rest.next();
    return first.done === true ? undefined : { events: first.value, at: 0, rest };
  });
  let lanes = (await Promise.all(begun)).filter((lane) => lane !== undefined);
  let merged: StoredEvent[] = [];
  let current: Lane | undefined;
  while (lanes.length > 0) {
    const lane = earliest(lanes, current);
    const event = lane.events[lane.at++];
    current = lane;
    if (event) merged.push(event);
    if (lane.at >= lane.events.length) {
      const next = await lane.rest.next();
      if (next.done === true) lanes = lanes.filter((each) => each !== lane);
      else [lane.events, lane.at] = [next.value, 0];
    }
    if (merged.length < MERGED_EVENTS) continue;
    yield merged;
    merged = [];
  }
  if (merged.length > 0) yield merged;
}

/** On a tie the one that was read last: an append is not torn apart. */
const earliest = (lanes: readonly Lane[], current: Lane | undefined): Lane => {
  let best = current !== undefined && lanes.includes(current) ? current : lanes[0]!;
  for (const lane of lanes) if (timeOf(lane) < timeOf(best)) best = lane;
  return best;
};

const timeOf = ({ events, at }: Lane): number => events[at]?.timeMs ?? Infinity;
