// Which events of an expect topic are accepted: one partition's records, folded in order (docs/architecture.md §2). Pure.
// The same records give the same verdicts on every node and at every replay: nothing but the records decides.
import type { RecordHead } from './cloud-events.js';

/** What became of an append. A repeat, by its id or its idempotency key, has the verdict of the first. */
export type Verdict =
  | Readonly<{ kind: 'accepted'; first: number; count: number }>
  | Readonly<{ kind: 'conflict'; expected: number; actual: number }>;

export class ExpectFold {
  /** Offsets of the accepted events of each stream, rising: its revision is how many there are. */
  private readonly streams = new Map<string, number[]>();
  private readonly verdicts = new Map<string, Verdict>();
  /** The append whose records are being read; they stand side by side. */
  private current: Readonly<{ id: string; stream: string; isTaken: boolean }> | undefined;

  /** `verdictsMax` is part of the rules: with another bound a very late repeat would be judged differently. */
  constructor(private readonly verdictsMax: number) {}

  /** Takes the next record. Returns the verdict on its append where this record decides it. */
  take(head: RecordHead, offset: number): Verdict | undefined {
    if (head.index > 0) {
      const { current } = this;
      if (current?.id === head.appendId && current.stream === head.stream && current.isTaken)
        this.offsetsOf(head.stream).push(offset);
      return undefined;
    }
    const earlier = this.verdictOf(head.appendId) ?? this.verdictOfKey(head);
    const verdict = earlier ?? this.judge(head, offset);
    const isTaken = earlier === undefined && verdict.kind === 'accepted';
    this.current = { id: head.appendId, stream: head.stream, isTaken };
    if (isTaken) this.offsetsOf(head.stream).push(offset);
    this.keep(head.appendId, verdict);
    if (head.idempotencyKey !== undefined) this.keep(keyOf(head.stream, head.idempotencyKey), verdict);
    return verdict;
  }

  revisionOf(stream: string): number {
    return this.streams.get(stream)?.length ?? 0;
  }

  /** The stream's revision at the event of an offset; undefined: the event was not accepted. */
  revisionAt(stream: string, offset: number): number | undefined {
    const offsets = this.streams.get(stream);
    if (!offsets) return undefined;
    let [low, high] = [0, offsets.length - 1];
    while (low <= high) {
      const middle = (low + high) >> 1;
      const found = offsets[middle] ?? 0;
      if (found === offset) return middle + 1;
      if (found < offset) low = middle + 1;
      else high = middle - 1;
    }
    return undefined;
  }

  acceptedOffsets(stream: string): readonly number[] {
    return this.streams.get(stream) ?? [];
  }

  verdictOf(appendId: string): Verdict | undefined {
    return this.verdicts.get(appendId);
  }

  verdictOfKey(of: Readonly<{ stream: string; idempotencyKey?: string | undefined }>): Verdict | undefined {
    return of.idempotencyKey === undefined
      ? undefined
      : this.verdicts.get(keyOf(of.stream, of.idempotencyKey));
  }

  private judge({ stream, expected, count }: RecordHead, offset: number): Verdict {
    const actual = this.revisionOf(stream);
    return expected === undefined || expected === actual
      ? { kind: 'accepted', first: offset, count }
      : { kind: 'conflict', expected, actual };
  }

  private offsetsOf(stream: string): number[] {
    let offsets = this.streams.get(stream);
    if (!offsets) this.streams.set(stream, (offsets = []));
    return offsets;
  }

  private keep(key: string, verdict: Verdict): void {
    if (this.verdicts.has(key)) return;
    this.verdicts.set(key, verdict);
    if (this.verdicts.size <= this.verdictsMax) return;
    const oldest = this.verdicts.keys().next();
    if (!oldest.done) this.verdicts.delete(oldest.value);
  }
}

/** An id has no line feed, so no key is taken for one. */
const keyOf = (stream: string, idempotencyKey: string): string => `${stream}\n${idempotencyKey}`;
