// What waits in a spool's files: a line an append, with its checksum; and how it goes into the log: in portions, each no larger than any log
// takes at once, so that none is refused for its size because much has gathered. Written and read by append-spool.ts.
import { crc32 } from 'node:zlib';
import type { DomainEvent } from '../../event-log.port.js';

/** Of one append to the log. A single event that is larger goes alone. */
export const PORTION_EVENTS_MAX = 200;
export const PORTION_BYTES_MAX = 256 * 1024;

export type Entry = Readonly<{ stream: string; events: readonly DomainEvent[] }>;

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
