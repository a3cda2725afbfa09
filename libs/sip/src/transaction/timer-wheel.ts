// One hashed, hierarchical wheel for every SIP timer (RFC 3261 table 4): start and stop are O(1), a timer is one small
// node that its owner may keep and start again. Nothing here reads a machine clock: `advance` moves time.
// Writers: the transaction machines, proxy branches and contexts. Driven by `driveTimers` or by a simulation.

/** Length of a tick. A timer fires at the first tick at or after its time: up to one tick late, never early. */
export const TICK_MS = 10;

const SLOTS_0 = 256; // 2.56 s in ticks
const SLOTS_N = 64; // 163.84 s, then 2.9 h; what is later waits in the last slot and is placed again
const REACH_1 = SLOTS_0 * SLOTS_N;
const REACH_2 = REACH_1 * SLOTS_N;

/** Who is told; `kind` is the owner's own name for the timer. */
export interface TimerOwner {
  timer(kind: number): void;
}

/** One timer. Stopped after it was made and after it fired. */
export class TimerNode {
  /** Absolute tick at which it fires. */
  tick = 0;
  next: TimerNode | undefined = undefined;
  /** The node before it in its slot (the slot itself for the first); undefined while stopped. */
  previous: TimerNode | undefined = undefined;

  constructor(
    readonly owner: TimerOwner | undefined,
    readonly kind: number,
  ) {}

  get running(): boolean {
    return this.previous !== undefined;
  }
}

const slots = (count: number): TimerNode[] =>
  Array.from({ length: count }, () => new TimerNode(undefined, 0));

/** What a wheel needs of the clock. */
export type Monotonic = Readonly<{ monotonicMs(): number }>;

export class TimerWheel {
  private readonly near = slots(SLOTS_0);
  private readonly middle = slots(SLOTS_N);
  private readonly far = slots(SLOTS_N);
  private currentTick: number;
  private running = 0;
  /** When the wheel is to be looked at next, at the latest: whoever starts a timer that is due before that tells the driver. */
  private wakeTick = Infinity;
  /** Told of a tick at which the wheel must be advanced, before any that was told or returned by `nextWakeMs`; set by the driver. */
  onSooner: ((atMs: number) => void) | undefined;

  constructor(readonly clock: Monotonic) {
    this.currentTick = Math.floor(clock.monotonicMs() / TICK_MS);
  }

  /** Timers that run. */
  get size(): number {
    return this.running;
  }

  /** Starts the timer, or starts it anew, to fire after at least `delayMs` from now. */
  start(node: TimerNode, delayMs: number): void {
    if (node.previous !== undefined) this.unlink(node);
    else this.running++;
    const nowMs = this.clock.monotonicMs();
    // An idle wheel is not driven: it takes up the present first.
    if (this.running === 1) this.currentTick = Math.max(this.currentTick, Math.floor(nowMs / TICK_MS));
    const tick = Math.ceil((nowMs + delayMs) / TICK_MS);
    node.tick = tick > this.currentTick ? tick : this.currentTick + 1;
    this.place(node);
    if (node.tick < this.wakeTick) {
      this.wakeTick = node.tick;
      this.onSooner?.(node.tick * TICK_MS);
    }
  }

  /** Stops the timer; nothing when it does not run. */
  stop(node: TimerNode): void {
    if (node.previous === undefined) return;
    this.unlink(node);
    this.running--;
  }

  /** Makes and starts a timer. */
  schedule(delayMs: number, owner: TimerOwner, kind: number): TimerNode {
    const node = new TimerNode(owner, kind);
    this.start(node, delayMs);
    return node;
  }

  /** Calls `run` once after `delayMs`; for what is rare: a closure each. */
  after(delayMs: number, run: () => void): TimerNode {
    return this.schedule(delayMs, { timer: run }, 0);
  }

  /** Fires everything that is due. Owners may start and stop any timer meanwhile. */
  advance(nowMs = this.clock.monotonicMs()): void {
    const target = Math.floor(nowMs / TICK_MS);
    while (this.currentTick < target) {
      if (this.running === 0) {
        this.currentTick = target;
        return;
      }
      this.currentTick++;
      this.turn(this.currentTick);
    }
  }

  /**
   * When to advance the wheel next: at its next timer, or before, where coarse slots must be placed anew (every 2.56 s). Undefined
   * when none runs.
   */
  nextWakeMs(): number | undefined {
    this.wakeTick = Infinity;
    if (this.running === 0) return undefined;
    let tick = this.currentTick + 1;
    while ((tick & (SLOTS_0 - 1)) !== 0 && this.near[tick & (SLOTS_0 - 1)]!.next === undefined) tick++;
    this.wakeTick = tick;
    return tick * TICK_MS;
  }

  /** When the next timer fires, undefined when none runs; for simulations, which step from deadline to deadline. */
  nextDeadlineMs(): number | undefined {
    if (this.running === 0) return undefined;
    // What is due before the next coarse slot is taken up is near, a tick a slot.
    const near = this.currentTick | (SLOTS_0 - 1);
    for (let tick = this.currentTick + 1; tick <= near; tick++)
      if (this.near[tick & (SLOTS_0 - 1)]!.next !== undefined) return tick * TICK_MS;
    let earliest = Infinity;
    for (const level of [this.near, this.middle, this.far])
      for (const slot of level)
        for (let node = slot.next; node !== undefined; node = node.next)
          if (node.tick < earliest) earliest = node.tick;
    return earliest * TICK_MS;
  }

  private turn(tick: number): void {
    if ((tick & (SLOTS_0 - 1)) === 0) {
      if (((tick >>> 8) & (SLOTS_N - 1)) === 0) this.cascade(this.far[(tick >>> 14) & (SLOTS_N - 1)]!);
      this.cascade(this.middle[(tick >>> 8) & (SLOTS_N - 1)]!);
    }
    const slot = this.near[tick & (SLOTS_0 - 1)]!;
    for (let node = slot.next; node !== undefined; node = slot.next) {
      this.unlink(node);
      this.running--;
      node.owner!.timer(node.kind);
    }
  }

  /** Places the nodes of a coarse slot whose time has come near. */
  private cascade(slot: TimerNode): void {
    let node = slot.next;
    slot.next = undefined;
    while (node !== undefined) {
      const next: TimerNode | undefined = node.next;
      this.place(node);
      node = next;
    }
  }

  private place(node: TimerNode): void {
    const { tick } = node;
    const delta = tick - this.currentTick;
    if (delta < SLOTS_0) return link(this.near[tick & (SLOTS_0 - 1)]!, node);
    if (delta < REACH_1) return link(this.middle[(tick >>> 8) & (SLOTS_N - 1)]!, node);
    if (delta < REACH_2) return link(this.far[(tick >>> 14) & (SLOTS_N - 1)]!, node);
    link(this.far[((this.currentTick + REACH_2 - 1) >>> 14) & (SLOTS_N - 1)]!, node);
  }

  private unlink(node: TimerNode): void {
    const { previous, next } = node;
    previous!.next = next;
    if (next !== undefined) next.previous = previous;
    node.previous = undefined;
    node.next = undefined;
  }
}

const link = (slot: TimerNode, node: TimerNode): void => {
  const { next } = slot;
  node.next = next;
  node.previous = slot;
  if (next !== undefined) next.previous = node;
  slot.next = node;
};

/**
 * Drives a wheel from the machine's clock: one timeout, for the next tick at which there is something to do. What only keeps a
 * timer of half a minute sleeps. Returns how to stop it. The one place in libs/sip that touches setTimeout.
 */
export const driveTimers = (wheel: TimerWheel): (() => void) => {
  let timeout: NodeJS.Timeout | undefined;
  const wakeAt = (atMs: number): void => {
    clearTimeout(timeout);
    timeout = setTimeout(wake, Math.max(1, Math.ceil(atMs - wheel.clock.monotonicMs()))).unref();
  };
  const wake = (): void => {
    timeout = undefined;
    wheel.advance();
    const atMs = wheel.nextWakeMs();
    if (atMs !== undefined) wakeAt(atMs);
  };
  wheel.onSooner = wakeAt;
  wake();
  return () => {
    wheel.onSooner = undefined;
    clearTimeout(timeout);
  };
};
