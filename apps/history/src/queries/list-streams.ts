// Which streams there are, how many events each holds, and when it last changed.
// Readers: the streams command, near names, HTTP later.
import { TOPICS, type Topic } from '#libs/event-log';
import type { HistorySource } from '../history-source.js';

export type StreamSummary = Readonly<{
  stream: string;
  topic: Topic;
  events: number;
  firstMs: number;
  lastMs: number;
}>;

export type StreamsFound = Readonly<{
  /** Newest change first, at most as many as asked for. */
  streams: readonly StreamSummary[];
  /** Of all that fit, listed or not. */
  streamCount: number;
  eventCount: number;
  /** Events of streams beyond STREAMS_MAX, which are counted and not named. */
  unnamedEvents: number;
}>;

export type StreamsWanted = Readonly<{ topics?: readonly Topic[]; like?: string; limit?: number }>;

/** Streams that are kept apart; further ones are counted together. */
export const STREAMS_MAX = 2_000_000;

type Counted = { -readonly [K in keyof StreamSummary]: StreamSummary[K] };

/** `like` is a part of the name, case ignored. */
export const listStreams = async (
  source: HistorySource,
  { topics = TOPICS, like, limit = Infinity }: StreamsWanted = {},
): Promise<StreamsFound> => {
  const wanted = like?.toLowerCase();
  const found = new Map<string, Counted>();
  let eventCount = 0;
  let unnamedEvents = 0;
  for await (const heads of source.heads(topics, 'oldest'))
    for (const head of heads) {
      const { stream, timeMs } = head;
      const known = found.get(stream);
      if (known) {
        known.events++;
        known.lastMs = timeMs;
      } else if (wanted !== undefined && !stream.toLowerCase().includes(wanted)) continue;
      else if (found.size >= STREAMS_MAX) unnamedEvents++;
      else {
        // The name in a head would keep the text around it alive.
        const name = head.event().stream;
        found.set(name, { stream: name, topic: head.topic, events: 1, firstMs: timeMs, lastMs: timeMs });
      }
      eventCount++;
    }
  const streams = [...found.values()].sort((a, b) => b.lastMs - a.lastMs);
  return { streams: streams.slice(0, limit), streamCount: found.size, eventCount, unnamedEvents };
};
