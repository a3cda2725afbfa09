// Transactions by key: buckets whose chains run through the transactions themselves. A Map would do the same, but one that
// takes in and lets go of thousands of entries a second makes new tables all the time, and V8 puts those of an old Map among
// the old objects: each keeps the young transactions in it alive until the next full collection (a third of the garbage of
// a busy edge). Owner: transaction-table.ts.

/** What an entry carries for its index. */
export interface Indexed {
  readonly key: string;
  /** Set by the index. */
  hash: number;
  nextInIndex: Indexed | undefined;
}

const BUCKETS_MIN = 1_024;

export class TransactionIndex<T extends Indexed> {
  /** A power of two, never fewer than there were entries at once; bounded by what the endpoint admits. */
  #buckets: (Indexed | undefined)[] = emptyBuckets(BUCKETS_MIN);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** `hash` is of the caller's choice: the same for equal keys. */
  get(key: string, hash: number): T | undefined {
    let entry = this.#buckets[hash & (this.#buckets.length - 1)];
    while (entry !== undefined && (entry.hash !== hash || entry.key !== key)) entry = entry.nextInIndex;
    return entry as T | undefined;
  }

  /** The key must not be there yet. */
  add(entry: T, hash: number): void {
    if (this.#size === this.#buckets.length) this.#grow();
    entry.hash = hash;
    this.#link(entry);
    this.#size++;
  }

  /** Nothing when it is not there. */
  delete(entry: T): void {
    const at = entry.hash & (this.#buckets.length - 1);
    let before: Indexed | undefined;
    let found = this.#buckets[at];
    while (found !== undefined && found !== entry) {
      before = found;
      found = found.nextInIndex;
    }
    if (found === undefined) return;
    if (before === undefined) this.#buckets[at] = found.nextInIndex;
    else before.nextInIndex = found.nextInIndex;
    found.nextInIndex = undefined;
    this.#size--;
  }

  /** In no order. Entries must not be added or deleted meanwhile. */
  *values(): Generator<T> {
    for (const first of this.#buckets)
      for (let entry = first; entry !== undefined; entry = entry.nextInIndex) yield entry as T;
  }

  #link(entry: Indexed): void {
    const at = entry.hash & (this.#buckets.length - 1);
    entry.nextInIndex = this.#buckets[at];
    this.#buckets[at] = entry;
  }

  #grow(): void {
    const before = this.#buckets;
    this.#buckets = emptyBuckets(before.length * 2);
    for (const first of before) {
      let entry = first;
      while (entry !== undefined) {
        const next: Indexed | undefined = entry.nextInIndex;
        this.#link(entry);
        entry = next;
      }
    }
  }
}

const emptyBuckets = (count: number): (Indexed | undefined)[] =>
  new Array<Indexed | undefined>(count).fill(undefined);
