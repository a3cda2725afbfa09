// Events read back from segment files: of some topics, or of one stream.
import type { RecordedEvent } from '../../../event-log.port.js';
import type { FilePort } from '../disk/file-port.js';
import {
  decodeLine,
  isMixed,
  topicBitAt,
  type BatchHeader,
  type Line,
  type Upcast,
} from './record-format.js';
import { readBatches, type Batch, type Segment } from './segments.js';
import { mayHold } from './stream-index.js';

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
  const range = {
    from,
    upTo,
    wants: ({ contents }: BatchHeader) => (contents & bits) !== 0,
    mayHold: (segment: Segment) => mayHold(disk, segment, bits, stream),
  };
  // A stream's name as it stands in a line: by it nearly all lines are put aside before anything is parsed.
  const needle = stream === undefined ? undefined : Buffer.from(`"subject":${JSON.stringify(stream)},`);
  for await (const batches of readBatches(disk, segments, range)) {
    const events: RecordedEvent[] = [];
    for (const batch of batches) {
      if (needle) decodeLinesWith(needle, batch, wanted, events);
      else decodeAll(batch, wanted, events);
    }
    if (events.length > 0) yield events;
  }
}

/**
 * So many bytes of lines are made text at once, more where a line is longer: text that does not fit the young generation costs a
 * third of a replay.
 */
const TEXT_BYTES = 64 << 10;

const decodeAll = ({ header, body }: Batch, wanted: EventsWanted, into: RecordedEvent[]): void => {
  const hasOthers = isMixed(header.contents, wanted.bits);
  let offset = header.first;
  for (let from = 0; from < body.length;) {
    const upTo = endOfLines(body, from);
    const text = body.toString('utf8', from, upTo);
    for (let at = 0; at < text.length; offset++) {
      const end = text.indexOf('\n', at);
      const isInRange = offset >= wanted.from && offset < wanted.upTo;
      if (isInRange && (!hasOthers || (topicBitAt(text, at) & wanted.bits) !== 0)) {
        take(text.slice(at, end), offset, wanted, into);
      }
      at = end + 1;
    }
    from = upTo;
  }
};

/** After the last line that ends within TEXT_BYTES from a place, or else after the first one. */
const endOfLines = (body: Buffer, from: number): number => {
  if (body.length - from <= TEXT_BYTES) return body.length;
  const last = body.lastIndexOf(LINE_FEED, from + TEXT_BYTES);
  const end = last >= from ? last : body.indexOf(LINE_FEED, from);
  return end < 0 ? body.length : end + 1;
};

const decodeLinesWith = (
  needle: Buffer,
  { header, body }: Batch,
  wanted: EventsWanted,
  into: RecordedEvent[],
): void => {
  let offset = header.first;
  let at = 0;
  for (let found = body.indexOf(needle); found >= 0; found = body.indexOf(needle, at)) {
    let end = body.indexOf(LINE_FEED, at);
    for (; end < found; end = body.indexOf(LINE_FEED, at)) {
      at = end + 1;
      offset++;
    }
    if (offset >= wanted.from && offset < wanted.upTo) {
      take(body.toString('utf8', at, end), offset, wanted, into);
    }
    at = end + 1;
    offset++;
  }
};

const LINE_FEED = 0x0a;

const take = (
  line: string,
  offset: number,
  { stream, generation, upcast }: EventsWanted,
  into: RecordedEvent[],
): void => {
  const recorded = decodeLine(JSON.parse(line) as Line, generation, offset, upcast);
  if (stream !== undefined && recorded.stream !== stream) return;
  into.push(recorded);
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
