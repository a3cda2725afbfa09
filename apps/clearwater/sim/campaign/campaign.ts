// Many storms at once: threads that each play one seed after the other, and one tally of them all. A seed is played in one
// thread from its own numbers alone, so the outcome does not depend on how many there are. Used by main.ts.
import { Worker } from 'node:worker_threads';
import type { Clock } from '#libs/runtime';
import { noFaults } from '../storm/fault-counts.js';
import type { StormReport, Violation } from '../storm/storm.js';
import { DoneSeeds, type Played, type Progress, readProgress, writeProgress } from './progress-file.js';
import { StormTally } from './storm-tally.js';
import type { StormAsked, StormPlayed } from './storm-worker.js';

export const WORKERS_MAX = 64;
/** A thread that is longer at a storm hangs: it is ended, and that is what does not hold of the seed. */
const STORM_MS_MAX = 120_000;
const STEP_MS_MAX = 100;
const SAVE_MS = 5_000;
/** New objects die young here; in a small young generation they would be copied first. */
const YOUNG_GENERATION_MIB = 48;
const OLD_GENERATION_MIB = 1_024;

export type CampaignOptions = Readonly<{
  played: Played;
  seeds: number;
  workers: number;
  clock: Clock;
  /** Where the progress is kept, and gone on from. */
  file?: string | undefined;
  onViolation: (violation: Violation) => void;
  onProgress: (done: number, playedNow: number) => void;
}>;

/** Plays them all; stops at nothing, so that one run shows all it finds. */
export const runCampaign = (options: CampaignOptions): Promise<StormTally> => new Campaign(options).run();

class Campaign {
  readonly #done: DoneSeeds;
  readonly #tally: StormTally;
  readonly #end: number;
  #given: number;
  #playedNow = 0;
  #savedMs: number;

  constructor(private readonly options: CampaignOptions) {
    const { played, seeds, file, clock } = options;
    const before: Progress | undefined = file === undefined ? undefined : readProgress(file, played);
    this.#done = new DoneSeeds(before?.next ?? played.from, before?.beyond);
    this.#tally = new StormTally(before?.tally);
    this.#end = played.from + seeds;
    this.#given = played.from;
    this.#savedMs = clock.monotonicMs();
  }

  async run(): Promise<StormTally> {
    const { onViolation, workers } = this.options;
    for (const violation of this.#tally.state.kept) onViolation(violation);
    await Promise.all(Array.from({ length: workers }, () => this.#lane()));
    this.#save();
    return this.#tally;
  }

  /** The next seed that nobody plays or has played. */
  #next(): number | undefined {
    while (this.#given < this.#end && this.#done.has(this.#given)) this.#given += 1;
    return this.#given < this.#end ? this.#given++ : undefined;
  }

  /** One thread after the other, as long as there are seeds: one that hangs or dies is replaced. */
  async #lane(): Promise<void> {
    let worker: Worker | undefined;
    for (let seed = this.#next(); seed !== undefined; seed = this.#next()) {
      worker ??= newWorker();
      const report = await this.#play(worker, seed).catch(async (error: unknown) => {
        await worker?.terminate();
        worker = undefined;
        return failed(seed, error);
      });
      this.#played(seed, report);
    }
    await worker?.terminate();
  }

  #play(worker: Worker, seed: number): Promise<StormReport> {
    const { played, clock } = this.options;
    const { steps } = played;
    const { promise, resolve, reject } = Promise.withResolvers<StormReport>();
    const cancel = clock.after(STORM_MS_MAX + steps * STEP_MS_MAX, () =>
      reject(new Error('the storm does not end')),
    );
    const onMessage = ({ report }: StormPlayed): void => resolve(report);
    const onExit = (code: number): void => reject(new Error(`the thread ended with ${code}`));
    worker.once('message', onMessage).once('error', reject).once('exit', onExit);
    const asked: StormAsked = { seed, steps };
    worker.postMessage(asked);
    return promise.finally(() => {
      cancel();
      worker.off('message', onMessage).off('error', reject).off('exit', onExit);
    });
  }

  #played(seed: number, report: StormReport): void {
    const { onViolation, onProgress, clock } = this.options;
    this.#tally.add(report);
    this.#done.add(seed);
    this.#playedNow += 1;
    for (const violation of report.violations) onViolation(violation);
    onProgress(this.#tally.seeds, this.#playedNow);
    if (clock.monotonicMs() - this.#savedMs >= SAVE_MS) this.#save();
  }

  #save(): void {
    const { file, played, clock } = this.options;
    this.#savedMs = clock.monotonicMs();
    if (file === undefined) return;
    const { next, beyond } = this.#done;
    writeProgress(file, { played, next, beyond, tally: this.#tally.state });
  }
}

const newWorker = (): Worker =>
  new Worker(new URL('./storm-worker.js', import.meta.url), {
    resourceLimits: {
      maxYoungGenerationSizeMb: YOUNG_GENERATION_MIB,
      maxOldGenerationSizeMb: OLD_GENERATION_MIB,
    },
  });

const failed = (seed: number, error: unknown): StormReport => ({
  violations: [{ seed, step: 0, expected: `a storm that ends, but: ${String(error)}` }],
  answers: {},
  faults: noFaults(),
});
