// Simulations as commands, for more rounds than tests take:
//   npm run sim -- --seed=7 [--steps=120]            one storm again
//   npm run sim -- --seeds=200 [--from=1] [--steps=120]  many
//   node dist/apps/clearwater/sim/main.js races [--count 10000] [--seed 1] [--race expiryRaces]
//   node dist/apps/clearwater/sim/main.js storms [--count 100] [--seed 1]
// One JSON line; exit 0 when everything held, else 1. A failure names the seed that shows it again.
import { parseArgs } from 'node:util';
import { type Race, RACES, runRaces } from './races/run-races.js';
import { addFaults, FAULT_KINDS, noFaults } from './storm/fault-counts.js';
import { playStorm, STEPS } from './storm/storm.js';

const USAGE = `usage: --seed=<number> | --seeds=<storms> [--from=<number>] [--steps=<number>]
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
    race: { type: 'string', multiple: true },
  },
});
/** Over so many seeds every kind of fault has to come. */
const SEEDS_FOR_EVERY_KIND = 20;
const PROGRESS_SEEDS = 20;
const seed = Number(values.seed ?? values.from ?? 1);
const note = (text: string): void => void process.stderr.write(`${text}\n`);
const tell = (result: object): void => {
  const cpuS = Math.round(process.cpuUsage().user / 1e5) / 10;
  process.stdout.write(`${JSON.stringify({ ...result, cpuS })}\n`);
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

/** Storms of these seeds; stops at nothing, so that one run shows all it finds. */
const storms = async (seeds: number): Promise<boolean> => {
  const steps = Number(values.steps ?? STEPS);
  const answers: Record<string, number> = {};
  const faults = noFaults();
  let violations = 0;
  for (let played = 0; played < seeds; played++) {
    const storm = await playStorm(seed + played, { steps });
    violations += storm.violations.length;
    for (const { seed: at, step, expected } of storm.violations)
      note(`seed ${at}, step ${step}: ${expected}\n  again: npm run sim -- --seed=${at} --steps=${steps}`);
    addFaults(faults, storm.faults);
    for (const [answer, times] of Object.entries(storm.answers))
      answers[answer] = (answers[answer] ?? 0) + times;
    if ((played + 1) % PROGRESS_SEEDS === 0)
      note(`${played + 1} of ${seeds} seeds, ${violations} violations`);
  }
  const never = FAULT_KINDS.filter((kind) => faults[kind] === 0);
  const isShown = seeds < SEEDS_FOR_EVERY_KIND || never.length === 0;
  if (!isShown) note(`never injected: ${never.join(', ')}`);
  tell({ seeds, from: seed, steps, faults, violations, answers });
  return violations === 0 && isShown;
};

const COMMANDS: Readonly<Record<string, readonly [run: (count: number) => Promise<boolean>, count: number]>> =
  {
    races: [races, 10_000],
    storms: [storms, 100],
  };
const [run, usual] = COMMANDS[positionals[0] ?? 'storms'] ?? [];
const count = Number(values.seeds ?? values.count ?? (positionals.length === 0 ? 1 : usual));
const stepsKnown = Number(values.steps ?? STEPS) > 0;
const racesKnown = (values.race ?? []).every((race) => (RACES as readonly string[]).includes(race));
if (run === undefined || !(count > 0) || !Number.isInteger(seed) || !racesKnown || !stepsKnown) {
  process.stderr.write(USAGE);
  process.exit(64);
}
process.exit((await run(count)) ? 0 : 1);
