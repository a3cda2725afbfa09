// Events read back from segment files: of some topics, or of one stream.
import type { RecordedEvent } from '../../../event-log.port.js';
import type { FilePort } from '../disk/file-port.js';
import { decodeLine, isMixed, TOPIC_BIT, type Line, type Upcast } from './record-format.js';
import { readBatches, type Batch, type Segment } from './segments.js';

export type EventsWanted = Readonly<{
  disk: FilePort;
  segments: () => readonly Segment[];
  generation: number;
  upcast: Upcast | undefined;
  from: number;
  upTo: number;
  /** Topics, as bits of record-format. */
  bits: number;
  /** Only this stream's. */
  stream?: string;
}>;

/** The wanted events in order, an array for each piece of file that was read. */
export async function* readEvents(wanted: EventsWanted): AsyncGenerator<readonly RecordedEvent[]> {
  const { disk, segments, from, upTo, bits, stream } = wanted;
  // A stream's name as it stands in a line: most batches are put aside by it before anything is parsed.
  const needle = stream === undefined ? undefined : `"subject":${JSON.stringify(stream)},`;
  const needleBytes = needle === undefined ? undefined : Buffer.from(needle);
  const range = { from, upTo, wants: ({ contents }: { contents: number }) => (contents & bits) !== 0 };
  for await (const batches of readBatches(disk, segments, range)) {
    const events: RecordedEvent[] = [];
    for (const batch of batches) {
      if (needleBytes && !batch.body.includes(needleBytes)) continue;
      decodeBatch(batch, wanted, needle, events);
    }
    if (events.length > 0) yield events;
  }
}

const decodeBatch = (
  { header, body }: Batch,
  { from, upTo, bits, stream, generation, upcast }: EventsWanted,
  needle: string | undefined,
  into: RecordedEvent[],
): void => {
  const text = body.toString('utf8');
  const hasOthers = isMixed(header.contents, bits);
  let at = 0;
  for (let offset = header.first; at < text.length; offset++) {
    const end = text.indexOf('\n', at);
    const line = text.slice(at, end);
    at = end + 1;
    if (offset < from || offset >= upTo) continue;
    if (needle !== undefined && !line.includes(needle)) continue;
    const recorded = decodeLine(JSON.parse(line) as Line, generation, offset, upcast);
    if (stream !== undefined && recorded.stream !== stream) continue;
    if (hasOthers && (TOPIC_BIT[recorded.topic] & bits) === 0) continue;
    into.push(recorded);
  }
};

/** The events of one stream from a revision on, each with its revision. */
export async function* fromRevisionOn(
  batches: AsyncIterable<readonly RecordedEvent[]>,
  fromRevision: number,
): AsyncGenerator<RecordedEvent> {
  let revision = 0;
  for await (const events of batches) {
    for (const event of events) {
      if (event.unreadable !== undefined) throw new Error(event.unreadable);
      revision = event.revision ?? revision + 1;
      if (revision >= fromRevision) yield event.revision === undefined ? { ...event, revision } : event;
    }
  }
}
