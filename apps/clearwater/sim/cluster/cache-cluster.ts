// Twin of a cluster of memcached servers: a server that is lost and comes back empty, one that does not answer, what is evicted, and
// answers that a replica gives a moment late. The store over it, its sentinels and their rebuild are the product's own.
import type { Clock } from '#libs/runtime';
import { type MemcachedCluster, type MemcachedServer, StoreUnavailable, vbucketOf } from '#libs/stores';
import type { SeededRandom } from '#libs/testkit';
import type { FaultCounts } from '../storm/fault-counts.js';
import type { Life } from '../life.js';

const SERVERS = 3;
/** So long a replica may still show what was there before. */
const REPLICA_LAG_MS = 150;
const STALE_CHANCE = 0.05;
/** From here on an exptime is a moment, in seconds since 1970. */
const RELATIVE_S_MAX = 2_592_000;
const EVICTED_AT_ONCE = 4;

type Item = {
  text: string;
  unique: number;
  endsMs: number;
  before: { text: string; unique: number } | undefined;
  changedMs: number;
};

/** One server: its items, and the connections that ended with them. */
class Server {
  items = new Map<string, Item>();
  epoch = 1;
  isAway = false;
  #unique = 0;

  constructor(
    readonly name: string,
    private readonly clock: Clock,
  ) {}

  item(key: string): Item | undefined {
    const item = this.items.get(key);
    return item !== undefined && item.endsMs > this.clock.nowMs() ? item : undefined;
  }

  put(key: string, text: string, exptime: number): void {
    const before = this.item(key);
    const nowMs = this.clock.nowMs();
    this.items.set(key, {
      text,
      unique: ++this.#unique,
      endsMs: this.endOf(exptime),
      before: before && { text: before.text, unique: before.unique },
      changedMs: nowMs,
    });
  }

  endOf(exptime: number): number {
    if (exptime === 0) return Infinity;
    if (exptime < 0) return 0;
    return exptime > RELATIVE_S_MAX ? exptime * 1_000 : this.clock.nowMs() + exptime * 1_000;
  }

  /** Started again, with nothing in it. */
  restart(): void {
    this.items = new Map();
    this.epoch += 1;
    this.#unique = 0;
  }
}

export type CacheClusterOptions = Readonly<{ clock: Clock; random: SeededRandom; counts: FaultCounts }>;

export class CacheCluster {
  readonly #servers: readonly Server[];
  #isCalm = false;

  constructor(private readonly options: CacheClusterOptions) {
    this.#servers = Array.from({ length: SERVERS }, (_, n) => new Server(`cache${n}:11211`, options.clock));
  }

  /** As a node sees it; `life` undefined: as it is, without what goes wrong on the way. */
  seenBy(life: Life | undefined): MemcachedCluster {
    const links = this.#servers.map((server) => this.#link(server, life));
    return {
      servers: this.#servers.map(({ name }) => name),
      linkOf: (vbucket) => links[vbucket % SERVERS]!,
      vbucketOf,
      close: () => undefined,
    };
  }

  loseOne(): void {
    this.options.counts.cacheNodeLost++;
    this.options.random.pick(this.#servers).restart();
  }

  cutOneOff(): void {
    this.options.counts.cacheNodeAway++;
    this.options.random.pick(this.#servers).isAway = true;
  }

  /**
   * Challenges, chains and sentinels; never a row whose sentinel stays: servers run without eviction (-M), and who takes a row away
   * behind a sentinel's back is not survived.
   */
  evict(): void {
    const { random, counts } = this.options;
    for (let n = 0; n < EVICTED_AT_ONCE; n++) {
      const { items } = random.pick(this.#servers);
      const fit = [...items.keys()].filter((key) => /^(challenges|chain-links):|:!\d+$/.test(key));
      if (fit.length === 0) continue;
      counts.cacheEviction++;
      items.delete(random.pick(fit));
    }
  }

  mend(): void {
    for (const server of this.#servers) server.isAway = false;
  }

  calm(): void {
    this.#isCalm = true;
    this.mend();
  }

  #link(server: Server, life: Life | undefined): MemcachedServer {
    const ask = <T>(work: () => T): Promise<T> => {
      const answer = async (): Promise<T> => {
        await Promise.resolve();
        if (server.isAway && life !== undefined) throw new StoreUnavailable(`${server.name} is away`);
        return work();
      };
      return life === undefined ? answer() : life.of(answer);
    };
    return {
      server: server.name,
      gets: (keys) =>
        ask(() => {
          const found = keys.flatMap((key) => {
            const item = server.item(key);
            return item === undefined ? [] : [[key, this.#shown(item, life)] as const];
          });
          return { items: new Map(found), epoch: server.epoch };
        }),
      add: (key, text, exptime) =>
        ask(() => {
          if (server.item(key) !== undefined) return false;
          server.put(key, text, exptime);
          return true;
        }),
      cas: (key, text, exptime, { unique, epoch }) =>
        ask(() => {
          if (epoch !== server.epoch || server.item(key)?.unique !== Number(unique)) return false;
          server.put(key, text, exptime);
          return true;
        }),
      touch: (key, exptime) =>
        ask(() => {
          const item = server.item(key);
          if (item !== undefined) item.endsMs = server.endOf(exptime);
          return item !== undefined;
        }),
    };
  }

  #shown(
    { text, unique, before, changedMs }: Item,
    life: Life | undefined,
  ): { text: string; unique: string } {
    const { clock, random, counts } = this.options;
    const isLate = clock.nowMs() - changedMs < REPLICA_LAG_MS;
    if (before === undefined || life === undefined || this.#isCalm || !isLate || !random.chance(STALE_CHANCE))
      return { text, unique: String(unique) };
    counts.staleRead++;
    return { text: before.text, unique: String(before.unique) };
  }
}
