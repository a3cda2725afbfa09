// What Homers share of their nonces, so that one's is good at the others: the key, and, where the views are in memcached, which were used.
// Used by main.ts here and by the all-in-one.
import { loadNonceKey, type NonceCounts, sharedNonceCounts } from '#libs/digest';
import type { Clock, ProcessConfig } from '#libs/runtime';
import { createMemcachedKeyValueStore, type Engines, jsonCodec } from '#libs/stores';

export type SharedNonces = Readonly<{ nonceKey: Buffer; nonceCounts?: NonceCounts }>;

/** Throws with a message for the operator when MASTER_KEY_FILE is unfit. */
export const sharedNonces = (
  config: Pick<ProcessConfig, 'masterKeyFile' | 'dataDir'>,
  { memcached: cluster }: Pick<Engines, 'memcached'>,
  clock: Clock,
): SharedNonces => {
  const nonceKey = loadNonceKey(config);
  if (cluster === undefined) return { nonceKey };
  const store = createMemcachedKeyValueStore<number>({ cluster, name: 'homer-nonces', clock, codec: jsonCodec() });
  return { nonceKey, nonceCounts: sharedNonceCounts(store) };
}; // prettier-ignore
