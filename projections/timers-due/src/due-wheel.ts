// What is due when, from milliseconds to years: a hierarchical wheel over wall-clock time, which its owner moves and never turns back.
// Placing and removing are O(1), what is far away is placed again as it comes nearer. Nothing here reads a clock.
// Writers: timers-due.ts, binding-expiries.ts. Moved by chronos.

/** A node is due at the first tick at or after its time: late by less than that, never early. */
export const TICK_MS = 8;

/** 2 s, 8.7 min, 37 h, a year and more; what is later waits in the last level and is placed again. */
const LEVELS = 4;
const BITS = 8;
const SLOTS = 1 << BITS;
const MASK = SLOTS - 1;
const SPANS = [1, SLOTS, SLOTS ** 2, SLOTS ** 3, SLOTS ** 4] as const;

/** What waits in a wheel. Its owner keeps it, and may place it again; the fields are the wheel's. */
export interface DueNode {
  dueMs: number;
  level: number;
  next: DueNode | undefined;
  /** The node before it in its slot (the slot itself for the first); undefined while it is in no wheel. */
  previous: DueNode | undefined;
}

export const isPlaced = ({ previous }: DueNode): boolean => previous !== undefined;

const slotHead = (): DueNode => ({ dueMs: 0, level: 0, next: undefined, previous: undefined });

const tickOf = (dueMs: number): number => Math.ceil(dueMs / TICK_MS);

export class DueWheel<Node extends DueNode> {
  private readonly levels = Array.from({ length: LEVELS }, () => Array.from({ length: SLOTS }, slotHead));
  /** Nodes in each level: empty ones are passed over. */
  private readonly counts = new Array<number>(LEVELS).fill(0);
  private tick: number;

  constructor(nowMs: number) {
    this.tick = Math.floor(nowMs / TICK_MS);
  }

  get size(): number {
    return this.counts.reduce((sum, count) => sum + count, 0);
  }

  /** Places the node, or moves it. What is overdue comes at the next move. */
  place(node: Node, dueMs: number): void {
    this.remove(node);
    node.dueMs = dueMs;
    this.link(node);
  }

  remove(node: Node): void {
    if (node.previous !== undefined) this.unlink(node);
  }

  /** Takes out what is due at `nowMs` and hands it over; its receiver may place and remove nodes meanwhile. At most `max`: the rest stays due. */
  advance(nowMs: number, due: (node: Node) => void, max = Infinity): void {
    const target = Math.floor(nowMs / TICK_MS);
    let left = max;
    while (this.tick <= target && left > 0) {
      const slot = this.slot(0, this.tick & MASK);
      for (let node = slot.next; node !== undefined && left > 0; node = slot.next, left--) {
        this.unlink(node);
        due(node as Node);
      }
      // The present slot is looked at again next time: what was due in it may still come.
      if (slot.next !== undefined || this.tick === target) return;
      const next = this.nextTurn();
      if (next > target) {
        this.tick = target;
        return;
      }
      this.turnTo(next);
    }
  }

  /** When to move the wheel next, at the latest: at its next node, or before, where far ones are to be placed again. */
  nextMs(): number | undefined {
    if (this.size === 0) return undefined;
    if (this.counts[0] === 0) return this.nextTurn() * TICK_MS;
    let { tick } = this;
    while (this.slot(0, tick & MASK).next === undefined) tick++;
    return tick * TICK_MS;
  }

  /** The next tick at which there is something to do: where the lowest level begins anew that holds anything. */
  private nextTurn(): number {
    const lowest = this.counts.findIndex((count) => count > 0);
    if (lowest < 0) return Infinity;
    const span = SPANS[lowest]!;
    return (Math.floor(this.tick / span) + 1) * span;
  }

  private turnTo(tick: number): void {
    this.tick = tick;
    for (let level = 1; level < LEVELS && tick % SPANS[level]! === 0; level++) {
      const slot = this.slot(level, Math.floor(tick / SPANS[level]!) & MASK);
      for (let node = slot.next; node !== undefined; node = slot.next) {
        this.unlink(node);
        this.link(node);
      }
    }
  }

  private slot(level: number, index: number): DueNode {
    return this.levels[level]![index]!;
  }

  private link(node: DueNode): void {
    const due = Math.max(tickOf(node.dueMs), this.tick);
    let level = 0;
    // Whole slots of the level above count, not distance: so a node stands where its turn comes next.
    while (
      level < LEVELS - 1 &&
      Math.floor(due / SPANS[level + 1]!) !== Math.floor(this.tick / SPANS[level + 1]!)
    )
      level++;
    const own = Math.floor(due / SPANS[level]!);
    const last = Math.floor(this.tick / SPANS[level]!) + MASK;
    const slot = this.slot(level, Math.min(own, last) & MASK);
    const { next } = slot;
    node.level = level;
    node.next = next;
    node.previous = slot;
    if (next !== undefined) next.previous = node;
    slot.next = node;
    this.counts[level]!++;
  }

  private unlink(node: DueNode): void {
    const { previous, next } = node;
    previous!.next = next;
    if (next !== undefined) next.previous = previous;
    node.previous = undefined;
    node.next = undefined;
    this.counts[node.level]!--;
  }
}
