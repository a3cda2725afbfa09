// Which routers live: each that waits for application servers says so in the store of their chains, and who has a chain of another's
// looks. Where the store is this process's own there is no other. Made by sprout-node.ts; read by legs.ts.
import type { Clock } from '#libs/runtime';
import type { KeyValueStore } from '#libs/stores';

/** When it was said, ms. */
export type RouterSign = Readonly<{ atMs: number }>;

const SIGN_MS = 1_000;
/** A router that has not said so for longer is taken for ended. */
export const SIGN_TTL_S = 3;

export type RouterSignsPorts = Readonly<{
  store: KeyValueStore<RouterSign>;
  clock: Clock;
  observer: Readonly<{ fault(kind: string, error?: unknown): void }>;
}>;

export class RouterSigns {
  #stop: (() => void) | undefined;
  #stopped = false;

  constructor(
    private readonly ports: RouterSignsPorts,
    /** Of this run of this process. */
    readonly own: string,
  ) {}

  /** Resolves when the first sign is there, or could not be given. */
  async start(): Promise<void> {
    const { store, clock, observer } = this.ports;
    try {
      const held = await store.get(this.own);
      await store.cas(this.own, { atMs: clock.nowMs() }, held?.version, SIGN_TTL_S);
    } catch (error) {
      observer.fault('store-unavailable', error);
    }
    if (!this.#stopped) this.#stop = clock.after(SIGN_MS, () => void this.start());
  }

  stop(): void {
    this.#stopped = true;
    this.#stop?.();
  }

  /** Rejects with StoreUnavailable: then nobody can say. */
  async isAlive(router: string): Promise<boolean> {
    return router === this.own || (await this.ports.store.get(router)) !== undefined;
  }
}
