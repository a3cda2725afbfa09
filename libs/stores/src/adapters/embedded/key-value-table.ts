// The synchronous heart of the embedded key-value stores: a Map with versions, expiry, a bound and point-in-time views.
// Port: key-value-store.port.ts. Written by the two factories beside it; measured by bench/micro/stores.ts.
import type { Clock } from '#libs/runtime';
import { StoreUnavailable, type Versioned } from '../../key-value-store.port.js';

/** Entries of one store when nothing else is asked. At the bound new keys are refused and nothing is evicted. */
export const KEY_VALUE_ENTRIES_MAX = 1_000_000;

/** Entries looked at for expiry with each write, so that what nobody reads again leaves too. */
const SWEEP_STEPS_PER_WRITE = 2;
/** Entries looked at before a new key is refused at the bound. */
const SWEEP_STEPS_AT_BOUND_MAX = 1_000;

/** What is stored is what `get` returns: immutable, so no copy is made. */
export type Entry<V> = Versioned<V> &
  Readonly<{ key: string; version: number; /** On the monotonic clock. */ expiresAtMs: number }>;

export type View<V> = Readonly<{ steps: Iterable<Entry<V> | undefined>; close(): void }>;

export class KeyValueTable<V> {
  #entries = new Map<string, Entry<V>>();
  #cursor: Iterator<Entry<V>> = this.#entries.values();
  /** Never reused: a key removed and written again does not match the version read before. */
  #lastVersion = 0;
  /** While a view is being read: what it must show and a write has replaced since. */
  #view: { version: number; replaced: Entry<V>[] } | undefined;

  constructor(
    private readonly name: string,
    private readonly clock: Clock,
    private readonly entriesMax: number,
  ) {}

  /** Entries held, the expired ones that were not swept yet included. */
  get size(): number {
    return this.#entries.size;
  }

  get(key: string): Entry<V> | undefined {
    const entry = this.#entries.get(key);
    return entry === undefined || entry.expiresAtMs > this.clock.monotonicMs() ? entry : undefined;
  }

  /** As the port's cas. A TTL of 0 or less is over at once: the write succeeds and leaves nothing. */
  cas(key: string, value: V, version: unknown, ttlS: number): boolean {
    const nowMs = this.clock.monotonicMs();
    const held = this.#entries.get(key);
    const current = held !== undefined && held.expiresAtMs > nowMs ? held : undefined;
    if (current?.version !== version) return false;
    this.#set(key, value, nowMs + ttlS * 1000, nowMs, held);
    this.#sweep(SWEEP_STEPS_PER_WRITE, nowMs);
    return true;
  }

  remove(key: string, version: unknown): boolean {
    const current = this.get(key);
    if (current?.version !== version) return false;
    if (current !== undefined) this.#delete(current);
    return true;
  }

  *entries(): Generator<readonly [string, V]> {
    for (const entry of this.#entries.values()) {
      if (entry.expiresAtMs > this.clock.monotonicMs()) yield [entry.key, entry.value];
    }
  }

  /** Takes a row from a snapshot; the bound does not apply, since what was acknowledged is not dropped. */
  load(key: string, value: V, remainingMs: number): void {
    if (!(remainingMs > 0)) return;
    const expiresAtMs = this.clock.monotonicMs() + remainingMs;
    this.#entries.set(key, { key, value, version: ++this.#lastVersion, expiresAtMs });
  }

  clear(): void {
    this.#entries = new Map();
    this.#cursor = this.#entries.values();
  }

  /**
   * The entries as they are now, whatever is written until the view is closed. One at a time.
   * An entry may come twice; `undefined` is a step over one that does not belong to the view.
   */
  openView(): View<V> {
    if (this.#view) throw new Error(`${this.name}: a view is open already`);
    const view = { version: this.#lastVersion, replaced: [] as Entry<V>[] };
    this.#view = view;
    return {
      steps: stepsOf(this.#entries, view),
      close: () => {
        this.#view = undefined;
      },
    };
  }

  #set(key: string, value: V, expiresAtMs: number, nowMs: number, held: Entry<V> | undefined): void {
    if (Number.isNaN(expiresAtMs)) throw new RangeError(`${this.name}: the TTL is not a number`);
    if (expiresAtMs <= nowMs) {
      if (held !== undefined) this.#delete(held);
      return;
    }
    if (held === undefined) {
      this.#makeRoom(nowMs);
    } else if (this.#view !== undefined) {
      this.#keepForView(held);
    }
    this.#entries.set(key, { key, value, version: ++this.#lastVersion, expiresAtMs });
  }

  #delete(entry: Entry<V>): void {
    if (this.#view !== undefined) this.#keepForView(entry);
    this.#entries.delete(entry.key);
  }

  #keepForView(entry: Entry<V>): void {
    if (this.#view && entry.version <= this.#view.version) this.#view.replaced.push(entry);
  }

  #makeRoom(nowMs: number): void {
    if (this.#entries.size < this.entriesMax) return;
    this.#sweep(SWEEP_STEPS_AT_BOUND_MAX, nowMs);
    if (this.#entries.size < this.entriesMax) return;
    throw new StoreUnavailable(`${this.name} is full: ${this.entriesMax} entries`);
  }

  #sweep(steps: number, nowMs: number): void {
    for (let step = 0; step < steps; step += 1) {
      const next = this.#cursor.next();
      if (next.done) {
        this.#cursor = this.#entries.values();
        return;
      }
      if (next.value.expiresAtMs <= nowMs) this.#delete(next.value);
    }
  }
}

function* stepsOf<V>(
  entries: ReadonlyMap<string, Entry<V>>,
  view: Readonly<{ version: number; replaced: readonly Entry<V>[] }>,
): Generator<Entry<V> | undefined> {
  // A Map is walked in order of insertion: those present now come first, and later ones are not waited for.
  let left = entries.size;
  for (const entry of entries.values()) {
    if (left === 0) break;
    left -= 1;
    yield entry.version <= view.version ? entry : undefined;
  }
  // Grows while it is walked, by each entry of the view at most once.
  yield* view.replaced;
}
