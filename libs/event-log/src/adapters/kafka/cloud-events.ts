// An event as a Kafka record: CloudEvents 1.0, binary content mode (attributes in headers, JSON value, key = stream). Pure.
// Any CloudEvents tool can read it. Written by produce-lane.ts, read by everything that fetches.
import type { Position } from '#libs/decider';
import { positionOfText, positionText } from '../../copy/original-position.js';
import type { StoredEvent } from '../../copy/stored-log.port.js';
import type { DomainEvent, RecordedEvent, Topic } from '../../event-log.port.js';

/** Brings an event to its newest version. */
export type Upcast = (stream: string, event: DomainEvent, version: number) => DomainEvent;

/** What an append says of each of its events. */
export type AppendFacts = Readonly<{
  stream: string;
  topic: Topic;
  /** Schema version of the type. */
  version: number;
  timeMs: number;
  id: string;
  source: string;
  expected: number | undefined;
  correlationId: string | undefined;
  causationId: string | undefined;
  idempotencyKey: string | undefined;
  appendId: string;
  index: number;
  count: number;
  /** Where a copied event stood in the log it came from. */
  originalPosition?: Position;
}>;

export type KafkaRecord = Readonly<{ key: string; value: string; headers: Record<string, string> }>;

/** A record as kafkajs fetches it. */
export type FetchedRecord = Readonly<{
  offset: string;
  key: Buffer | null;
  value: Buffer | null;
  headers?: Readonly<Record<string, Buffer | string | null | undefined>>;
}>;

/** `ce_source` of a node's events; percent-encoded, as an IPv6 address or a name of any kind may be in it. */
const SOURCE = '/clearwater/';
export const sourceOf = (node: string): string => SOURCE + encodeURIComponent(node);

/** Of an event of which nobody knows who wrote it: CloudEvents must have a source. */
export const sourceOfCopy = (node: string | undefined): string =>
  node === undefined ? '/clearwater' : sourceOf(node);

const nodeOf = (source: string | undefined): string | undefined => {
  if (source === undefined || !source.startsWith(SOURCE)) return undefined;
  try {
    return decodeURIComponent(source.slice(SOURCE.length));
  } catch {
    return undefined;
  }
};

const EVENT_NAME = /^[A-Za-z][A-Za-z0-9]*$/;
const TYPE = /^clearwater\.([a-z]+)\.([A-Za-z][A-Za-z0-9]*)\.v([1-9][0-9]{0,5})$/;

const kebab = (name: string): string => name.replace(/(?<!^)([A-Z])/g, '-$1').toLowerCase();

export const encodeRecord = (event: DomainEvent, facts: AppendFacts): KafkaRecord => {
  const { stream, topic, version, expected, correlationId, causationId, idempotencyKey } = facts;
  if (!EVENT_NAME.test(event.type)) throw new Error(`not a name for an event: ${JSON.stringify(event.type)}`);
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    ce_specversion: '1.0',
    ce_id: facts.id,
    ce_type: `clearwater.${topic}.${event.type}.v${version}`,
    ce_source: facts.source,
    ce_subject: stream,
    ce_time: new Date(facts.timeMs).toISOString(),
    ce_dataschema: `/schemas/${stream.slice(0, stream.indexOf('-'))}/${kebab(event.type)}.v${version}.json`,
  };
  if (expected !== undefined) headers['ce_expectedrevision'] = String(expected);
  if (correlationId !== undefined) headers['ce_correlationid'] = correlationId;
  if (causationId !== undefined) headers['ce_causationid'] = causationId;
  if (idempotencyKey !== undefined) headers['ce_idempotencykey'] = idempotencyKey;
  if (facts.count > 1) {
    headers['ce_appendid'] = facts.appendId;
    headers['ce_appendindex'] = String(facts.index);
    headers['ce_appendcount'] = String(facts.count);
  }
  if (facts.originalPosition) {
    headers['ce_originalposition'] = positionText(facts.originalPosition);
  }
  return { key: stream, value: JSON.stringify(event.data), headers };
};

/** What the fold of an expect topic and the search for an append look at: no JSON is parsed for it. */
export type RecordHead = Readonly<{
  stream: string;
  id: string;
  appendId: string;
  index: number;
  count: number;
  expected: number | undefined;
  idempotencyKey: string | undefined;
}>;

const text = (record: FetchedRecord, name: string): string | undefined => record.headers?.[name]?.toString();

const count = (record: FetchedRecord, name: string): number | undefined => {
  const value = text(record, name);
  return value !== undefined && /^[0-9]{1,15}$/.test(value) ? Number(value) : undefined;
};

/** Undefined: the record is none of ours, and no event to anybody. */
export const decodeHead = (record: FetchedRecord): RecordHead | undefined => {
  const stream = text(record, 'ce_subject') ?? record.key?.toString();
  const id = text(record, 'ce_id');
  if (stream === undefined || id === undefined) return undefined;
  return {
    stream,
    id,
    appendId: text(record, 'ce_appendid') ?? id,
    index: count(record, 'ce_appendindex') ?? 0,
    count: count(record, 'ce_appendcount') ?? 1,
    expected: count(record, 'ce_expectedrevision'),
    idempotencyKey: text(record, 'ce_idempotencykey'),
  };
};

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/**
 * The event of a record of that place. A record that is no event of ours comes with `unreadable`, so that it is parked and
 * shown, not stepped over in silence.
 */
export const decodeRecord = (
  record: FetchedRecord,
  topic: Topic,
  place: Position,
  upcast: Upcast | undefined,
): RecordedEvent => {
  const stream = text(record, 'ce_subject') ?? record.key?.toString() ?? '';
  const original = originalPositionOf(record);
  const recorded: Mutable<RecordedEvent> = {
    event: { type: text(record, 'ce_type') ?? '', data: {} },
    stream,
    position: original ?? place,
    id: text(record, 'ce_id') ?? '',
    topic,
    timeMs: Date.parse(text(record, 'ce_time') ?? '') || 0,
  };
  if (original) recorded.standsAt = place;
  const expected = count(record, 'ce_expectedrevision');
  if (expected !== undefined) recorded.expected = expected;
  const correlationId = text(record, 'ce_correlationid');
  if (correlationId !== undefined) recorded.correlationId = correlationId;
  const causationId = text(record, 'ce_causationid');
  if (causationId !== undefined) recorded.causationId = causationId;
  const node = nodeOf(text(record, 'ce_source'));
  if (node !== undefined) recorded.node = node;
  try {
    const [, family, name = '', version] = TYPE.exec(recorded.event.type) ?? [];
    if (family !== topic) throw new Error(`not an event of ${topic}: ${JSON.stringify(recorded.event.type)}`);
    const stored = { type: name, data: dataOf(record) };
    recorded.event = stored;
    if (upcast) recorded.event = upcast(stream, stored, Number(version));
  } catch (error) {
    recorded.unreadable = String(error);
  }
  return recorded;
};

const dataOf = (record: FetchedRecord): object => {
  const data: unknown = JSON.parse(record.value?.toString() ?? 'null');
  if (typeof data !== 'object' || data === null) throw new Error('the value is not a JSON object');
  return data;
};

/** Where a copied event stood first, if it is one. */
export const originalPositionOf = (record: FetchedRecord): Position | undefined =>
  positionOfText(text(record, 'ce_originalposition') ?? '');

/** A record as a copy takes it, in the version it was written with; undefined: it is no event of ours. */
export const decodeStored = (
  record: FetchedRecord,
  topic: Topic,
  place: Position,
  revision: number | undefined,
): StoredEvent | undefined => {
  const head = decodeHead(record);
  const [, family, type, version] = TYPE.exec(text(record, 'ce_type') ?? '') ?? [];
  if (!head || family !== topic || type === undefined) return undefined;
  try {
    const original = originalPositionOf(record);
    return {
      ...head,
      topic,
      type,
      version: Number(version),
      data: dataOf(record),
      timeMs: Date.parse(text(record, 'ce_time') ?? '') || 0,
      revision,
      correlationId: text(record, 'ce_correlationid'),
      causationId: text(record, 'ce_causationid'),
      node: nodeOf(text(record, 'ce_source')),
      position: original ?? place,
      isCopy: original !== undefined,
    };
  } catch {
    return undefined;
  }
};
