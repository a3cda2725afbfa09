// Reads one key on all members of its vbucket, under a view that all of them confirm; begins again while views change.
// Used by read.ts and change.ts. No promises here: it is done for every request.
import type { Item } from '#libs/memcached-protocol';
import type { Found } from '../cache-server.port.js';
import type { Stored } from '../stored-value.js';
import type { ViewKeeper } from '../view-keeper.js';
import type { Placed, ViewTable, Waiter } from '../view-table.js';

/** Begun again so often: the views change faster than anything can be read. */
const STARTS_MAX = 50;

export type LoadPorts = Readonly<{ table: ViewTable; keeper: ViewKeeper }>;

export class Load implements Waiter {
  placed: Placed | undefined;
  /** By member. */
  readonly found: (Found | undefined)[] = [];
  /** The newest of all members, with its place; also a tombstone. */
  best: Found | undefined;
  #left = 0;
  #starts = 0;

  constructor(
    private readonly ports: LoadPorts,
    readonly key: string,
    readonly vbucket: number,
    readonly deadlineMs: number,
    private readonly done: (isLoaded: boolean) => void,
  ) {}

  start(): void {
    const placed = this.ports.table.of(this.vbucket);
    if (this.#starts++ >= STARTS_MAX) return this.done(false);
    if (placed === undefined) return this.ports.table.wait(this.vbucket, this);
    this.placed = placed;
    const { members } = placed;
    this.#left = members.length;
    this.found.length = 0;
    for (let n = 0; n < members.length; n += 1)
      members[n]!.read(this.key, this.vbucket, (found) => {
        this.found[n] = found;
        this.#left -= 1;
        if (this.#left === 0) this.#judge(placed);
      });
  }

  again(): void {
    this.start();
  }

  giveUp(): void {
    this.done(false);
  }

  /** Newest first seen wins among equals: they are the same. */
  get stored(): Stored | undefined {
    return this.best?.stored;
  }

  get item(): Item | undefined {
    const { best } = this;
    if (best?.stored === undefined || best.stored.isDeleted) return undefined;
    const { flags, version, value } = best.stored;
    return { flags, cas: version, value, ttlS: best.ttlS };
  }

  /** True where a member has less than the best. */
  get isUneven(): boolean {
    const version = this.best?.stored?.version ?? 0;
    for (const found of this.found) if ((found?.stored?.version ?? 0) !== version) return true;
    return false;
  }

  #judge({ view, members }: Placed): void {
    let best: Found | undefined;
    let isWaiting = false;
    for (let n = 0; n < members.length; n += 1) {
      const found = this.found[n];
      if (found === undefined) {
        isWaiting = true;
        continue;
      }
      if (found.sentinel !== view.text) {
        if (this.ports.keeper.doubt(this.vbucket, members[n]!, found.sentinel)) return this.start();
        isWaiting = true;
        continue;
      }
      if (found.stored !== undefined && found.stored.version > (best?.stored?.version ?? 0)) best = found;
    }
    // A view that came in meanwhile has woken nobody who was not waiting yet.
    if (this.ports.table.of(this.vbucket) !== this.placed) return this.start();
    if (isWaiting) return this.ports.table.wait(this.vbucket, this);
    this.best = best;
    this.done(true);
  }
}
