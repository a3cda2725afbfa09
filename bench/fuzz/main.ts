// `npm run fuzz -- --minutes N [--seed S] [--target name,…] [--corpus folder] [--input file]`: every target in turn until the time
// is over or something does not hold. Goes on from what earlier runs kept. One JSON line at the end; a failing input is made
// small, written to a file and shown as a command that repeats it, exit 1.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { emit, parseArguments, progress } from '../measure/report.js';
import { inRepository } from '../harness/root.js';
import { createFuzzing, type Failure, type Fuzzing, judge } from './fuzzer.js';
import { INPUT_BYTES_MAX } from './mutate.js';
import { allTargets } from './targets/index.js';
import { startWatchdog } from './watchdog.js';

const PROGRESS_MS = 5_000;
/** A turn of one target. */
const TURN_MS = 200;
const TURN_INPUTS = 20;
/** Live heap after a full collection may grow by this much over what it was after WARM_UP_MS, kept inputs aside. */
const HEAP_GROWTH_MIB_MAX = 48;
const WARM_UP_MS = 15_000;
const HEAP_EVERY_MS = 10_000;

const { flags } = parseArguments(process.argv.slice(2));
const minutes = Number(flags.get('minutes') ?? '1');
const seed = flags.get('seed') ?? String(Date.now());
const wanted = flags.get('target')?.split(',');
const folder = path.resolve(flags.get('corpus') ?? inRepository('bench/fuzz/corpus-cache'));
const known = await allTargets();
const targets = known.filter(({ name }) => wanted?.includes(name) ?? true);
if (targets.length < (wanted?.length ?? 1) || !(minutes > 0)) {
  process.stderr.write(
    `usage: npm run fuzz -- --minutes N [--seed S] [--target ${known.map(({ name }) => name).join('|')}]\n`,
  );
  process.exit(64);
}

const MIB = 1 << 20;
setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
const heapMiB = (fuzzings: readonly Fuzzing[]): number => {
  collect();
  const kept = fuzzings.reduce((sum, { corpus }) => sum + corpus.bytes, 0);
  return (process.memoryUsage().heapUsed - kept) / MIB;
};

const repeat = async (file: string): Promise<number> => {
  const [target] = targets;
  if (!target || targets.length > 1) throw new Error('--input needs --target');
  const input = readFileSync(file, 'latin1');
  const { reason, outcome, ms } = await judge(target, input);
  await target.stop?.();
  emit({ target: target.name, input: file, ...(reason === undefined ? { outcome } : { reason }), ms });
  return reason === undefined ? 0 : 1;
};

const failuresFolder = path.join(folder, 'failures');
const keep = ({ target, input, reason }: Failure): string => {
  mkdirSync(failuresFolder, { recursive: true });
  const file = path.join(failuresFolder, `${target}-${seed}.input`);
  writeFileSync(file, input, 'latin1');
  progress(`${target}: ${reason}`);
  progress(`npm run fuzz -- --target ${target} --input ${file}`);
  return file;
};

type Round = Readonly<{ failure?: Failure; heapGrowthMiB: number }>;

const fuzz = async (fuzzings: readonly Fuzzing[]): Promise<Round> => {
  const startMs = performance.now();
  const endMs = startMs + minutes * 60_000;
  let toldMs = startMs;
  let heapMs = startMs + WARM_UP_MS;
  let heapFirst: number | undefined;
  let heapGrowthMiB = 0;
  for (;;)
    for (const fuzzing of fuzzings) {
      const turnEnd = performance.now() + TURN_MS;
      while (performance.now() < turnEnd) {
        const failure = await fuzzing.run(TURN_INPUTS);
        if (failure) return { failure, heapGrowthMiB };
      }
      const nowMs = performance.now();
      if (nowMs >= heapMs) {
        heapMs = nowMs + HEAP_EVERY_MS;
        const heap = heapMiB(fuzzings);
        heapFirst ??= heap;
        heapGrowthMiB = Math.round((heap - heapFirst) * 10) / 10;
        const reason = `memory: ${heapGrowthMiB} MiB more than after the warm-up`;
        if (heapGrowthMiB > HEAP_GROWTH_MIB_MAX)
          return { failure: { target: fuzzing.target.name, reason, input: '' }, heapGrowthMiB };
      }
      if (nowMs - toldMs >= PROGRESS_MS) {
        toldMs = nowMs;
        const counts = fuzzings.map(({ target, count, corpus }) => `${target.name} ${count}/${corpus.inputs.length}`);
        progress(`${Math.round((nowMs - startMs) / 1000)} s: ${counts.join(', ')}`);
      }
      if (nowMs >= endMs) return { heapGrowthMiB };
    }
}; // prettier-ignore

const main = async (): Promise<number> => {
  const file = flags.get('input');
  if (file !== undefined) return repeat(file);
  mkdirSync(failuresFolder, { recursive: true });
  const hung = path.join(failuresFolder, `hang-${seed}.input`);
  const watchdog = startWatchdog(INPUT_BYTES_MAX, hung, `the input is in ${hung}; try it with each --target`);
  progress(`seed ${seed}, ${minutes} min, ${targets.length} targets, corpus ${folder}`);
  const fuzzings = targets.map((target) =>
    createFuzzing(target, seed, { folder: path.join(folder, target.name), before: watchdog.before }),
  );
  const startMs = performance.now();
  const { failure, heapGrowthMiB } = await fuzz(fuzzings);
  await watchdog.stop();
  for (const { stop } of targets) await stop?.();
  const failures = failure ? [{ target: failure.target, reason: failure.reason, file: keep(failure) }] : [];
  emit({
    inputs: fuzzings.reduce((sum, { count }) => sum + count, 0),
    minutes: Math.round((performance.now() - startMs) / 600) / 100,
    perTarget: Object.fromEntries(fuzzings.map(({ target, count }) => [target.name, count])),
    kept: fuzzings.reduce((sum, { corpus }) => sum + corpus.inputs.length, 0),
    rssMiB: Math.round(process.memoryUsage().rss / MIB),
    heapGrowthMiB,
    seed,
    failures,
  });
  return failures.length === 0 ? 0 : 1;
};

process.exitCode = await main();
