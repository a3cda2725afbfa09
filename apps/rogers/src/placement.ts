// Where keys live: 128 vbuckets, each with the servers whose names hash highest with it. Pure, and the same in every Rogers and in whoever
// talks to memcached without one (libs/stores). A server that comes or goes moves its own vbuckets and no other.
import { stableHash, vbucketOf, VBUCKETS } from '#libs/stores';

export { VBUCKETS };

/** The servers of a vbucket, the first of which would be its only one without replicas. */
export const targetsOf = (servers: readonly string[], replicas: number, vbucket: number): readonly string[] =>
  servers
    .map((server) => ({ server, hash: stableHash(`${server}/${vbucket}`) }))
    .sort((a, b) => b.hash - a.hash || (a.server < b.server ? -1 : 1))
    .slice(0, replicas)
    .map(({ server }) => server);

const SENTINEL = /^[^!]{1,200}!(\d{1,3})$/;

/**
 * The vbucket of a key. The sentinels of views (`<view>:!17`) live in the vbucket that they vouch for, so that they are lost with its
 * rows: what is missing is then built anew from the log.
 */
export const vbucketOfKey = (key: string): number => {
  if (key.includes('!')) {
    const vbucket = Number(SENTINEL.exec(key)?.[1] ?? NaN);
    if (vbucket < VBUCKETS) return vbucket;
  }
  return vbucketOf(key);
};

/** Before the names of what Rogers keeps for itself: clients can neither read nor write it. */
const OWN_PREFIX = 'rogers//';
export const isOwnKey = (key: string): boolean => key.startsWith(OWN_PREFIX);
/** Whoever brings a server up to date. */
export const LOCK_KEY = `${OWN_PREFIX}lock`;
/** By vbucket. */
export const SENTINEL_KEYS: readonly string[] = Array.from(
  { length: VBUCKETS },
  (_, vbucket) => `${OWN_PREFIX}${vbucket}`,
);
