// What Sprout keeps for a short while and does not log: challenges, and chains that are at application servers. Where the views are, so
// that all routers of a deployment know them (docs/architecture.md §2). Used by the start-up of the all-in-one and of Sprout alone.
import type { Clock } from '#libs/runtime';
import {
  createMemcachedKeyValueStore,
  createMemoryKeyValueStore,
  type Engines,
  jsonCodec,
  type KeyValueStore,
} from '#libs/stores';
import type { LiveChallenges } from './authentication/challenges.js';
import { CHAIN_LINK_CODEC, type ChainLink } from './isc/chain-link.js';
import type { RouterSign } from './isc/router-signs.js';

/** Challenges where the views are. memcached may lose them: a client is then challenged anew. */
export const createChallengeStore = (
  { memcached: cluster }: Engines,
  clock: Clock,
): KeyValueStore<LiveChallenges> => {
  const name = 'challenges';
  return cluster === undefined
    ? createMemoryKeyValueStore<LiveChallenges>({ name, clock })
    : createMemcachedKeyValueStore<LiveChallenges>({ cluster, name, clock, codec: jsonCodec() });
};

/** Chains that are at application servers, and which routers wait for those. */
export type SharedChains = Readonly<{
  chainLinks?: KeyValueStore<ChainLink>;
  routerSigns?: KeyValueStore<RouterSign>;
}>;

/** Where the views are; nothing where they are in the memory of the process. */
export const sharedChains = ({ memcached: cluster }: Engines, clock: Clock): SharedChains => {
  if (cluster === undefined) return {};
  const common = { cluster, clock };
  return {
    chainLinks: createMemcachedKeyValueStore<ChainLink>({
      ...common,
      name: 'chain-links',
      codec: CHAIN_LINK_CODEC,
    }),
    routerSigns: createMemcachedKeyValueStore<RouterSign>({
      ...common,
      name: 'router-signs',
      codec: jsonCodec(),
    }),
  };
};
