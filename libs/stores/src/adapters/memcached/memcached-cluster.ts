// The memcached servers that share a view's keys. No failover: another server would take keys that its sentinels vouch for wrongly.
// Used by memcached-key-value-store.ts and memcached-sentinels.ts; opened once a process.
import type { Clock } from '#libs/runtime';
import { AnyServer } from './any-server.js';
import { MemcachedLink, type MemcachedServer } from './memcached-link.js';
import { placeVbuckets, SERVERS_MAX, vbucketOf } from './memcached-keys.js';

export const MEMCACHED_TIMEOUT_MS = 500;

export type MemcachedOptions = Readonly<{
  /** host:port each. */
  servers: readonly string[];
  clock: Clock;
  timeoutMs?: number;
  /** They are Rogers: each has all keys. */
  areAlike?: boolean;
}>;

export interface MemcachedCluster {
  readonly servers: readonly string[];
  /** By vbucket. */
  linkOf(vbucket: number): MemcachedServer;
  vbucketOf(wireKey: string): number;
  close(): void;
}

/** Connects when first used: a server that is away is an error of the calls that need it, not of the start. */
export const openMemcached = ({
  servers,
  clock,
  timeoutMs = MEMCACHED_TIMEOUT_MS,
  areAlike = false,
}: MemcachedOptions): MemcachedCluster => {
  const names = [...new Set(servers)];
  if (names.length === 0 || names.length > SERVERS_MAX)
    throw new RangeError(`memcached takes 1 to ${SERVERS_MAX} servers, not ${names.length}`);
  const fault = names.find((name) => !/^[\w.-]+:\d{1,5}$/.test(name));
  if (fault !== undefined) throw new RangeError(`${fault} is not a memcached server's host:port`);
  const links = names.map((server) => new MemcachedLink({ server, clock, timeoutMs }));
  const any = new AnyServer(links, process.pid);
  const byVbucket: readonly MemcachedServer[] = placeVbuckets(names).map((index) =>
    areAlike ? any : links[index]!,
  );
  return {
    servers: names,
    linkOf: (vbucket) => byVbucket[vbucket]!,
    vbucketOf,
    close: () => links.forEach((link) => link.close()),
  };
};
