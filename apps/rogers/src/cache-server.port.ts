// One memcached server, as Rogers uses it: a few compound commands whose answers come back by callbacks, in order, and always.
// Adapters: adapters/memcached-server.ts; simulated: simulated-server.fixture.ts. `undefined` everywhere means: no answer.
import type { Stored } from './stored-value.js';

/** What a server has under a key, with its vbucket's sentinel as it was at the same moment. */
export type Found = Readonly<{
  /** '': none. */
  sentinel: string;
  /** memcached's number for compare-and-set on this server; '': nothing is there. */
  cas: string;
  /** undefined also for what somebody else wrote. */
  stored: Stored | undefined;
  raw: Buffer | undefined;
  /** Seconds that it lives on, -1 for ever. */
  ttlS: number;
}>;

export type Wrote = Readonly<{
  /** `refused`: the server has no room for it. */
  outcome: 'stored' | 'conflict' | 'refused' | 'too-large';
  /** Read after the write: a change of the view that came before it is seen. */
  sentinel: string;
}>;

export type Held = Readonly<{ text: string; cas: string }>;

export interface CacheServer {
  /** host:port. */
  readonly name: string;
  /** Connected, and its sentinels have been seen. */
  readonly isUp: boolean;
  /** Not reached in time, or not any more; what it held in memory is gone for certain where `isDead`. */
  readonly isDown: boolean;
  readonly isDead: boolean;
  readonly downSinceMs: number;
  read(key: string, vbucket: number, done: (found: Found | undefined) => void): void;
  /** `cas` '': only where nothing is there. */
  write(
    key: string,
    vbucket: number,
    raw: Buffer,
    exptime: number,
    cas: string,
    done: (wrote: Wrote | undefined) => void,
  ): void;

  // ---- Rare ones, of view-keeper.ts and of Astaire; they reject with ServerUnavailable ----

  fetch(key: string): Promise<Held | undefined>;
  /** `cas` '': only where nothing is there; undefined: whatever is there. False: it was not so. */
  put(key: string, text: string, exptime: number, cas?: string): Promise<boolean>;
  /** Without `cas`: whatever is there. */
  remove(key: string, cas?: string): Promise<boolean>;
  /** All keys, also such as are over; none twice. */
  keys(onKey: (key: string) => void): Promise<void>;
  close(): void;
}

/** Told by a server of itself. */
export interface ServerWatcher {
  /** Connected; with the sentinel of each vbucket, '' for none. */
  onUp(server: CacheServer, sentinels: readonly string[]): void;
  onDown(server: CacheServer): void;
}

export class ServerUnavailable extends Error {}
