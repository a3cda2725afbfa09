// A log as it was at a moment, for a copy that is to be of then: of each stream what was appended until that moment, and nothing after the first append
// that is later. So it is also read while it is written to. Used by `npm run log -- copy --until`.
import type { StoredEvent, StoredLog } from './stored-log.port.js';

/** Follows one reading: who has ended stays so, whatever the clocks of nodes say afterwards. */
const cutAt = (untilMs: number): ((event: StoredEvent) => boolean) => {
  const ended = new Set<string>();
  return ({ stream, timeMs, index }) => {
    // An append is whole: its first event decides.
    if (index === 0 && timeMs > untilMs) ended.add(stream);
    return !ended.has(stream);
  };
};

/**
 * `untilMs`: milliseconds since 1970. A stream's revisions have no gap, since nothing of it is left out before its end; two streams are as of the same moment
 * as far as the clocks of the nodes that wrote them agree. Of a log that is written to it has to lie so far back that no append of before is on its way.
 */
export const upTo = (source: StoredLog, untilMs: number): StoredLog => ({
  generation: source.generation,
  total: () => source.total(),
  async *read() {
    const isBefore = cutAt(untilMs);
    for await (const events of source.read()) yield events.filter(isBefore);
  },
  laneOf: (event) => source.laneOf(event),
  close: () => source.close(),
});
