// The views as this process knows them, with the servers that they name, and who waits for a change of one. A cache: what the sentinels say
// holds, and each answer is compared with it. Used by the operations (proxy/), the keeper and Astaire.
import type { CacheServer } from './cache-server.port.js';
import { VBUCKETS } from './placement.js';
import type { View } from './view.js';

export type Placed = Readonly<{
  view: View;
  members: readonly CacheServer[];
  joining: readonly CacheServer[];
}>;

export interface Waiter {
  readonly deadlineMs: number;
  /** Something changed: to be tried again. */
  again(): void;
  /** It took too long. */
  giveUp(): void;
}

export class ViewTable {
  readonly #placed: (Placed | undefined)[] = new Array<Placed | undefined>(VBUCKETS).fill(undefined);
  readonly #waiting = Array.from({ length: VBUCKETS }, () => new Set<Waiter>());

  constructor(private readonly serverOf: (name: string) => CacheServer) {}

  of(vbucket: number): Placed | undefined {
    return this.#placed[vbucket];
  }

  /** True where it is newer than what was known. */
  adopt(vbucket: number, view: View): boolean {
    const known = this.#placed[vbucket];
    if (known !== undefined && known.view.epoch >= view.epoch) return false;
    const servers = (names: readonly string[]) => names.map((name) => this.serverOf(name));
    try {
      this.#placed[vbucket] = { view, members: servers(view.members), joining: servers(view.joining) };
    } catch (error) {
      // It names more servers than there can be: nobody of ours wrote it.
      if (error instanceof RangeError) return false;
      throw error;
    }
    this.wake(vbucket);
    return true;
  }

  wait(vbucket: number, waiter: Waiter): void {
    this.#waiting[vbucket]!.add(waiter);
  }

  wake(vbucket: number): void {
    const waiting = this.#waiting[vbucket]!;
    if (waiting.size === 0) return;
    const all = [...waiting];
    waiting.clear();
    for (const waiter of all) waiter.again();
  }

  /** Gives up for those whose time is over; true while any waits. */
  sweep(nowMs: number): void {
    for (const waiting of this.#waiting)
      for (const waiter of waiting)
        if (waiter.deadlineMs <= nowMs) {
          waiting.delete(waiter);
          waiter.giveUp();
        }
  }

  /** Vbuckets of whose view it is a part. */
  *naming(server: string): Generator<readonly [vbucket: number, view: View], void> {
    for (const [vbucket, placed] of this.#placed.entries())
      if (placed && (placed.view.members.includes(server) || placed.view.joining.includes(server)))
        yield [vbucket, placed.view];
  }
}
