// What many storms came to, added up: the same whoever played them and in whichever order they ended.
// Written by campaign.ts, kept by progress-file.ts, told by main.ts.
import { addFaults, FAULT_KINDS, type FaultCounts, noFaults } from '../storm/fault-counts.js';
import type { StormReport, Violation } from '../storm/storm.js';

/** Violations that are kept as text; all are counted. */
const VIOLATIONS_KEPT_MAX = 1_000;

/** What a tally says, as plain JSON. */
export type TallyState = Readonly<{
  seeds: number;
  violations: number;
  kept: readonly Violation[];
  faults: Readonly<FaultCounts>;
  answers: Readonly<Record<string, number>>;
}>;

export class StormTally {
  seeds = 0;
  violations = 0;
  readonly faults = noFaults();
  readonly answers: Record<string, number> = {};
  readonly #kept: Violation[] = [];

  /** Goes on from what another one said. */
  constructor(state?: TallyState) {
    if (state !== undefined) this.#add(state);
  }

  add({ violations, faults, answers }: StormReport): void {
    this.#add({ seeds: 1, violations: violations.length, kept: violations, faults, answers });
  }

  #add({ seeds, violations, kept, faults, answers }: TallyState): void {
    this.seeds += seeds;
    this.violations += violations;
    this.#kept.push(...kept.slice(0, VIOLATIONS_KEPT_MAX - this.#kept.length));
    addFaults(this.faults, faults);
    for (const [answer, times] of Object.entries(answers))
      this.answers[answer] = (this.answers[answer] ?? 0) + times;
  }

  get state(): TallyState {
    const { seeds, violations, faults, answers } = this;
    const kept = [...this.#kept].sort((a, b) => a.seed - b.seed);
    return { seeds, violations, kept, faults: { ...faults }, answers: sorted(answers) };
  }

  /** Kinds of fault that never came: of them nothing has been shown. */
  get neverInjected(): readonly string[] {
    return FAULT_KINDS.filter((kind) => this.faults[kind] === 0);
  }
}

const sorted = (counts: Readonly<Record<string, number>>): Record<string, number> =>
  Object.fromEntries(Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1)));
