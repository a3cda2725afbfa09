// Several Rogers as one server: each of them has all keys, so whichever answers is asked. A number for compare-and-set is good at all of them.
// Used by memcached-cluster.ts where MEMCACHED_ALIKE says so.
import { StoreUnavailable } from '../../key-value-store.port.js';
import type { Compared, Found, MemcachedServer } from './memcached-link.js';

/** Begins at `first`, so that different processes begin at different ones; stays with the one that answered last. */
export class AnyServer implements MemcachedServer {
  #current: number;

  constructor(
    private readonly links: readonly MemcachedServer[],
    first = 0,
  ) {
    this.#current = first % links.length;
  }

  get server(): string {
    return this.links[this.#current]!.server;
  }

  async gets(keys: readonly string[]): Promise<Found> {
    const { items } = await this.#ask((link) => link.gets(keys));
    return { items, epoch: undefined };
  }

  /** Asked again after a time-out it may be the answer to itself: false, and read again. */
  add(key: string, text: string, exptime: number): Promise<boolean> {
    return this.#ask((link) => link.add(key, text, exptime));
  }

  cas(key: string, text: string, exptime: number, compared: Compared): Promise<boolean> {
    return this.#ask((link) => link.cas(key, text, exptime, compared));
  }

  touch(key: string, exptime: number): Promise<boolean> {
    return this.#ask((link) => link.touch(key, exptime));
  }

  async #ask<T>(run: (link: MemcachedServer) => Promise<T>): Promise<T> {
    const begun = this.#current;
    for (let n = 0; ; n += 1) {
      const at = (begun + n) % this.links.length;
      try {
        const answer = await run(this.links[at]!);
        this.#current = at;
        return answer;
      } catch (error) {
        if (!(error instanceof StoreUnavailable) || n === this.links.length - 1) throw error;
      }
    }
  }
}
