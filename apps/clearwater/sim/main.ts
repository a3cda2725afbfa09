// Simulations as commands, for more rounds than tests take:
//   npm run sim -- --seed=7 [--steps=120]            one storm again
//   npm run sim -- --seeds=200 [--from=1] [--steps=120] [--workers=<threads>] [--resume=<file>]  many, on all cores
//   node dist/apps/clearwater/sim/main.js races [--count 10000] [--seed 1] [--race expiryRaces]
// One JSON line; exit 0 when everything held, else 1. A failure names the seed that shows it again. With --resume the progress
// is kept in the file, and a run that was ended goes on from it.
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { systemClock } from '#libs/runtime';
import { runCampaign, WORKERS_MAX } from './campaign/campaign.js';
import { progressText } from './campaign/progress-bar.js';
import { hashOfCode } from './campaign/progress-file.js';
import { StormTally } from './campaign/storm-tally.js';
import { type Race, RACES, runRaces } from './races/run-races.js';
import { playStorm, STEPS, type Violation } from './storm/storm.js';

const USAGE = `usage: --seed=<number> | --seeds=<storms> [--from=<number>] [--steps=<number>] [--workers=<1 to ${WORKERS_MAX}>] [--resume=<file>]
       races [--count <rounds>] [--seed <number>] [--race <${RACES.join('|')}>]
       storms [--count <storms>] [--seed <number>]\n`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    count: { type: 'string' },
    seed: { type: 'string' },
    seeds: { type: 'string' },
    from: { type: 'string' },
    steps: { type: 'string' },
    workers: { type: 'string' },
    resume: { type: 'string' },
    race: { type: 'string', multiple: true },
  },
});
/** Over so many seeds every kind of fault has to come. */
const SEEDS_FOR_EVERY_KIND = 20;
/** On a terminal the bar is drawn anew; in a file it is a line now and then. */
const BAR_MS = process.stderr.isTTY ? 200 : 10_000;
const seed = Number(values.seed ?? values.from ?? 1);
const steps = Number(values.steps ?? STEPS);
const workers = Number(values.workers ?? Math.min(availableParallelism(), WORKERS_MAX));
const note = (text: string): void => void process.stderr.write(`${text}\n`);
const startMs = systemClock.monotonicMs();
const tell = (result: object): void => {
  const cpuS = Math.round(process.cpuUsage().user / 1e5) / 10;
  const wallS = Math.round((systemClock.monotonicMs() - startMs) / 100) / 10;
  process.stdout.write(`${JSON.stringify({ ...result, cpuS, wallS })}\n`);
};

const races = async (count: number): Promise<boolean> => {
  const chosen = (values.race ?? RACES) as readonly Race[];
  const result = await runRaces({ count, seed, races: chosen, onProgress: note });
  tell(result);
  return chosen.every((race) => {
    const { tried, ok, met } = result[race]!;
    return tried === count && ok === tried && met > 0;
  });
};

const onViolation = ({ seed: at, step, expected }: Violation): void =>
  note(`seed ${at}, step ${step}: ${expected}\n  again: npm run sim -- --seed=${at} --steps=${steps}`);

/** In this thread, for one: it can be profiled and debugged. */
const playOne = async (): Promise<StormTally> => {
  const tally = new StormTally();
  const report = await playStorm(seed, { steps });
  report.violations.forEach(onViolation);
  tally.add(report);
  return tally;
};

const playMany = (seeds: number): Promise<StormTally> => {
  const code = hashOfCode(
    ['../..', '../../../libs', '../../../projections'].map((folder) =>
      fileURLToPath(new URL(folder, import.meta.url)),
    ),
  );
  let toldMs = startMs;
  let violations = 0;
  return runCampaign({
    played: { from: seed, steps, code },
    seeds,
    workers: Math.min(workers, seeds),
    clock: systemClock,
    file: values.resume,
    onViolation(violation) {
      violations += 1;
      onViolation(violation);
    },
    onProgress(done, doneNow) {
      const nowMs = systemClock.monotonicMs();
      if (nowMs - toldMs < BAR_MS && done < seeds) return;
      toldMs = nowMs;
      const text = progressText({ done, of: seeds, doneNow, elapsedMs: nowMs - startMs, violations });
      process.stderr.write(process.stderr.isTTY && done < seeds ? `\r${text}\u001b[K` : `\r${text}\n`);
    },
  });
};

/** Storms of these seeds; stops at nothing, so that one run shows all it finds. */
const storms = async (seeds: number): Promise<boolean> => {
  const tally = seeds === 1 ? await playOne() : await playMany(seeds);
  const never = tally.neverInjected;
  const isShown = seeds < SEEDS_FOR_EVERY_KIND || never.length === 0;
  if (!isShown) note(`never injected: ${never.join(', ')}`);
  const { faults, violations, answers } = tally.state;
  tell({
    seeds: tally.seeds,
    from: seed,
    steps,
    workers: Math.min(workers, seeds),
    faults,
    violations,
    answers,
  });
  return violations === 0 && isShown;
};

const COMMANDS: Readonly<Record<string, readonly [run: (count: number) => Promise<boolean>, count: number]>> =
  {
    races: [races, 10_000],
    storms: [storms, 100],
  };
const [run, usual] = COMMANDS[positionals[0] ?? 'storms'] ?? [];
const count = Number(values.seeds ?? values.count ?? (positionals.length === 0 ? 1 : usual));
const racesKnown = (values.race ?? []).every((race) => (RACES as readonly string[]).includes(race));
const numbersFit =
  count > 0 &&
  Number.isInteger(seed) &&
  steps > 0 &&
  Number.isInteger(workers) &&
  workers >= 1 &&
  workers <= WORKERS_MAX;
if (run === undefined || !numbersFit || !racesKnown) {
  process.stderr.write(USAGE);
  process.exit(64);
}
process.exit((await run(count)) ? 0 : 1);
