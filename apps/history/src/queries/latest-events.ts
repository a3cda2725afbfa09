// The newest events, and those that come after them. Reader: the tail command.
import {
  placeInLog,
  TOPICS,
  type EventHead,
  type RecordedEvent,
  type StartAt,
  type Topic,
} from '#libs/event-log';
import type { HistorySource } from '../history-source.js';

export type TailWanted = Readonly<{ topics?: readonly Topic[]; like?: string; count: number }>;

/** Newest events shown at most. */
export const TAIL_MAX = 100_000;

export type Tail = Readonly<{
  events: readonly RecordedEvent[];
  /** Where to follow on from without gap or repeat. */
  next: StartAt;
}>;

const fits = (like: string | undefined): ((named: Readonly<{ stream: string }>) => boolean) => {
  const wanted = like?.toLowerCase();
  return wanted === undefined ? () => true : ({ stream }) => stream.toLowerCase().includes(wanted);
};

/** The last `count` events that fit, oldest first. */
export const latestEvents = async (
  source: HistorySource,
  { topics = TOPICS, like, count }: TailWanted,
): Promise<Tail> => {
  const wanted = fits(like);
  const kept = Math.min(count, TAIL_MAX);
  let newest: EventHead[] = [];
  let last: EventHead | undefined;
  for await (const heads of source.heads(topics, 'oldest')) {
    last = heads.at(-1) ?? last;
    newest.push(...heads.filter(wanted));
    // Heads hold on to the text they came in: not many more than asked for are kept.
    if (newest.length >= 2 * kept) newest = newestOf(newest, kept);
  }
  return {
    events: newestOf(newest, kept).map((head) => head.event()),
    next: last ? placeInLog(last.event()) : 'oldest',
  };
};

const newestOf = (heads: EventHead[], count: number): EventHead[] => (count === 0 ? [] : heads.slice(-count));

/** Events that come after a place, until the signal. */
export async function* newEvents(
  source: HistorySource,
  { topics = TOPICS, like }: Omit<TailWanted, 'count'>,
  startAt: StartAt,
  signal: AbortSignal,
): AsyncIterable<RecordedEvent> {
  const wanted = fits(like);
  for await (const recorded of source.follow(topics, startAt, signal)) if (wanted(recorded)) yield recorded;
}
