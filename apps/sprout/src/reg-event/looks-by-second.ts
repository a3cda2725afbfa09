// When to look again at what lapses: by the whole second, so that a look costs what is due then, however much is watched.
// Times are those of the wall clock, as expiries are. Owner: notifier.ts.
import type { Clock } from '#libs/runtime';

/** Looked at so long after now at the earliest: what is over by then may be on its way. */
const LOOK_MS_MIN = 1_000;

export class LooksBySecond<T extends object> {
  readonly #bySecond = new Map<number, Set<T>>();
  /** Of each that waits: it waits for one second. */
  readonly #secondOf = new Map<T, number>();
  #timerSecond = Infinity;
  #cancel: (() => void) | undefined;
  #isStopped = false;

  constructor(
    private readonly clock: Pick<Clock, 'nowMs' | 'after'>,
    private readonly look: (due: T) => void,
  ) {}

  /** How many wait. */
  get size(): number {
    return this.#secondOf.size;
  }

  /** Looks at it once, in the second in which that time is over; instead of what was set before. Infinity: not at all. */
  set(each: T, atMs: number): void {
    if (atMs === Infinity || this.#isStopped) return this.delete(each);
    const second = Math.ceil(Math.max(atMs, this.clock.nowMs() + LOOK_MS_MIN) / 1000);
    if (this.#secondOf.get(each) === second) return;
    this.delete(each);
    this.#secondOf.set(each, second);
    const others = this.#bySecond.get(second);
    if (others === undefined) this.#bySecond.set(second, new Set([each]));
    else others.add(each);
    this.#wakeAt(second);
  }

  delete(each: T): void {
    const second = this.#secondOf.get(each);
    if (second === undefined) return;
    this.#secondOf.delete(each);
    const others = this.#bySecond.get(second)!;
    others.delete(each);
    if (others.size === 0) this.#bySecond.delete(second);
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel?.();
  }

  #wakeAt(second: number): void {
    if (second >= this.#timerSecond) return;
    this.#cancel?.();
    this.#timerSecond = second;
    this.#cancel = this.clock.after(Math.max(0, second * 1000 - this.clock.nowMs()), () => this.#wake());
  }

  #wake(): void {
    this.#timerSecond = Infinity;
    const nowMs = this.clock.nowMs();
    // Seconds are as many as the longest subscription has, not as there are watchers.
    const due = [...this.#bySecond].filter(([second]) => second * 1000 <= nowMs);
    for (const [, all] of due)
      for (const each of [...all]) {
        this.delete(each);
        this.look(each);
      }
    let next = Infinity;
    for (const second of this.#bySecond.keys()) next = Math.min(next, second);
    if (next !== Infinity && !this.#isStopped) this.#wakeAt(next);
  }
}
