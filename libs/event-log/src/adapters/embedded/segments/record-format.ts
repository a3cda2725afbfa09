// How events stand in a segment file (docs/adr/0002): one header line a batch, then one JSON line an event.
//   CWLOG1 <first offset> <gap> <count> <bytes> <contents> <crc of the lines> <crc of this header>
// A batch is what one write and one fdatasync made durable; `gap` counts the offsets that retention took out before
// it; `contents` has a bit for each topic in it, so that readers step over what they do not want.
// Lines carry CloudEvents attributes. Written by the appender; read by recovery, readers and npm run history.
import { crc32 } from 'node:zlib';
import { positionOfText } from '../../../copy/original-position.js';
import { TOPICS, type DomainEvent, type RecordedEvent, type Topic } from '../../../event-log.port.js';

export const MAGIC = 'CWLOG1';
export const HEADER_BYTES = 84;
const FIELDS_BYTES = HEADER_BYTES - 9;

/** Part of the format: the place of a topic in TOPICS is its bit, so new topics go to the end of it. */
export const TOPIC_BIT: Readonly<Record<Topic, number>> = Object.fromEntries(
  TOPICS.map((topic, index) => [topic, 1 << index]),
) as Record<Topic, number>;
/** Set when an event of the batch carries an idempotency key. */
export const KEY_BIT = 0x8000;
/** Set in segments that retention has rewritten. */
export const COMPACTED_BIT = 0x4000;
const TOPIC_BITS = (1 << TOPICS.length) - 1;
export const EXPECT_BITS = TOPIC_BIT.provisioning | TOPIC_BIT.accounts;

/** True when a batch holds events of other topics than these. */
export const isMixed = (contents: number, bits: number): boolean => (contents & TOPIC_BITS & ~bits) !== 0;

export const topicBits = (topics: readonly Topic[]): number =>
  topics.reduce((bits, topic) => bits | TOPIC_BIT[topic], 0);

export type BatchHeader = Readonly<{
  first: number;
  /** Offsets missing between the batch before and this one. */
  gap: number;
  count: number;
  bytes: number;
  contents: number;
  bodyCrc: number;
}>;

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');
const decimal = (value: number, digits: number): string => String(value).padStart(digits, '0');

/** A batch ready to be written: header and lines in one buffer. `lines` end in a line feed each. */
export const encodeBatch = (
  { first, gap, count, contents }: Omit<BatchHeader, 'bytes' | 'bodyCrc'>,
  lines: string,
  linesBytes: number,
): Buffer => {
  const batch = Buffer.allocUnsafe(HEADER_BYTES + linesBytes);
  batch.write(lines, HEADER_BYTES, 'utf8');
  const bodyCrc = crc32(batch.subarray(HEADER_BYTES));
  const fields = `${MAGIC} ${decimal(first, 16)} ${decimal(gap, 16)} ${decimal(count, 8)} ${decimal(linesBytes, 10)} ${hex(contents, 4)} ${hex(bodyCrc, 8)} `;
  batch.write(`${fields}${hex(crc32(fields), 8)}\n`, 0, 'latin1');
  return batch;
};

/** The header at a place of a buffer, or undefined when there is none that is whole. */
export const decodeHeader = (bytes: Buffer, at: number): BatchHeader | undefined => {
  if (bytes.length < at + HEADER_BYTES) return undefined;
  const text = bytes.toString('latin1', at, at + HEADER_BYTES);
  if (!text.startsWith(MAGIC) || !text.endsWith('\n')) return undefined;
  if (parseInt(text.slice(FIELDS_BYTES), 16) !== crc32(text.slice(0, FIELDS_BYTES))) return undefined;
  const words = text.split(' ');
  return {
    first: Number(words[1]),
    gap: Number(words[2]),
    count: Number(words[3]),
    bytes: Number(words[4]),
    contents: parseInt(words[5] ?? '', 16),
    bodyCrc: parseInt(words[6] ?? '', 16),
  };
};

/** The attributes of an event beside its data, as the appender knows them. */
export type Attributes = Readonly<{
  stream: string;
  topic: Topic;
  timeMs: number;
  version: number;
  id: string;
  revision: number | undefined;
  expected: number | undefined;
  correlationId: string | undefined;
  causationId: string | undefined;
  idempotencyKey: string | undefined;
  /** Of a copied event: who wrote it, where its first log says so. */
  node?: string | undefined;
  index: number;
  count: number;
  firstId: string;
  /** Where a copied event stood first. */
  originalPosition?: string;
}>;

let lastTimeMs = 0;
let lastTime = '';
/** RFC 3339 text of a time; the last one is kept, since the events of a batch share it. */
const timeText = (timeMs: number): string => {
  if (timeMs !== lastTimeMs) {
    lastTime = new Date(timeMs).toISOString();
    lastTimeMs = timeMs;
  }
  return lastTime;
};

const EVENT_NAME = /^[A-Za-z][A-Za-z0-9]*$/;
/** By topic, name and version; one entry a type in the code, so it needs no bound. */
const fullTypes = new Map<string, Map<string, string[]>>();
const fullType = (topic: Topic, name: string, version: number): string => {
  const known = fullTypes.get(topic)?.get(name)?.[version];
  if (known !== undefined) return known;
  if (!EVENT_NAME.test(name)) throw new Error(`not a name for an event: ${JSON.stringify(name)}`);
  const ofTopic = fullTypes.get(topic) ?? new Map<string, string[]>();
  const ofName = ofTopic.get(name) ?? [];
  fullTypes.set(topic, ofTopic);
  ofTopic.set(name, ofName);
  return (ofName[version] = `clearwater.${topic}.${name}.v${version}`);
};

/** One event as a line of a segment, its line feed included. */
export const encodeLine = (event: DomainEvent, attributes: Attributes): string => {
  const { stream, topic, version, revision, expected, correlationId, causationId, idempotencyKey } =
    attributes;
  const type = fullType(topic, event.type, version);
  let line = `{"id":"${attributes.id}","type":"${type}","subject":${JSON.stringify(stream)},"time":"${timeText(attributes.timeMs)}"`;
  if (revision !== undefined) line += `,"revision":${revision}`;
  if (expected !== undefined) line += `,"expectedrevision":${expected}`;
  if (correlationId !== undefined) line += `,"correlationid":${JSON.stringify(correlationId)}`;
  if (causationId !== undefined) line += `,"causationid":${JSON.stringify(causationId)}`;
  if (attributes.count > 1) {
    line += `,"appendid":"${attributes.firstId}","appendindex":${attributes.index},"appendcount":${attributes.count}`;
  }
  if (idempotencyKey !== undefined) line += `,"idempotencykey":${JSON.stringify(idempotencyKey)}`;
  if (attributes.node !== undefined) line += `,"node":${JSON.stringify(attributes.node)}`;
  if (attributes.originalPosition !== undefined)
    line += `,"originalposition":"${attributes.originalPosition}"`;
  return `${line},"data":${JSON.stringify(event.data)}}\n`;
};

const TYPE_PREFIX = '"type":"clearwater.';

/** The bit of the topic of the line that begins at a place of a text: a look at its type, nothing parsed. */
export const topicBitAt = (text: string, lineStart: number): number => {
  const from = text.indexOf(TYPE_PREFIX, lineStart) + TYPE_PREFIX.length;
  return TOPIC_BIT[text.slice(from, text.indexOf('.', from)) as Topic] ?? 0;
};

/** A line as it was parsed: what recovery and readers look at. */
export type Line = Readonly<{
  id: string;
  type: string;
  subject: string;
  time: string;
  revision?: number;
  expectedrevision?: number;
  correlationid?: string;
  causationid?: string;
  appendid?: string;
  appendindex?: number;
  appendcount?: number;
  idempotencykey?: string;
  node?: string;
  originalposition?: string;
  data: object;
}>;

type TypeParts = Readonly<{ topic: Topic; name: string; version: number }>;

const TYPES_MAX = 10_000;
const typeParts = new Map<string, TypeParts>();
let lastType = '';
let lastParts: TypeParts | undefined;
/** The last one is kept: to compare a text that was just parsed costs less than to find it in a map. */
export const partsOf = (type: string): TypeParts => {
  if (lastParts !== undefined && type === lastType) return lastParts;
  lastParts = partsByType(type);
  lastType = type;
  return lastParts;
};

const partsByType = (type: string): TypeParts => {
  let parts = typeParts.get(type);
  if (!parts) {
    const [, topic, name, version] = type.split('.');
    if (!topic || !name || !version) throw new Error(`not the type of an event: ${type}`);
    parts = { topic: topic as Topic, name, version: Number(version.slice(1)) };
    if (typeParts.size >= TYPES_MAX) typeParts.clear();
    typeParts.set(type, parts);
  }
  return parts;
};

let lastParsedTime = '';
let lastParsedMs = 0;
const timeMsOf = (time: string): number => {
  if (time !== lastParsedTime) {
    lastParsedMs = Date.parse(time);
    lastParsedTime = time;
  }
  return lastParsedMs;
};

/** Brings an event to its newest version; the identity when there are no upcasters. */
export type Upcast = (stream: string, event: DomainEvent, version: number) => DomainEvent;

/** The recorded event of a line. */
export const decodeLine = (
  line: Line,
  generation: number,
  offset: number,
  upcast: Upcast | undefined,
): RecordedEvent => {
  const { topic, name, version } = partsOf(line.type);
  const stored = { type: name, data: line.data };
  const recorded: { -readonly [K in keyof RecordedEvent]: RecordedEvent[K] } = {
    event: stored,
    stream: line.subject,
    position: { generation, partition: 0, offset },
    id: line.id,
    topic,
    timeMs: timeMsOf(line.time),
  };
  if (upcast) {
    try {
      recorded.event = upcast(line.subject, stored, version);
    } catch (error) {
      recorded.unreadable = String(error);
    }
  }
  if (line.originalposition !== undefined) {
    recorded.standsAt = recorded.position;
    recorded.position = positionOfText(line.originalposition) ?? recorded.position;
  }
  if (line.revision !== undefined) recorded.revision = line.revision;
  if (line.expectedrevision !== undefined) recorded.expected = line.expectedrevision;
  if (line.correlationid !== undefined) recorded.correlationId = line.correlationid;
  if (line.causationid !== undefined) recorded.causationId = line.causationid;
  if (line.node !== undefined) recorded.node = line.node;
  return recorded;
};
