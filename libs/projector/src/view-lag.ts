// How far a view is behind the log, in time: the age of the oldest event that it has not folded yet. For operators' figures.
import type { Checkpoint } from '#libs/decider';
import type { EventLog, Topic } from '#libs/event-log';

/** Of a view at `position`; 0: it has all there is. */
export const lagMsOf = async (
  log: Pick<EventLog, 'readAll'>,
  topics: readonly Topic[],
  position: Checkpoint | undefined,
  nowMs: number,
): Promise<number> => {
  for await (const { timeMs } of log.readAll(topics, position ?? 'oldest'))
    return Math.max(0, nowMs - timeMs);
  return 0;
};
