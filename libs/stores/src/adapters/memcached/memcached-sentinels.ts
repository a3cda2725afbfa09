// Sentinels: one a vbucket, there as long as everything of the view is. A server that was started again, was flushed, or has taken
// over a vbucket has none, and whoever reads there learns that rows are lost, not absent (docs/architecture.md §3).
// Written by whoever rebuilds the view from the log; read with every row.
import { StoreUnavailable } from '../../key-value-store.port.js';
import type { MemcachedCluster } from './memcached-cluster.js';
import { VBUCKETS } from './memcached-keys.js';
import type { Compared, MemcachedServer } from './memcached-link.js';

/** A rebuild that says nothing for so long is over: another may begin. */
export const CLAIM_TTL_S = 30;
const NEVER = 0;

export const sentinelKeyOf = (prefix: string, vbucket: number): string => `${prefix}!${vbucket}`;

/** The right to rebuild some vbuckets. */
export interface Claim {
  readonly vbuckets: readonly number[];
  /** To be called more often than every CLAIM_TTL_S. False: something was lost meanwhile, begin again. */
  keep(): Promise<boolean>;
  /** All that the log held when the claim was made is there. False: as above, for some; they are missing still. */
  complete(): Promise<boolean>;
}

export interface Sentinels {
  /** Vbuckets where rows may be lost. Rejects with StoreUnavailable where a server does not answer. */
  missing(): Promise<readonly number[]>;
  /** Of these, those that nobody else is rebuilding. */
  claim(vbuckets: readonly number[]): Promise<Claim>;
}

export type SentinelOptions = Readonly<{
  cluster: MemcachedCluster;
  /** The prefix of the store's keys. */
  prefix: string;
  generation: string;
  /** Names one claim. */
  newToken: () => string;
}>;

export const createSentinels = ({ cluster, prefix, generation, newToken }: SentinelOptions): Sentinels => {
  const keyOf = (vbucket: number): string => sentinelKeyOf(prefix, vbucket);

  const missing = async (): Promise<number[]> => {
    const byLink = groupByLink(
      cluster,
      Array.from({ length: VBUCKETS }, (_, vbucket) => vbucket),
    );
    const lost = await Promise.all(
      [...byLink].map(async ([link, vbuckets]) => {
        const { items } = await link.gets(vbuckets.map(keyOf));
        return vbuckets.filter((vbucket) => items.get(keyOf(vbucket))?.text !== generation);
      }),
    );
    return lost.flat();
  };

  return {
    missing,
    async claim(vbuckets) {
      const mark = `claim ${newToken()}`;
      const outcomes = await Promise.all(
        vbuckets.map((vbucket) => take(cluster.linkOf(vbucket), keyOf(vbucket), mark)),
      );
      const taken = vbuckets.filter((_, n) => outcomes[n]);
      return claimOf(cluster, taken, keyOf, mark, generation);
    },
  };
};

/** Over what another generation left; never over another claim, which ends by itself. */
const take = async (link: MemcachedServer, key: string, mark: string): Promise<boolean> => {
  if (await link.add(key, mark, CLAIM_TTL_S)) return true;
  const { items, epoch } = await link.gets([key]);
  const held = items.get(key);
  if (held === undefined || held.text.startsWith('claim ')) return false;
  return link.cas(key, mark, CLAIM_TTL_S, { unique: held.unique, epoch });
};

const claimOf = (
  cluster: MemcachedCluster,
  vbuckets: readonly number[],
  keyOf: (vbucket: number) => string,
  mark: string,
  generation: string,
): Claim => {
  const all = async (one: (link: MemcachedServer, key: string) => Promise<boolean>): Promise<boolean> => {
    const outcomes = await Promise.all(
      vbuckets.map((vbucket) => one(cluster.linkOf(vbucket), keyOf(vbucket))),
    );
    return outcomes.every(Boolean);
  };
  return {
    vbuckets,
    keep: () => all((link, key) => link.touch(key, CLAIM_TTL_S)),
    // Written over the mark only: a server that lost it in between has lost rows as well.
    complete: () =>
      all(async (link, key) => {
        const { items, epoch } = await link.gets([key]);
        const held = items.get(key);
        if (held?.text !== mark) return false;
        const at: Compared = { unique: held.unique, epoch };
        return link.cas(key, generation, NEVER, at);
      }),
  };
};

const groupByLink = (
  cluster: MemcachedCluster,
  vbuckets: readonly number[],
): ReadonlyMap<MemcachedServer, number[]> => {
  const groups = new Map<MemcachedServer, number[]>();
  for (const vbucket of vbuckets) {
    const link = cluster.linkOf(vbucket);
    const group = groups.get(link);
    if (group) group.push(vbucket);
    else groups.set(link, [vbucket]);
  }
  return groups;
};

/** Rebuilds begun one after another while rows go on being lost. */
const HEAL_ATTEMPTS_MAX = 10;

/**
 * Rebuilds what is lost: `fold` brings everything that the log holds into the rows. Resolves with how many vbuckets it
 * rebuilt, 0 when nothing was missing; rejects with StoreUnavailable when a server does not answer or goes on losing rows.
 */
export const healRows = async (
  sentinels: Sentinels,
  fold: (keep: () => Promise<void>) => Promise<void>,
): Promise<number> => {
  let healed = 0;
  for (let attempt = 0; attempt < HEAL_ATTEMPTS_MAX; attempt += 1) {
    const lost = await sentinels.missing();
    if (lost.length === 0) return healed;
    const claim = await sentinels.claim(lost);
    // Another node is at it: nothing to do but to look again later.
    if (claim.vbuckets.length === 0) return healed;
    await fold(async () => {
      if (!(await claim.keep())) throw new StoreUnavailable('rows were lost while they were rebuilt');
    });
    if (await claim.complete()) healed += claim.vbuckets.length;
  }
  throw new StoreUnavailable(`rows were lost ${HEAL_ATTEMPTS_MAX} times while they were rebuilt`);
};
