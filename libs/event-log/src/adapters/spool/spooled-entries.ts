// What waits in a spool's files: a line an append, with its checksum; and how it goes into the log: in portions, each no larger than any log
// takes at once, so that none is refused for its size because much has gathered, and without what is there already. Written and read by
// append-spool.ts.
import { crc32 } from 'node:zlib';
import type { DomainEvent, RecordedEvent } from '../../event-log.port.js';

/** Of one append to the log. A single event that is larger goes alone. */
export const PORTION_EVENTS_MAX = 200;
export const PORTION_BYTES_MAX = 256 * 1024;

export type Entry = Readonly<{
  stream: string;
  events: readonly DomainEvent[];
  /** They were appended before, and nobody knows what became of it. */
  mayBeThere?: true;
}>;

/** Of one stream in one file, what the log has not taken yet: oldest first, an append each. */
export type Waiting = {
  readonly stream: string;
  portions: (readonly DomainEvent[])[];
  mayBeThere: boolean;
};

export const lineOf = (entry: Entry): string => {
  const text = JSON.stringify(entry);
  return `${crc32(text).toString(16).padStart(8, '0')} ${text}\n`;
};

/** Lines that a crash tore are passed over. */
export const entriesOf = (bytes: Buffer): readonly Entry[] =>
  bytes
    .toString('utf8')
    .split('\n')
    .flatMap((line) => {
      const text = line.slice(9);
      return line.length > 9 && Number.parseInt(line.slice(0, 8), 16) === crc32(text) ? [JSON.parse(text) as Entry] : []; // prettier-ignore
    });

/** Events of one stream as they are appended, in their order. */
export function* portionsOf(events: readonly DomainEvent[]): Generator<readonly DomainEvent[]> {
  let portion: DomainEvent[] = [];
  let bytes = 0;
  for (const event of events) {
    const size = Buffer.byteLength(JSON.stringify(event));
    if (portion.length >= PORTION_EVENTS_MAX || (portion.length > 0 && bytes + size > PORTION_BYTES_MAX)) {
      yield portion;
      portion = [];
      bytes = 0;
    }
    portion.push(event);
    bytes += size;
  }
  if (portion.length > 0) yield portion;
}

export const waitingOf = (entries: readonly Entry[], isRepeated: boolean): readonly Waiting[] =>
  [...Map.groupBy(entries, ({ stream }) => stream)].map(([stream, own]) => ({
    stream,
    portions: [...portionsOf(own.flatMap(({ events }) => events))],
    mayBeThere: isRepeated || own.some(({ mayBeThere }) => mayBeThere),
  }));

export const entryOf = ({ stream, portions, mayBeThere }: Waiting): Entry => ({
  stream,
  events: portions.flat(),
  ...(mayBeThere && { mayBeThere }),
});

/** As a log gives it back: what JSON does not hold is not compared. */
const keyOf = (stream: string, { type, data }: DomainEvent): string => JSON.stringify([stream, type, data]);

/** Leaves out what the log has already. Returns how many events that were; reads nothing where nothing can be there. */
export const leaveOut = async (
  waiting: readonly Waiting[],
  read: () => AsyncIterable<Pick<RecordedEvent, 'stream' | 'event'>>,
): Promise<number> => {
  const doubtful = new Map(waiting.filter(({ mayBeThere }) => mayBeThere).map((one) => [one.stream, one]));
  if (doubtful.size === 0) return 0;
  const wanted = new Set(
    [...doubtful.values()].flatMap(({ stream, portions }) =>
      portions.flat().map((event) => keyOf(stream, event)),
    ),
  );
  const found = new Set<string>();
  for await (const { stream, event } of read()) {
    if (!doubtful.has(stream)) continue;
    const key = keyOf(stream, event);
    if (wanted.has(key)) found.add(key);
  }
  let count = 0;
  for (const one of doubtful.values()) {
    const events = one.portions.flat();
    const left = events.filter((event) => !found.has(keyOf(one.stream, event)));
    count += events.length - left.length;
    one.portions = [...portionsOf(left)];
    one.mayBeThere = false;
  }
  return count;
};
