// The callee's devices group after group (RFC 3261 §16.6, RFC 3841 §9.1): the next group rings when everybody of the last has said no,
// or has rung for long enough. Made by session-proxy.ts where there are several groups, and told by it what becomes of branches.
import { TimerNode, type TimerOwner, type TimerWheel } from '#libs/sip';
import type { Target } from './targets.js';

/** Why the next group rings. */
export type WhyNext = 'refused' | 'no-answer';

export type GroupRingingOptions = Readonly<{
  groups: readonly (readonly Target[])[];
  timers: Pick<TimerWheel, 'start' | 'stop'>;
  /** How long a group rings while others wait; 0: as long as the SIP layer waits (timer C, RFC 3261 §16.8). */
  ringMs: number;
  /** Makes branches to a group; how many came of it, which have not been sent. */
  fork: (group: readonly Target[], why: WhyNext | undefined) => number;
  /** The group that rings has had its time. */
  overdue: () => void;
}>;

export class GroupRinging implements TimerOwner {
  /** Branches of the group that rings, without a final answer. */
  #live = 0;
  #next = 0;
  readonly #patience = new TimerNode(this, 0);

  constructor(private readonly options: GroupRingingOptions) {}

  /** Makes branches to the next group that takes any; `why` undefined: it is the first. */
  next(why: WhyNext | undefined): void {
    const { groups, timers, ringMs, fork } = this.options;
    this.stop();
    this.#live = 0;
    while (this.#live === 0 && this.#next < groups.length) this.#live = fork(groups[this.#next++]!, why);
    if (this.#live > 0 && this.#next < groups.length && ringMs > 0) timers.start(this.#patience, ringMs);
  }

  /** A branch has ended without success. True: it was the group's last one. */
  refused(): boolean {
    this.#live--;
    return this.#live === 0;
  }

  /** Nothing is to ring after this. */
  stop(): void {
    this.options.timers.stop(this.#patience);
  }

  timer(): void {
    this.options.overdue();
  }
}
