// Simulations as commands, for more rounds than tests take:
//   node dist/apps/clearwater/sim/main.js races [--count 10000] [--seed 1] [--race expiryRaces]
//   node dist/apps/clearwater/sim/main.js storms [--count 100] [--seed 1]
// One JSON line; exit 0 when everything held, else 1. A failure names the seed that shows it again.
import { parseArgs } from 'node:util';
import { type Race, RACES, runRaces } from './races/run-races.js';
import { playStorm } from './storm/storm.js';

const USAGE = `usage: races [--count <rounds>] [--seed <number>] [--race <${RACES.join('|')}>]
       storms [--count <storms>] [--seed <number>]\n`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { count: { type: 'string' }, seed: { type: 'string' }, race: { type: 'string', multiple: true } },
});
const seed = Number(values.seed ?? 1);
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

const storms = async (count: number): Promise<boolean> => {
  const failures: string[] = [];
  const answers: Record<string, number> = {};
  for (let played = 0; played < count; played++) {
    const storm = await playStorm(seed + played);
    failures.push(...storm.faults);
    for (const [answer, times] of Object.entries(storm.answers))
      answers[answer] = (answers[answer] ?? 0) + times;
  }
  failures.forEach(note);
  tell({ seed, storms: count, failures: failures.length, answers });
  return failures.length === 0;
};

const COMMANDS: Readonly<Record<string, readonly [run: (count: number) => Promise<boolean>, count: number]>> =
  {
    races: [races, 10_000],
    storms: [storms, 100],
  };
const [run, usual] = COMMANDS[positionals[0] ?? ''] ?? [];
const count = Number(values.count ?? usual);
const racesKnown = (values.race ?? []).every((race) => (RACES as readonly string[]).includes(race));
if (run === undefined || !(count > 0) || !Number.isInteger(seed) || !racesKnown) {
  process.stderr.write(USAGE);
  process.exit(64);
}
process.exit((await run(count)) ? 0 : 1);
