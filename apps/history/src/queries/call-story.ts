// The story of one call: its decisions and its chargeable events together, in the order they happened.
// Found by Call-ID or by charging identifier (ICID). Readers: the call command, HTTP later.
import { icidOfStream } from '#libs/domain';
import type { RecordedEvent, Topic } from '#libs/event-log';
import type { HistorySource } from '../history-source.js';

/** Events of one call kept; a dialog with more is told up to here. */
export const CALL_EVENTS_MAX = 10_000;

const TOPICS_OF_CALLS: readonly Topic[] = ['calls', 'charging'];

/** Empty when no event names the Call-ID or the ICID. */
export const callStory = async (source: HistorySource, wanted: string): Promise<readonly RecordedEvent[]> => {
  const icids = new Set([wanted.replace(/^call-/, '')]);
  const callIdJson = `"callId":${JSON.stringify(wanted)}`;
  const streams = new Set<string>();
  const events: RecordedEvent[] = [];
  for await (const heads of source.heads(TOPICS_OF_CALLS, 'oldest'))
    for (const head of heads) {
      // Only the first events of a stream name the call; the later ones belong to it by their stream.
      if (!streams.has(head.stream)) {
        if (!icids.has(icidOfStream(head.stream)) && !head.mentions(callIdJson)) continue;
        const { stream } = head.event();
        streams.add(stream);
        icids.add(icidOfStream(stream));
      }
      if (events.length >= CALL_EVENTS_MAX) return events;
      events.push(head.event());
    }
  return events;
};
