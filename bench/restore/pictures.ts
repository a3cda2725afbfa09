// What a deployment shows: the rows of its views as they stand in the stores, its timers, and its history. Of the moment that is gone back to, and of what was
// restored, to be compared. Used by accept 8.4.
import { archiveSource, eventJson, type EventJson, type HistorySource, kafkaSource } from '#apps/history';
import { openEventStoreDb } from '#libs/archive';
import { UPCASTERS } from '#libs/domain';
import { createUpcasting, EventLogConfig, openKafkaForReading, TOPICS } from '#libs/event-log';
import { systemClock as clock, systemRandom as random } from '#libs/runtime';
import {
  type CassandraDatabase,
  createMemcachedKeyValueStore,
  openCassandra,
  openMemcached,
} from '#libs/stores';
import {
  initialKeyspace,
  RegistrationRows,
  registrationCodec,
  registrationsByAor,
} from '#projections/registrations-by-aor';
import { until } from '../harness/children.js';
import type { Deployment, Engines } from './deployment.js';

const PAGE_ROWS = 500;
const CAUGHT_UP_MS_MAX = 120_000;
const RETENTION_MS = 7 * 86_400_000;

/** By the row's key, as text that tells all of it. */
export type Rows = ReadonlyMap<string, string>;
export type Told = ReadonlyMap<string, readonly EventJson[]>;

const plain = (_key: string, value: unknown): unknown => {
  if (typeof value === 'bigint') return String(value);
  if (value instanceof Map) return [...(value as ReadonlyMap<unknown, unknown>)];
  return value instanceof Set ? [...(value as ReadonlySet<unknown>)] : value;
};

/** A row that a request wrote says when by its node's clock, one that was folded by the event's time: milliseconds apart, for the grace of what is interrupted alone. */
const withoutTime = (row: unknown): unknown => {
  if (typeof row !== 'string') return row;
  const { atMs: _atMs, ...rest } = JSON.parse(row) as { atMs?: number };
  return rest;
};

/** Every row of every view in Cassandra with the position that it was written at. */
const rowsIn = async (database: CassandraDatabase): Promise<Rows> => {
  const cql = `SELECT view_name, key, row, generation, log_partition, log_offset FROM ${database.keyspace}.view_rows`;
  const rows = new Map<string, string>();
  let from: string | undefined;
  do {
    const page = await database.page(cql, [], PAGE_ROWS, from);
    for (const { view_name: view, key, row, ...at } of page.rows) rows.set(`${String(view)} ${String(key)}`, JSON.stringify([withoutTime(row), at], plain));
    from = page.next;
  } while (from !== undefined);
  return rows;
}; // prettier-ignore

const registrationsIn = async (engines: Engines, name: string, aors: readonly string[]): Promise<Rows> => {
  const cluster = openMemcached({ servers: engines.memcached.endpoints, clock });
  const generation = initialKeyspace({ generation: name });
  const store = createMemcachedKeyValueStore({ cluster, name: registrationsByAor.name, clock, codec: registrationCodec, generation });
  try {
    const rows = new RegistrationRows(store, clock);
    const found = new Map<string, string>();
    for (const aor of aors) found.set(`${registrationsByAor.name} ${aor}`, JSON.stringify(await rows.load(aor), plain));
    return found;
  } finally {
    cluster.close();
  }
}; // prettier-ignore

/** Of all views of the deployment; of registrations those of these addresses. */
export const viewsOf = async (engines: Engines, { name }: Pick<Deployment, 'name'>, aors: readonly string[]): Promise<Rows> => {
  const database = await openCassandra({
    contactPoints: engines.cassandra.endpoints,
    localDataCenter: 'datacenter1',
    keyspace: name,
    clock,
    random,
    timeoutMs: 10_000,
  });
  try {
    return new Map([...(await rowsIn(database)), ...(await registrationsIn(engines, name, aors))]);
  } finally {
    await database.close();
  }
}; // prettier-ignore

const toldBy = async (source: HistorySource): Promise<Told> => {
  const told = new Map<string, readonly EventJson[]>();
  try {
    for await (const heads of source.heads(TOPICS, 'oldest')) for (const head of heads) told.set(head.event().stream, []);
    for (const stream of told.keys()) {
      const events: EventJson[] = [];
      for await (const recorded of source.read(stream)) events.push(eventJson(recorded));
      told.set(stream, events);
    }
  } finally {
    await source.close?.();
  }
  return told;
}; // prettier-ignore

/** All that the log on Kafka tells. */
export const toldByLog = async (engines: Engines, { name, generation }: Pick<Deployment, 'name' | 'generation'>): Promise<Told> => {
  const config = Object.assign(new EventLogConfig(), {
    kafkaBrokers: [...engines.kafka.endpoints],
    kafkaSingle: true,
    kafkaTopicPrefix: name,
    kafkaGeneration: generation,
  });
  const { upcast } = createUpcasting(UPCASTERS);
  return toldBy(kafkaSource(await openKafkaForReading(config, { clock, random, upcast, retentionMs: RETENTION_MS })));
}; // prettier-ignore

/** All that the archive tells, once it holds as many events. */
export const toldByArchive = async ({ eventstoreUrl: url }: Deployment, events: number): Promise<Told> => {
  const opened = async (): Promise<HistorySource> => archiveSource(await openEventStoreDb({ url, clock }));
  await until('the archive to hold what the log does', CAUGHT_UP_MS_MAX, async () => {
    const source = await opened();
    const found = await source.verify?.();
    await source.close?.();
    return found !== undefined && found.events >= events ? true : undefined;
  });
  return toldBy(await opened());
};

export const countOf = (told: Told): number =>
  [...told.values()].reduce((sum, events) => sum + events.length, 0);

/** As the archive has it: which node wrote an event is not kept there. */
export const withoutNodes = (told: Told): Told =>
  new Map([...told].map(([stream, events]) => [stream, events.map(({ node: _node, ...event }) => event)]));

/** What of it had happened by then; streams that begin later are not there. */
export const toldUntil = (told: Told, untilMs: number): Told =>
  new Map(
    [...told]
      .map(([stream, events]) => [stream, events.filter(({ time }) => Date.parse(time) <= untilMs)] as const)
      .filter(([, events]) => events.length > 0),
  );

/** Where two pictures differ, for people; empty: nowhere. */
export const differences = (then: ReadonlyMap<string, unknown>, now: ReadonlyMap<string, unknown>): readonly string[] => {
  const text = (value: unknown): string => (value === undefined ? 'nothing' : typeof value === 'string' ? value : JSON.stringify(value));
  return [...new Set([...then.keys(), ...now.keys()])]
    .filter((key) => text(then.get(key)) !== text(now.get(key)))
    .map((key) => `${key}: ${text(then.get(key))} → ${text(now.get(key))}`);
}; // prettier-ignore
