// A cache with a bound: at the bound the entry that was put first goes. Read and written by subscriber-profiles.store.
// Insertion order, not use: a hit then costs one lookup, and what went is read again from the table.

export class BoundedMap<V> {
  private readonly entries = new Map<string, V>();

  constructor(
    private readonly entriesMax: number,
    /** Told what went because of the bound. */
    private readonly onEvicted?: (key: string, value: V) => void,
  ) {}

  get size(): number {
    return this.entries.size;
  }

  get(key: string): V | undefined {
    return this.entries.get(key);
  }

  has(key: string): boolean {
    return this.entries.has(key);
  }

  set(key: string, value: V): void {
    if (this.entries.size >= this.entriesMax && !this.entries.has(key)) {
      for (const [oldest, evicted] of this.entries) {
        this.entries.delete(oldest);
        this.onEvicted?.(oldest, evicted);
        break;
      }
    }
    this.entries.set(key, value);
  }

  delete(key: string): void {
    this.entries.delete(key);
  }

  clear(): void {
    this.entries.clear();
  }
}
