// KeyValueStore on memcached servers: for views and challenges that several processes share.
// Port: key-value-store.port.ts. An error is never a miss, and a miss is absence only where the sentinel is (memcached-sentinels.ts).
import type { Clock } from '#libs/runtime';
import {
  type Codec,
  type KeyValueStore,
  StoreUnavailable,
  type Versioned,
} from '../../key-value-store.port.js';
import type { MemcachedCluster } from './memcached-cluster.js';
import { exptimeOf, open, seal, VALUE_BYTES_MAX } from './memcached-envelope.js';
import { wireKeyFault, wireKeyOf } from './memcached-keys.js';
import type { Compared, Held, MemcachedServer } from './memcached-link.js';
import { sentinelKeyOf } from './memcached-sentinels.js';

/** Keys of one multi-get; more go in several, at the same time. */
const MULTI_GET_KEYS_MAX = 100;
/** To create a key over one that has just expired. */
const CREATE_ATTEMPTS_MAX = 3;

export type MemcachedKeyValueOptions<V> = Readonly<{
  cluster: MemcachedCluster;
  /** Names the store in errors and its keys in memcached. */
  name: string;
  clock: Clock;
  codec: Codec<V>;
  /**
   * The rebuild that the view is of. With it nothing is read where its sentinel is not: what is missing there may be
   * lost. Without, a miss is absence, and values come back without being looked after: challenges, which a client gets anew.
   */
  generation?: string;
  /** For the one who rebuilds: reads and writes also where sentinels are missing. */
  isRebuilding?: boolean;
}>;

/** What `cas` needs of a read: the server's number, good on its connection only, and when the value is over. */
class Version {
  constructor(
    readonly compared: Compared,
    readonly expiresAtMs: number,
  ) {}
}

type Place = Readonly<{ key: string; wireKey: string; link: MemcachedServer; sentinel: string | undefined }>;

export const keyPrefixOf = (name: string, generation: string | undefined): string => {
  const prefix = generation === undefined ? name : `${name}.${generation}`;
  if (!/^[\w.-]{1,100}$/.test(prefix)) throw new RangeError(`${prefix} is not a name for keys`);
  return `${prefix}:`;
};

export const createMemcachedKeyValueStore = <V>(options: MemcachedKeyValueOptions<V>): KeyValueStore<V> =>
  new MemcachedKeyValueStore(options);

class MemcachedKeyValueStore<V> implements KeyValueStore<V> {
  readonly #prefix: string;

  constructor(private readonly options: MemcachedKeyValueOptions<V>) {
    this.#prefix = keyPrefixOf(options.name, options.generation);
  }

  async get(key: string): Promise<Versioned<V> | undefined> {
    if (!key.isWellFormed()) return undefined;
    return (await this.#read([this.#place(key)])).get(key);
  }

  async getMany(keys: readonly string[]): Promise<ReadonlyMap<string, Versioned<V>>> {
    const byLink = new Map<MemcachedServer, Place[]>();
    for (const key of new Set(keys)) {
      if (!key.isWellFormed()) continue;
      const place = this.#place(key);
      const group = byLink.get(place.link);
      if (group) group.push(place);
      else byLink.set(place.link, [place]);
    }
    const parts = [...byLink.values()].flatMap((places) =>
      Array.from({ length: Math.ceil(places.length / MULTI_GET_KEYS_MAX) }, (_, n) =>
        this.#read(places.slice(n * MULTI_GET_KEYS_MAX, (n + 1) * MULTI_GET_KEYS_MAX)),
      ),
    );
    return new Map((await Promise.all(parts)).flatMap((part) => [...part]));
  }

  async cas(key: string, value: V, version: unknown, ttlS: number): Promise<boolean> {
    const { name, clock, codec } = this.options;
    if (Number.isNaN(ttlS)) throw new RangeError(`${name}: the TTL is not a number`);
    const text = codec.encode(value);
    // Of no more than twice the characters that fit is counted what it takes.
    if (text.length > VALUE_BYTES_MAX || Buffer.byteLength(text) > VALUE_BYTES_MAX)
      throw new RangeError(`${name}: a value of more than ${VALUE_BYTES_MAX} bytes`);
    const place = this.#place(key);
    const nowMs = clock.nowMs();
    const sealed = seal({ expiresAtMs: nowMs + ttlS * 1000, text });
    const exptime = exptimeOf(ttlS, nowMs);
    if (version === undefined) return this.#create(place, sealed, exptime);
    if (!(version instanceof Version) || version.expiresAtMs <= nowMs) return false;
    return place.link.cas(place.wireKey, sealed, exptime, version.compared);
  }

  async remove(key: string, version: unknown): Promise<boolean> {
    if (version === undefined) return (await this.get(key)) === undefined;
    if (!(version instanceof Version) || version.expiresAtMs <= this.options.clock.nowMs()) return false;
    const { link, wireKey } = this.#place(key);
    // memcached's delete compares nothing: a value that is over at once is deletion by compare-and-set.
    return link.cas(wireKey, '', exptimeOf(0, 0), version.compared);
  }

  /** Where the key is not there; or is there, but over, which memcached learns a second later. */
  async #create({ link, wireKey }: Place, sealed: string, exptime: number): Promise<boolean> {
    for (let attempt = 0; attempt < CREATE_ATTEMPTS_MAX; attempt += 1) {
      if (await link.add(wireKey, sealed, exptime)) return true;
      const { items, epoch } = await link.gets([wireKey]);
      const held = items.get(wireKey);
      if (held === undefined) continue;
      const version = this.#versionOf(held, epoch);
      if (version.expiresAtMs > this.options.clock.nowMs()) return false;
      if (await link.cas(wireKey, sealed, exptime, version.compared)) return true;
    }
    return false;
  }

  /** Keys of one server, with the sentinels of their vbuckets, in one multi-get. */
  async #read(places: readonly Place[]): Promise<Map<string, Versioned<V>>> {
    const [first] = places;
    if (first === undefined) return new Map();
    const wanted = new Set<string>();
    for (const { wireKey, sentinel } of places) {
      wanted.add(wireKey);
      if (sentinel !== undefined) wanted.add(sentinel);
    }
    const { items, epoch } = await first.link.gets([...wanted]);
    const { name, clock, codec, generation } = this.options;
    const found = new Map<string, Versioned<V>>();
    for (const { key, wireKey, sentinel } of places) {
      if (sentinel !== undefined && items.get(sentinel)?.text !== generation)
        throw new StoreUnavailable(`${name}: memcached ${first.link.server} has lost rows; they are rebuilt`);
      const held = items.get(wireKey);
      if (held === undefined) continue;
      const version = this.#versionOf(held, epoch);
      if (version.expiresAtMs <= clock.nowMs()) continue;
      found.set(key, { value: codec.decode(textOf(held)), version });
    }
    return found;
  }

  #versionOf(held: Held, epoch: number | undefined): Version {
    const envelope = open(held.text);
    if (envelope === undefined)
      throw new StoreUnavailable(`${this.options.name}: a value in memcached is not ours`);
    return new Version({ unique: held.unique, epoch }, envelope.expiresAtMs);
  }

  #place(key: string): Place {
    const { cluster, name, generation, isRebuilding } = this.options;
    const fault = wireKeyFault(name, key);
    if (fault) throw fault;
    const wireKey = wireKeyOf(this.#prefix, key);
    const vbucket = cluster.vbucketOf(wireKey);
    const isGuarded = generation !== undefined && isRebuilding !== true;
    const sentinel = isGuarded ? sentinelKeyOf(this.#prefix, vbucket) : undefined;
    return { key, wireKey, link: cluster.linkOf(vbucket), sentinel };
  }
}

const textOf = ({ text }: Held): string => open(text)?.text ?? '';
