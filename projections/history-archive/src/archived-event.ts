// An event of the log as the archive holds it, and back: the event's CloudEvents attributes are what is said about it, and its link
// in the chain. Pure. Read by whoever shows the archive; the same event is the same entry each time.
import { createHash } from 'node:crypto';
import type { ArchivedEntry, ArchiveEntry } from '#libs/archive';
import { comparePositions, type Position } from '#libs/decider';
import { type RecordedEvent, TOPICS, type Topic, type Upcast } from '#libs/event-log';

/** In the chain (chain.ts): base64url of SHA-256 each. */
export type Link = Readonly<{ previous: string; hash: string }>;

/** What stands beside the data, in EventStoreDB's metadata. */
export type EventFacts = Readonly<{
  specversion: '1.0';
  /** The event's own; the entry's is made of it. */
  id: string;
  subject: string;
  time: string;
  dataschema: string;
  topic: Topic;
  position: Position;
  expectedrevision?: number;
  correlationid?: string;
  causationid?: string;
  /** As EventStoreDB's own projections look for it. */
  $correlationId?: string;
  chain?: Link;
}>;

/** What is archived of an event, before it has its link. */
export type Archivable = Readonly<{ entry: Omit<ArchiveEntry, 'about'>; facts: EventFacts }>;

const kebab = (name: string): string => name.replace(/(?<!^)([A-Z])/g, '-$1').toLowerCase();
const TYPE = /^clearwater\.[a-z]+\.([A-Za-z][A-Za-z0-9]*)\.v([1-9][0-9]{0,5})$/;

/** RFC 9562 version 8: 122 bits of a hash. */
export const uuidOf = (text: string): string => {
  const bytes = createHash('sha256').update(text).digest();
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toString('hex', 0, 16);
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
};

/** `version`: of the schema that the event's data follows now. */
export const archivableOf = (recorded: RecordedEvent, version: number): Archivable => {
  const { event, stream, topic, position, id, timeMs, expected, correlationId, causationId } = recorded;
  const category = stream.slice(0, stream.indexOf('-'));
  return {
    entry: { id: uuidOf(id), type: `clearwater.${topic}.${event.type}.v${version}`, data: event.data },
    facts: {
      specversion: '1.0',
      id,
      subject: stream,
      time: new Date(timeMs).toISOString(),
      dataschema: `/schemas/${category}/${kebab(event.type)}.v${version}.json`,
      topic,
      position: { generation: position.generation, partition: position.partition, offset: position.offset },
      ...(expected === undefined ? {} : { expectedrevision: expected }),
      ...(correlationId === undefined ? {} : { correlationid: correlationId, $correlationId: correlationId }),
      ...(causationId === undefined ? {} : { causationid: causationId }),
    },
  };
};

const isPosition = (value: unknown): value is Position => {
  const { generation, partition, offset } = (value ?? {}) as Partial<Record<keyof Position, unknown>>;
  return [generation, partition, offset].every(Number.isSafeInteger);
};

/** What an entry says of its event; undefined: the entry is no event of the log (a signed head, another program's). */
export const factsOf = ({ about }: ArchivedEntry): EventFacts | undefined => {
  const facts = about as Partial<EventFacts>;
  const isEvent =
    isPosition(facts.position) && typeof facts.id === 'string' && TOPICS.some((topic) => topic === facts.topic);
  return isEvent ? (facts as EventFacts) : undefined;
}; // prettier-ignore

/** The event as the log gave it, in today's shape; undefined for what is no event of the log. */
export const recordedOf = (entry: ArchivedEntry, upcast: Upcast | undefined): RecordedEvent | undefined => {
  const facts = factsOf(entry);
  const [, name, version] = TYPE.exec(entry.type) ?? [];
  if (!facts || name === undefined) return undefined;
  const { id, topic, position, time, expectedrevision, correlationid, causationid } = facts;
  const stored = { type: name, data: entry.data };
  return {
    event: upcast ? upcast(entry.stream, stored, Number(version)) : stored,
    stream: entry.stream,
    position,
    id,
    topic,
    timeMs: Date.parse(time) || 0,
    revision: entry.ordinal,
    ...(expectedrevision === undefined ? {} : { expected: expectedrevision }),
    ...(correlationid === undefined ? {} : { correlationId: correlationid }),
    ...(causationid === undefined ? {} : { causationId: causationid }),
  };
};

export const isAfter = (a: Position, b: Position): boolean => comparePositions(a, b) > 0;
