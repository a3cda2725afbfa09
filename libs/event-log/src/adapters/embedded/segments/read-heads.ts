// Events read by their head only, for whoever looks for a few among millions: what an event is about stands before its
// data, which is parsed when asked for. Reader: the log reader (npm run history).
import type { RecordedEvent, Topic } from '../../../event-log.port.js';
import type { EventsWanted } from './read-events.js';
import { decodeLine, isMixed, TOPIC_BIT, type BatchHeader, type Line } from './record-format.js';
import { readBatches, type Batch, type Segment } from './segments.js';
import { mayHold } from './stream-index.js';

/** An event of which only the head has been looked at. Good until the next batch is asked for: keep what you need of it. */
export interface EventHead {
  /** A piece of a larger text: copy it (keep `event().stream`) before keeping it. */
  readonly stream: string;
  readonly topic: Topic;
  readonly timeMs: number;
  readonly offset: number;
  /** Does the text stand anywhere in the event, as JSON writes it? */
  mentions(json: string): boolean;
  event(): RecordedEvent;
}

export type HeadsWanted = Omit<EventsWanted, 'stream'>;

/** The wanted events in order, an array for each piece of file that was read. */
export async function* readHeads(wanted: HeadsWanted): AsyncGenerator<readonly EventHead[]> {
  const { disk, segments, from, upTo, bits } = wanted;
  const range = {
    from,
    upTo,
    wants: ({ contents }: BatchHeader) => (contents & bits) !== 0,
    mayHold: (segment: Segment) => mayHold(disk, segment, bits, undefined),
  };
  for await (const batches of readBatches(disk, segments, range)) {
    const heads: EventHead[] = [];
    for (const batch of batches) headsOf(batch, wanted, heads);
    if (heads.length > 0) yield heads;
  }
}

const headsOf = ({ header, body }: Batch, wanted: HeadsWanted, into: EventHead[]): void => {
  const text = body.toString('utf8');
  const hasOthers = isMixed(header.contents, wanted.bits);
  for (let at = 0, offset = header.first; at < text.length; offset++) {
    const end = text.indexOf('\n', at);
    if (offset >= wanted.from && offset < wanted.upTo) {
      const head = new LineHead(text, at, end, offset, wanted);
      if (!hasOthers || (TOPIC_BIT[head.topic] & wanted.bits) !== 0) into.push(head);
    }
    at = end + 1;
  }
};

const TYPE = '"type":"clearwater.';
const SUBJECT = ',"subject":"';
const TIME = '","time":"';
/** `2026-01-01T00:00:00.000Z` */
const TIME_LENGTH = 24;

let lastTime = '';
let lastTimeMs = 0;

/** record-format.ts writes id, type, subject and time first, in this order. */
class LineHead implements EventHead {
  readonly stream: string;
  readonly topic: Topic;
  readonly timeMs: number;

  constructor(
    private readonly text: string,
    private readonly start: number,
    private readonly end: number,
    readonly offset: number,
    private readonly wanted: HeadsWanted,
  ) {
    const type = text.indexOf(TYPE, start) + TYPE.length;
    this.topic = text.slice(type, text.indexOf('.', type)) as Topic;
    const subject = text.indexOf(SUBJECT, type) + SUBJECT.length;
    // A quote inside a name is escaped, so this one ends it.
    const subjectEnd = text.indexOf(TIME, subject);
    const name = text.slice(subject, subjectEnd);
    this.stream = name.includes('\\') ? (JSON.parse(`"${name}"`) as string) : name;
    const timeAt = subjectEnd + TIME.length;
    const time = text.slice(timeAt, timeAt + TIME_LENGTH);
    if (time !== lastTime) {
      lastTime = time;
      lastTimeMs = Date.parse(time);
    }
    this.timeMs = lastTimeMs;
  }

  mentions(json: string): boolean {
    return this.text.slice(this.start, this.end).includes(json);
  }

  event(): RecordedEvent {
    const { text, start, end, offset, wanted } = this;
    return decodeLine(JSON.parse(text.slice(start, end)) as Line, wanted.generation, offset, wanted.upcast);
  }
}
