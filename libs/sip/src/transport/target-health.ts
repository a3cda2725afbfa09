// Targets that did not answer: left alone for a while (blacklisted), then on trial for a while, when one request at a time may
// find out whether they are well again (graylisted). What is bad comes last, never not at all: there is always somebody to
// ask. sip.md §7.3's rule, docs/architecture.md §8. Time comes in. Reader: dns-resolver.ts.
import type { Target } from './transport.port.js';

export const BLACKLIST_MS = 30_000;
export const GRAYLIST_MS = 30_000;
/** Bad targets remembered; the oldest are forgotten first. */
export const BAD_TARGETS_MAX = 4_096;

type Trouble = { untilMs: number; probing: boolean };

export class TargetHealth {
  readonly #troubles = new Map<string, Trouble>();

  /** The same targets, the bad ones last; who comes first and is on trial is on trial by this request. */
  ordered(targets: readonly Target[], nowMs: number): readonly Target[] {
    if (this.#troubles.size === 0) return targets;
    const well: Target[] = [];
    const bad: Target[] = [];
    for (const target of targets) (this.#isUsable(target, nowMs) ? well : bad).push(target);
    const [first] = well;
    const trouble = first && this.#troubles.get(keyOf(first));
    if (trouble !== undefined) trouble.probing = true;
    return [...well, ...bad];
  }

  failed(target: Target, nowMs: number): void {
    const key = keyOf(target);
    this.#troubles.delete(key);
    if (this.#troubles.size >= BAD_TARGETS_MAX) this.#troubles.delete(this.#troubles.keys().next().value!);
    this.#troubles.set(key, { untilMs: nowMs + BLACKLIST_MS, probing: false });
  }

  worked(target: Target): void {
    if (this.#troubles.size > 0) this.#troubles.delete(keyOf(target));
  }

  #isUsable(target: Target, nowMs: number): boolean {
    const trouble = this.#troubles.get(keyOf(target));
    if (trouble === undefined || nowMs >= trouble.untilMs + GRAYLIST_MS) return true;
    return nowMs >= trouble.untilMs && !trouble.probing;
  }
}

const keyOf = ({ transport, address, port }: Target): string => `${transport} ${address} ${port}`;
