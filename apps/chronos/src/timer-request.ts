// The body of POST and PUT /timers (backend.md §6.1): read, bounded, and told what is wrong with it. Pure.
// Used by the handlers. What is known and not used (replicas, sites, sequence numbers of other nodes) is passed over.
import type { TimerOrder, TimerTag } from '#libs/domain';

export type Read<T> = Readonly<{ ok: true; value: T }> | Readonly<{ ok: false; reason: string }>;

/** Ten years and leap days: also their sum stays a time that there is. */
const SECONDS_MAX = 3_660 * 86_400;
const URI_CHARACTERS_MAX = 2_048;
const OPAQUE_CHARACTERS_MAX = 65_536;
const TAGS_MAX = 32;
const TAG = /^[A-Za-z0-9_.-]{1,64}$/;
const COUNT_MAX = 1_000_000;
const REPLICATION_FACTOR = 2;
const REPLICATION_FACTOR_MAX = 100;

type Fields = Readonly<Record<string, unknown>>;

const bad = (reason: string): Read<never> => ({ ok: false, reason });

const objectIn = (from: Fields, name: string): Fields | undefined => {
  const value = from[name];
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
};

const seconds = (value: unknown): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= SECONDS_MAX;

/** Who is called: an http: URI with a host, and nothing that hides another one. */
const uriFault = (uri: string): string | undefined => {
  if (uri.length > URI_CHARACTERS_MAX) return `callback.http.uri is longer than ${URI_CHARACTERS_MAX}`;
  if (!/^http:\/\/[^\s/?#@\\]+([/?#]|$)/i.test(uri) || /[^\x21-\x7e]/.test(uri) || !URL.canParse(uri))
    return 'callback.http.uri is no http: URI';
  return undefined;
};

/** Malformed ones are skipped, those of one type added up. */
const tagsIn = (body: Fields): readonly TimerTag[] => {
  const listed = objectIn(body, 'statistics')?.['tag-info'];
  if (!Array.isArray(listed)) return NO_TAGS;
  const counts = new Map<string, number>();
  for (const each of listed.slice(0, TAGS_MAX) as unknown[]) {
    if (typeof each !== 'object' || each === null) continue;
    const { type, count = 1 } = each as Fields;
    if (typeof type !== 'string' || !TAG.test(type)) continue;
    if (typeof count !== 'number' || !Number.isInteger(count) || count < 0 || count > COUNT_MAX) continue;
    counts.set(type, (counts.get(type) ?? 0) + count);
  }
  return [...counts].map(([type, count]) => ({ type, count }));
};

const NO_TAGS: readonly TimerTag[] = [];

const replicationFactorIn = (body: Fields, named: number | undefined): Read<number> => {
  if (body['reliability'] === undefined) return { ok: true, value: named ?? REPLICATION_FACTOR };
  const reliability = objectIn(body, 'reliability');
  if (!reliability) return bad('reliability is no object');
  const { replicas } = reliability;
  if (Array.isArray(replicas) && replicas.length === 0) return bad('reliability.replicas is empty');
  const factor = reliability['replication-factor'] ?? named ?? REPLICATION_FACTOR;
  if (
    typeof factor !== 'number' ||
    !Number.isInteger(factor) ||
    factor < 1 ||
    factor > REPLICATION_FACTOR_MAX
  )
    return bad(`reliability.replication-factor takes 1 to ${REPLICATION_FACTOR_MAX}`);
  if (named !== undefined && factor !== named)
    return bad(`reliability.replication-factor is ${factor}, but ${named} in the timer's name`);
  return { ok: true, value: factor };
};

const timingIn = (body: Fields): Read<Pick<TimerOrder, 'intervalS' | 'repeatForS'>> => {
  const timing = objectIn(body, 'timing');
  if (!timing) return bad('timing is absent or no object');
  const { interval: intervalS } = timing;
  const repeatForS = timing['repeat-for'] ?? intervalS;
  if (!seconds(intervalS)) return bad(`timing.interval takes whole seconds, 0 to ${SECONDS_MAX}`);
  if (!seconds(repeatForS)) return bad(`timing.repeat-for takes whole seconds, 0 to ${SECONDS_MAX}`);
  if (intervalS === 0 && repeatForS !== 0)
    return bad('timing.interval is 0, so timing.repeat-for must be 0 or absent');
  return { ok: true, value: { intervalS, repeatForS } };
};

const jsonOf = (body: unknown): unknown => {
  if (typeof body !== 'string') return body;
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return undefined;
  }
};

/** What is ordered, from now; `named` is the replication factor in the timer's name, where it has one. */
export const readTimerRequest = (given: unknown, nowMs: number, named?: number): Read<TimerOrder> => {
  const body = jsonOf(given);
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    return bad('the body is no JSON object');
  const fields = body as Fields;
  const timing = timingIn(fields);
  if (!timing.ok) return timing;
  const http = objectIn(objectIn(fields, 'callback') ?? {}, 'http');
  if (!http) return bad('callback.http is absent or no object');
  const { uri, opaque } = http;
  if (typeof uri !== 'string') return bad('callback.http.uri is absent or no text');
  if (typeof opaque !== 'string') return bad('callback.http.opaque is absent or no text');
  if (opaque.length > OPAQUE_CHARACTERS_MAX)
    return bad(`callback.http.opaque is longer than ${OPAQUE_CHARACTERS_MAX}`);
  const fault = uriFault(uri);
  if (fault !== undefined) return bad(fault);
  const factor = replicationFactorIn(fields, named);
  if (!factor.ok) return factor;
  const { intervalS, repeatForS } = timing.value;
  return {
    ok: true,
    value: {
      startMs: Math.round(nowMs),
      intervalS,
      repeatForS,
      uri,
      opaque,
      tags: tagsIn(fields),
      replicationFactor: factor.value,
    },
  };
};

export type TimerName = Readonly<{ id: string; replicationFactor: number }>;

const NAME = /^([0-9a-fA-F]{16})-(\d{1,3})/;

/** `<16 hex digits>-<replication factor>`; what follows is nothing. The id is text: 64 bits are more than a number holds. */
export const readTimerName = (text: string): TimerName | undefined => {
  const [, id, factor] = NAME.exec(text) ?? [];
  if (id === undefined || Number(factor) < 1) return undefined;
  return { id: id.toLowerCase(), replicationFactor: Number(factor) };
};

export const timerName = ({ id, replicationFactor }: TimerName): string => `${id}-${replicationFactor}`;
