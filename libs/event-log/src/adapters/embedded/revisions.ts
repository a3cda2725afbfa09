// Revisions of the expect streams (provisioning, accounts): what `expected` is compared with (docs/architecture.md §2).
// Kept in memory; the checkpoint file and the tail of the log bring them back at start.

export class Revisions {
  /** Counting the appends that wait for the disk; they may still be refused. */
  private readonly pending = new Map<string, number>();
  private readonly waiters = new Map<string, (() => void)[]>();

  constructor(private readonly durable = new Map<string, number>()) {}

  /** Of the durable events. */
  of(stream: string): number {
    return this.durable.get(stream) ?? 0;
  }

  isPending(stream: string): boolean {
    return this.pending.has(stream);
  }

  /** Counting appends under way. */
  claimed(stream: string): number {
    return this.pending.get(stream) ?? this.of(stream);
  }

  /** Takes the next `count` revisions; the first of them is the result. */
  claim(stream: string, count: number): number {
    const before = this.claimed(stream);
    this.pending.set(stream, before + count);
    return before + 1;
  }

  /** The revision is durable. */
  settle(stream: string, revision: number): void {
    this.durable.set(stream, revision);
    if (this.pending.get(stream) !== revision) return;
    this.pending.delete(stream);
    this.wake(stream);
  }

  /** Nothing that was under way will come. */
  forgetPending(): void {
    this.pending.clear();
    for (const stream of [...this.waiters.keys()]) this.wake(stream);
  }

  /** Calls back once no append to the stream is under way. */
  whenSettled(stream: string, run: () => void): void {
    const waiters = this.waiters.get(stream);
    if (waiters) waiters.push(run);
    else this.waiters.set(stream, [run]);
  }

  entries(): IterableIterator<[string, number]> {
    return this.durable.entries();
  }

  private wake(stream: string): void {
    const waiters = this.waiters.get(stream);
    this.waiters.delete(stream);
    if (waiters) for (const run of waiters) run();
  }
}
