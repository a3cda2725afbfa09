// `node dist/apps/clearwater/sim/main.js races [--count 10000] [--seed 1] [--race expiryRaces]`: the races as a command.
// One JSON line; exit 0 when every round of every race held and the races met, else 1.
import { parseArgs } from 'node:util';
import { type Race, RACES, runRaces } from './races/run-races.js';

const USAGE = `usage: races [--count <rounds>] [--seed <number>] [--race <${RACES.join('|')}>]\n`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { count: { type: 'string' }, seed: { type: 'string' }, race: { type: 'string', multiple: true } },
});
const count = Number(values.count ?? 10_000);
const seed = Number(values.seed ?? 1);
const races = values.race ?? RACES;
const known = races.every((race) => (RACES as readonly string[]).includes(race));
if (positionals[0] !== 'races' || !(count > 0) || !Number.isInteger(seed) || !known) {
  process.stderr.write(USAGE);
  process.exit(64);
}
const result = await runRaces({
  count,
  seed,
  races: races as readonly Race[],
  onProgress: (text) => process.stderr.write(`${text}\n`),
});
const cpuS = Math.round(process.cpuUsage().user / 1e5) / 10;
process.stdout.write(`${JSON.stringify({ ...result, cpuS })}\n`);
const held = races.every((race) => {
  const { tried, ok, met } = result[race as Race]!;
  return tried === count && ok === tried && met > 0;
});
process.exit(held ? 0 : 1);
