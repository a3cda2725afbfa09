// Which addresses of a service to try, and in which order: at random among those that are well, then those that were bad.
// Pure: time and randomness come in. backend.md §0.2: at most 5 targets; blacklisted 30 s, then on trial 30 s.

/** Addresses that one request tries. */
export const TARGETS_MAX = 5;
/** Addresses of one name that are kept; a longer DNS answer is cut. */
export const ADDRESSES_MAX = 64;
export const BLACKLIST_MS = 30_000;
/** After the blacklist: one request at a time may try whether the address is well again. */
export const GRAYLIST_MS = 30_000;

type Trouble = { untilMs: number; probing: boolean };

export class TargetList {
  private readonly troubles = new Map<string, Trouble>();

  constructor(private readonly random: () => number) {}

  /** The order to try `addresses` in; bad ones come last, so that there is always somebody to ask. */
  order(addresses: readonly string[], nowMs: number): string[] {
    const well: string[] = [];
    const bad: string[] = [];
    for (const address of this.shuffled(addresses))
      (this.isUsable(address, nowMs) ? well : bad).push(address);
    const [first] = well;
    const trouble = first === undefined ? undefined : this.troubles.get(first);
    if (trouble) trouble.probing = true;
    return [...well, ...bad].slice(0, TARGETS_MAX);
  }

  failed(address: string, nowMs: number): void {
    if (this.troubles.size >= ADDRESSES_MAX && !this.troubles.has(address)) this.forget(nowMs);
    this.troubles.set(address, { untilMs: nowMs + BLACKLIST_MS, probing: false });
  }

  worked(address: string): void {
    this.troubles.delete(address);
  }

  private isUsable(address: string, nowMs: number): boolean {
    const trouble = this.troubles.get(address);
    if (!trouble || nowMs >= trouble.untilMs + GRAYLIST_MS) return true;
    return nowMs >= trouble.untilMs && !trouble.probing;
  }

  private forget(nowMs: number): void {
    for (const [address, { untilMs }] of this.troubles) {
      if (nowMs >= untilMs + GRAYLIST_MS) this.troubles.delete(address);
    }
    for (const address of this.troubles.keys()) {
      if (this.troubles.size < ADDRESSES_MAX) return;
      this.troubles.delete(address);
    }
  }

  private shuffled(addresses: readonly string[]): string[] {
    const left = addresses.slice(0, ADDRESSES_MAX);
    for (let i = left.length - 1; i > 0; i--) {
      const j = Math.floor(this.random() * (i + 1));
      [left[i], left[j]] = [left[j] as string, left[i] as string];
    }
    return left;
  }
}
