// The numbers that lines are made of, and which of them are free: a hint that spares asking, drawn at random. The number's own stream
// decides whether it is (docs/architecture.md §2, "Expect"). Within one process no number is drawn twice.
import type { Random } from '#libs/runtime';

/** Of all ranges of one pool. */
export const POOL_NUMBERS_MAX = 1_000_000;

type Range = Readonly<{ prefix: string; digits: number; first: number; count: number }>;

const rangeOf = (text: string): Range => {
  const [from = '', to = from] = text.split('-');
  const prefix = from.startsWith('+') ? '+' : '';
  const [first, last] = [from, to].map((end) => Number(end.slice(prefix.length)));
  if (from.length !== to.length || prefix !== (to.startsWith('+') ? '+' : ''))
    throw new RangeError(`${text}: both ends of a range are written alike`);
  if (first === undefined || last === undefined || last < first)
    throw new RangeError(`${text}: the end of a range is before its beginning`);
  return { prefix, digits: from.length - prefix.length, first, count: last - first + 1 };
};

/**
 * A shuffle that is drawn from as it goes: `order` holds every index, the free ones in front; `place` says where each stands. Drawing,
 * taking and giving back are a swap each.
 */
export class NumberPool {
  private readonly ranges: readonly Range[];
  private readonly order: Uint32Array;
  private readonly place: Uint32Array;
  private free: number;

  constructor(
    ranges: readonly string[],
    private readonly domain: string,
    private readonly random: Pick<Random, 'fraction'>,
  ) {
    this.ranges = ranges.map(rangeOf);
    const size = this.ranges.reduce((sum, { count }) => sum + count, 0);
    if (size > POOL_NUMBERS_MAX) throw new RangeError(`at most ${POOL_NUMBERS_MAX} numbers`);
    this.order = Uint32Array.from({ length: size }, (_, index) => index);
    this.place = Uint32Array.from(this.order);
    this.free = size;
  }

  get freeCount(): number {
    return this.free;
  }

  /** A free number at random, which is free no longer; undefined: there is none. */
  draw(): string | undefined {
    if (this.free === 0) return undefined;
    const index = this.order[Math.floor(this.random.fraction() * this.free)]!;
    this.moveTo(index, this.free - 1);
    this.free--;
    return this.uriOf(index);
  }

  /** Notes what is known of a number; one that is not of this pool is none of its business. */
  note(uri: string, isTaken: boolean): void {
    const index = this.indexOf(uri);
    if (index === undefined) return;
    const isFree = this.place[index]! < this.free;
    if (isTaken && isFree) {
      this.moveTo(index, this.free - 1);
      this.free--;
    } else if (!isTaken && !isFree) {
      this.moveTo(index, this.free);
      this.free++;
    }
  }

  private moveTo(index: number, to: number): void {
    const from = this.place[index]!;
    const other = this.order[to]!;
    this.order[to] = index;
    this.order[from] = other;
    this.place[index] = to;
    this.place[other] = from;
  }

  private uriOf(index: number): string {
    let left = index;
    for (const { prefix, digits, first, count } of this.ranges) {
      if (left < count) return `sip:${prefix}${String(first + left).padStart(digits, '0')}@${this.domain}`;
      left -= count;
    }
    throw new Error('an index beyond the pool');
  }

  private indexOf(uri: string): number | undefined {
    const [, plus = '', digits = '', domain = ''] = /^sip:(\+?)(\d+)@(.+)$/.exec(uri) ?? [];
    if (domain !== this.domain) return undefined;
    let before = 0;
    for (const range of this.ranges) {
      const at = Number(digits) - range.first;
      if (plus === range.prefix && digits.length === range.digits && at >= 0 && at < range.count)
        return before + at;
      before += range.count;
    }
    return undefined;
  }
}

export type NumberPools = Readonly<{ ordinary: NumberPool; pstn: NumberPool }>;
