// What the commands print for people, as lines. Pure: the time now and the colours are arguments.
import { categoryOf, type Registration } from '#libs/domain';
import type { RecordedEvent } from '#libs/event-log';
import type { StreamsFound, StreamState } from '../queries/index.js';
import { describeEvent, detailsOf } from '../words/describe-event.js';
import { plain, relativeText, spanText, timeText } from '../words/plain-text.js';
import { registrationStateLines } from '../words/registration-words.js';
import type { Paint } from './paint.js';

export type Look = Readonly<{ paint: Paint; nowMs: number }>;

/** Words that good or bad news starts with. */
const toned = (words: string, paint: Paint): string => {
  if (/^(removed|failed|the flow)|: refused /.test(words)) return paint.bad(words);
  return /^(bound|answered)/.test(words) ? paint.good(words) : words;
};

/** `2026-01-01 10:00:00.123Z  3 m ago  #2  bound …` */
export const showLine = (recorded: RecordedEvent, { paint, nowMs }: Look): string => {
  const revision = recorded.revision === undefined ? '' : `#${recorded.revision}`;
  const when = paint.dim(
    `${timeText(recorded.timeMs)}  ${relativeText(recorded.timeMs, nowMs).padStart(12)}`,
  );
  return `${when}  ${paint.name(revision.padEnd(4))}  ${toned(describeEvent(recorded), paint)}`;
};

/** `10:00:00.123Z  registration-sip:alice@ims.test  bound …` with the date where it is another day. */
export const tailLine = (recorded: RecordedEvent, { paint, nowMs }: Look): string => {
  const time = timeText(recorded.timeMs);
  const sameDay = time.slice(0, 10) === timeText(nowMs).slice(0, 10);
  const words = toned(describeEvent(recorded), paint);
  return `${paint.dim(sameDay ? time.slice(11) : time)}  ${paint.name(plain(recorded.stream))}  ${words}`;
};

export const streamsLines = (found: StreamsFound, { paint, nowMs }: Look): readonly string[] => {
  const { streams, streamCount, eventCount, unnamedEvents } = found;
  const width = Math.max(6, ...streams.map(({ events }) => String(events).length));
  const lines = streams.map(
    ({ stream, events, lastMs }) =>
      `${String(events).padStart(width)}  ${paint.dim(relativeText(lastMs, nowMs).padStart(12))}  ${paint.name(plain(stream))}`,
  );
  const head = streams.length > 0 ? [paint.dim(`${'events'.padStart(width)}  ${'last'.padStart(12)}  stream`)] : [];
  const more = streamCount - streams.length;
  return [
    ...head,
    ...lines,
    `${count(streamCount, 'stream')}, ${count(eventCount, 'event')}${more > 0 ? ` (${more} not shown: --limit, --like)` : ''}`,
    ...(unnamedEvents > 0 ? [`${count(unnamedEvents, 'event')} of further streams not told apart`] : []),
  ];
}; // prettier-ignore

export const count = (amount: number, noun: string): string =>
  `${amount.toLocaleString('en')} ${noun}${amount === 1 ? '' : 's'}`;

export const stateLines = (found: StreamState, { paint, nowMs }: Look): readonly string[] => {
  const { stream, category, atMs, revision, events, lastMs, state } = found;
  const moment = `${timeText(atMs)} (${relativeText(atMs, nowMs)})`;
  const since = lastMs === undefined ? 'no event yet' : `as of event #${revision}, ${spanText(atMs - lastMs)} before`;
  const later = events > revision ? `, ${count(events - revision, 'later event')}` : '';
  return [
    `${paint.bold(plain(stream))} at ${moment}`,
    paint.dim(`${since}${later}`),
    ...bodyLines(category, state, atMs).map((line) => (line.startsWith('EXPIRED') ? paint.bad(line) : line)),
  ];
}; // prettier-ignore

const bodyLines = (category: string, state: unknown, atMs: number): readonly string[] => {
  if (state === undefined) return ['nothing: it does not exist, or its events are facts that add up to no state'];
  const lines =
    category === 'registration'
      ? registrationStateLines(state as Registration, atMs)
      : JSON.stringify(state, null, 2).split('\n');
  return lines.map(plain);
}; // prettier-ignore

/**
 * The story of one call: offsets from its first event, and under each decision what it was made of. `node`: who wrote what does not say
 * so itself. One that wrote all of it is told once.
 */
export const callLines = (
  events: readonly RecordedEvent[],
  { paint, nowMs }: Look,
  node?: string,
): readonly string[] => {
  const [first] = events;
  if (!first) return [];
  const ordered = events.toSorted((a, b) => a.timeMs - b.timeMs);
  const startMs = ordered[0]?.timeMs ?? 0;
  const streams = [...new Set(events.map(({ stream }) => stream))];
  const nodes = [...new Set(events.map((recorded) => recorded.node ?? node))].filter(
    (one) => one !== undefined,
  );
  return [
    `${paint.bold(callTitle(events))}, began ${timeText(startMs)} (${relativeText(startMs, nowMs)})`,
    ...streams.map((stream) => paint.dim(`  ${plain(stream)}`)),
    ...(nodes.length > 0 ? [paint.dim(`  on ${nodes.map(plain).join(', ')}`)] : []),
    ...ordered.flatMap((recorded) => {
      const by =
        nodes.length > 1 && recorded.node !== undefined ? paint.dim(`  [${plain(recorded.node)}]`) : '';
      const offset = `+${((recorded.timeMs - startMs) / 1000).toFixed(3)} s`.padStart(12);
      const kind = categoryOf(recorded.stream).padEnd(8);
      return [
        `${paint.dim(offset)}  ${paint.name(kind)}  ${toned(describeEvent(recorded), paint)}${by}`,
        ...detailsOf(recorded).map((line) => `${' '.repeat(26)}${line}`),
      ];
    }),
  ];
};

/** Call-ID as the first event that has one tells it. */
const callTitle = (events: readonly RecordedEvent[]): string => {
  for (const { event } of events)
    if ('callId' in event.data && typeof event.data.callId === 'string') return `call ${plain(event.data.callId)}`;
  return 'call';
}; // prettier-ignore
