// Fills a server with vbuckets: what it has of them is dropped, everybody begins to write there too, what was there before is copied from a
// member and compared once more, and then it takes part. Used by astaire.ts. Copying writes nothing over what is newer.
import type { Clock, HotCounter } from '#libs/runtime';
import type { CacheServer, Found } from '../cache-server.port.js';
import { ServerUnavailable } from '../cache-server.port.js';
import { exptimeOfTtl } from '../exptime.js';
import { isOwnKey, LOCK_KEY, SENTINEL_KEYS, vbucketOfKey } from '../placement.js';
import { spreadTo } from '../proxy/spread.js';
import type { Topology } from '../topology.js';
import { parseView, without } from '../view.js';
import type { ViewKeeper } from '../view-keeper.js';
import type { ViewTable } from '../view-table.js';

/** Keys under way at the same time. */
const KEYS_TOGETHER_MAX = 64;
/** Keys of one server that are listed at once; of more nothing is filled, and that is told. */
const KEYS_LISTED_MAX = 4_000_000;
/** A lock that is not kept is free after this. */
const LOCK_TTL_S = 15;
const LOCK_KEPT_MS = 4_000;
const NEVER = 0;

/** Of one Rogers: what it writes into locks, and the servers whose lock it has or is taking. */
export type Locks = Readonly<{ token: string; taken: Set<string> }>;

export type FillPorts = Readonly<{
  clock: Clock;
  table: ViewTable;
  keeper: ViewKeeper;
  serverOf: (name: string) => CacheServer;
  topology: () => Topology;
  locks: Locks;
  count: Readonly<{ copied: HotCounter; copiedBytes: HotCounter; purged: HotCounter; filled: HotCounter }>;
}>;

type Listed = Readonly<{
  keys: readonly string[];
  /** Keys of Rogers' own. */
  ownKeys: number;
}>;

const keysIn = async (server: CacheServer, isWanted: (vbucket: number) => boolean): Promise<Listed> => {
  const keys: string[] = [];
  let ownKeys = 0;
  let isTooMany = false;
  await server.keys((key) => {
    if (isOwnKey(key)) ownKeys += 1;
    if (isOwnKey(key) || !isWanted(vbucketOfKey(key))) return;
    if (keys.length < KEYS_LISTED_MAX) keys.push(key);
    else isTooMany = true;
  });
  if (isTooMany) throw new ServerUnavailable(`memcached ${server.name}: more than ${KEYS_LISTED_MAX} keys`);
  return { keys, ownKeys };
};

/** One after another in several rows at the same time; rejects with the first failure, once no row runs on. */
const forEach = async <T>(items: readonly T[], run: (item: T) => Promise<void>): Promise<void> => {
  let next = 0;
  const row = async (): Promise<void> => {
    try {
      while (next < items.length) await run(items[next++]!);
    } catch (error) {
      next = items.length;
      throw error;
    }
  };
  const rows = await Promise.allSettled(Array.from({ length: KEYS_TOGETHER_MAX }, row));
  const failed = rows.find((one) => one.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
};

const readFrom = (server: CacheServer, key: string, vbucket: number): Promise<Found> =>
  new Promise((resolve, reject) =>
    server.read(key, vbucket, (found) =>
      found === undefined
        ? reject(new ServerUnavailable(`memcached ${server.name}: no answer`))
        : resolve(found),
    ),
  );

/** Drops what a server has of vbuckets that it is no part of. Rejects where it finds that it is. */
export const purgeServer = async (
  { count }: Pick<FillPorts, 'count'>,
  server: CacheServer,
  vbuckets: ReadonlySet<number>,
): Promise<void> => {
  const { keys } = await keysIn(server, (vbucket) => vbuckets.has(vbucket));
  await forEach(keys, async (key) => {
    const { sentinel, cas } = await readFrom(server, key, vbucketOfKey(key));
    // Somebody filled it while this process stood still.
    if (parseView(sentinel)?.members.includes(server.name))
      throw new ServerUnavailable(`memcached ${server.name}: is a part of what was to be dropped`);
    if (cas !== '' && (await server.remove(key, cas))) count.purged.n += 1;
  });
};

/** The same for one that was a part of it, or says so still: nobody else may be at it. */
export const cleanServer = async (
  ports: Pick<FillPorts, 'count'>,
  server: CacheServer,
  vbuckets: readonly number[],
): Promise<void> => {
  await Promise.all(vbuckets.map((vbucket) => server.remove(SENTINEL_KEYS[vbucket]!)));
  await purgeServer(ports, server, new Set(vbuckets));
};

/** True where it was not there yet. */
const copyKey = async (
  { clock, count }: FillPorts,
  from: CacheServer,
  to: CacheServer,
  key: string,
): Promise<boolean> => {
  const vbucket = vbucketOfKey(key);
  const [found, there] = await Promise.all([readFrom(from, key, vbucket), readFrom(to, key, vbucket)]);
  const { stored, raw } = found;
  if (stored === undefined || raw === undefined || (there.stored?.version ?? 0) >= stored.version) return false;
  const exptime = exptimeOfTtl(found.ttlS, clock.nowMs());
  const spread = { key, vbucket, raw, version: stored.version, exptime };
  await new Promise<void>((resolve, reject) =>
    spreadTo(to, spread, there, '', (outcome) => {
      if (outcome === 'done' || outcome === 'sentinel') resolve();
      else reject(new ServerUnavailable(`memcached ${to.name}: ${outcome === 'refused' ? 'has no room' : 'no answer'}`));
    }),
  );
  count.copied.n += 1;
  count.copiedBytes.n += raw.length;
  return true;
}; // prettier-ignore

/** The right to fill a server, kept while it is filled. */
const lockOf = (server: CacheServer, token: string, clock: Clock) => {
  let keptMs = clock.monotonicMs();
  return {
    /** Also where it is ours already: we could not give it back when the connection was lost. */
    async take(): Promise<boolean> {
      if (await server.put(LOCK_KEY, token, LOCK_TTL_S, '')) return true;
      const held = await server.fetch(LOCK_KEY);
      return held?.text === token && server.put(LOCK_KEY, token, LOCK_TTL_S, held.cas);
    },
    /** Rejects where another has it. */
    async keep(): Promise<void> {
      if (clock.monotonicMs() - keptMs < LOCK_KEPT_MS) return;
      keptMs = clock.monotonicMs();
      const held = await server.fetch(LOCK_KEY);
      if (held?.text !== token || !(await server.put(LOCK_KEY, token, LOCK_TTL_S, held.cas)))
        throw new ServerUnavailable(`memcached ${server.name}: another Rogers fills it`);
    },
    async free(): Promise<void> {
      const held = await server.fetch(LOCK_KEY);
      if (held?.text === token) await server.remove(LOCK_KEY, held.cas);
    },
  };
};

/** Runs while nobody else fills or empties the server; not at all where somebody does. `keep` is to be called now and then. */
export const withLock = async (
  { clock, locks: { token, taken } }: Pick<FillPorts, 'clock' | 'locks'>,
  server: CacheServer,
  run: (keep: () => Promise<void>) => Promise<void>,
): Promise<void> => {
  // Other work of this process at the same server: the token would not tell the two apart.
  if (taken.has(server.name)) return;
  taken.add(server.name);
  const lock = lockOf(server, token, clock);
  try {
    if (!(await lock.take())) return;
    try {
      await run(() => lock.keep());
    } finally {
      await lock.free().catch(() => undefined);
    }
  } finally {
    taken.delete(server.name);
  }
};

/** Resolves when it takes part in all of them, or another Rogers is at it; rejects where a server does not answer. */
export const fillServer = (
  ports: FillPorts,
  server: CacheServer,
  vbuckets: readonly number[],
  isStopped: () => boolean,
): Promise<void> =>
  withLock(ports, server, async (keepLock) => {
    const joined = await join(ports, server, vbuckets);
    const keep = async (): Promise<void> => {
      if (isStopped()) throw new ServerUnavailable(`memcached ${server.name}: this process ends`);
      await keepLock();
    };
    await copyAll(ports, server, joined, keep);
    // What is compared is what was there when all were copied: nothing may be missing now.
    await copyAll(ports, server, joined, keep);
    await Promise.all(joined.map((vbucket) => finish(ports, server, vbucket)));
  });

/** Everybody writes there too from now on. Vbuckets for which it was so. */
const join = async (
  ports: FillPorts,
  server: CacheServer,
  vbuckets: readonly number[],
): Promise<readonly number[]> => {
  const { keeper, topology } = ports;
  const views = await Promise.all(vbuckets.map((vbucket) => keeper.refresh(vbucket)));
  const wanted = vbuckets.filter((_, n) => views[n]?.members.includes(server.name) === false);
  // One that somebody began to fill and left: nobody is at it any more, since the lock is ours.
  await Promise.all(wanted.map((vbucket) => keeper.exclude(vbucket, server.name)));
  await cleanServer(ports, server, wanted);
  const { revision } = topology();
  const joined = await Promise.all(
    wanted.map((vbucket) =>
      keeper.change(vbucket, (view) => {
        if (view.members.includes(server.name)) return undefined;
        const joining = [...without(view.joining, server.name), server.name];
        return { members: view.members, joining, revision: Math.max(view.revision, revision) };
      }),
    ),
  );
  return wanted.filter((_, n) => joined[n]);
};

const copyAll = async (
  ports: FillPorts,
  server: CacheServer,
  vbuckets: readonly number[],
  keep: () => Promise<void>,
): Promise<void> => {
  const bySource = new Map<CacheServer, Set<number>>();
  for (const vbucket of vbuckets) {
    const source = ports.table.of(vbucket)?.members[0];
    if (source === undefined) continue;
    const group = bySource.get(source) ?? new Set<number>();
    bySource.set(source, group.add(vbucket));
  }
  for (const [source, group] of bySource) {
    const { keys, ownKeys } = await keysIn(source, (vbucket) => group.has(vbucket));
    // It has at least the sentinels of what it holds: while memcached makes its table of keys larger it lists none at all, and says that these are all.
    if (ownKeys === 0) throw new ServerUnavailable(`memcached ${source.name}: does not list its keys now`);
    await forEach(keys, async (key) => {
      await keep();
      await copyKey(ports, source, server, key);
    });
  }
};

/** It is told first: a view with it may hold only where it says so itself. */
const finish = async ({ keeper, count }: FillPorts, server: CacheServer, vbucket: number): Promise<void> => {
  const isIn = await keeper.change(
    vbucket,
    ({ members, joining }) =>
      joining.includes(server.name) ? { members: [...members, server.name], joining: without(joining, server.name) } : undefined,
    async ({ text }) => void (await server.put(SENTINEL_KEYS[vbucket]!, text, NEVER)),
  );
  if (isIn) count.filled.n += 1;
}; // prettier-ignore
