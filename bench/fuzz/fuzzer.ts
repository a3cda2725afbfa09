// The loop: an input is made, run, judged by what must hold and by the time that it took, and kept when it is new. A failing
// one is made as small as it goes. Deterministic for a seed, timing aside. Used by main.ts and fuzz.spec.ts.
import { createSeededRandom, type SeededRandom } from '#libs/testkit';
import { Corpus } from './corpus.js';
import { grown, mutate } from './mutate.js';
import type { Target } from './target.js';

/** CPU of one input, measured up to four times before it is a verdict: a collection or a busy machine is none. */
export const INPUT_MS_MAX = 150;
/** Four times the input may take this many times the time: linear is 4, quadratic 16. Judged above GROWTH_MS_MIN only. */
const GROWTH_MAX = 9;
const GROWTH_MS_MIN = 20;
const GROWTH_EVERY = 50;
const GROWTH_SIZE = 16_000;
const MINIMISE_RUNS_MAX = 4_000;
/** A slow input is judged again and again: making it small must end all the same. */
const MINIMISE_MS_MAX = 20_000;

export type Failure = Readonly<{ target: string; reason: string; input: string }>;

type Verdict = Readonly<{ outcome?: string; reason?: string; ms: number }>;

/** Of this thread alone: V8 compiles and collects on others, at moments of its own. */
const cpuMs = (since: NodeJS.CpuUsage): number => {
  const { user, system } = process.threadCpuUsage(since);
  return (user + system) / 1000;
};

const once = async (target: Target, input: string): Promise<Verdict> => {
  const start = process.threadCpuUsage();
  try {
    const ran = target.run(input);
    const outcome = typeof ran === 'string' ? ran : await ran;
    return { outcome, ms: cpuMs(start) };
  } catch (error) {
    const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    return { reason, ms: cpuMs(start) };
  }
};

/** The least time of several tries, once the first one was long. */
const patiently = async (target: Target, input: string, enoughMs: number): Promise<Verdict> => {
  let verdict = await once(target, input);
  for (let tries = 0; tries < 3 && verdict.reason === undefined && verdict.ms > enoughMs; tries += 1) {
    const again = await once(target, input);
    if (again.reason !== undefined || again.ms < verdict.ms) verdict = again;
  }
  return verdict;
};

/** What is wrong with what this input does, undefined: nothing. */
export const judge = async (target: Target, input: string): Promise<Verdict> => {
  const verdict = await patiently(target, input, INPUT_MS_MAX);
  if (verdict.reason !== undefined || verdict.ms <= INPUT_MS_MAX) return verdict;
  return { reason: `slow: ${Math.round(verdict.ms)} ms for ${input.length} bytes`, ms: verdict.ms };
};

/** Without exact places and values: another input that fails in the same way. */
const kindOf = (reason: string): string => reason.split(/[·(]|\d/, 1)[0] ?? '';

/** The smallest input found in this time that fails in the same way: pieces are left out, larger ones first. */
export const minimise = async (
  target: Target,
  input: string,
  reason: string,
  msMax = MINIMISE_MS_MAX,
): Promise<string> => {
  const kind = kindOf(reason);
  let least = input;
  let runs = 0;
  const endMs = performance.now() + msMax;
  const isTime = (): boolean => runs < MINIMISE_RUNS_MAX && performance.now() < endMs;
  for (let size = least.length >> 1; size >= 1 && isTime(); size = size > 1 ? size >> 1 : 0)
    for (let at = 0; at < least.length && isTime();) {
      const shorter = least.slice(0, at) + least.slice(at + size);
      runs += 1;
      const { reason: why } = await judge(target, shorter);
      if (why !== undefined && kindOf(why) === kind) least = shorter;
      else at += size;
    }
  return least;
};

/** Repeats a piece of the input more and more: time must grow no faster than the input. */
const checkGrowth = async (
  target: Target,
  input: string,
  random: SeededRandom,
): Promise<Failure | undefined> => {
  const at = random.integer(input.length + 1);
  const length = 1 + random.integer(12);
  const large = grown(input, at, length, GROWTH_SIZE);
  const { reason, ms } = await patiently(target, large, GROWTH_MS_MIN);
  if (reason !== undefined) return { target: target.name, reason, input: large };
  if (ms <= GROWTH_MS_MIN) return undefined;
  const small = await patiently(target, grown(input, at, length, GROWTH_SIZE / 4), 0);
  if (ms <= GROWTH_MAX * Math.max(small.ms, 1)) return undefined;
  const why = `growth: ${small.ms.toFixed(1)} ms, four times the input ${ms.toFixed(1)} ms`;
  return { target: target.name, reason: why, input: large };
};

export type Fuzzing = Readonly<{
  target: Target;
  corpus: Corpus;
  /** Runs so many inputs; the first failure ends it. */
  run(count: number): Promise<Failure | undefined>;
  /** Inputs run so far. */
  readonly count: number;
}>;

export const createFuzzing = (
  target: Target,
  seed: number | string,
  options: Readonly<{ folder?: string; before?: (input: string) => void; minimiseMsMax?: number }> = {},
): Fuzzing => {
  const random = createSeededRandom(`${seed}/${target.name}`);
  const corpus = new Corpus(target.seeds, options.folder);
  const known = [...corpus.inputs];
  let count = 0;

  const next = (): string =>
    known.pop() ?? mutate(random.pick(corpus.inputs), random.pick(corpus.inputs), target.tokens, random);

  const step = async (): Promise<Failure | undefined> => {
    const input = next();
    options.before?.(input);
    count += 1;
    const { reason, outcome = '' } = await judge(target, input);
    if (reason !== undefined) return { target: target.name, reason, input };
    corpus.offer(input, outcome);
    return count % GROWTH_EVERY === 0 ? checkGrowth(target, input, random) : undefined;
  };

  return {
    target,
    corpus,
    get count() {
      return count;
    },
    async run(wanted) {
      for (let left = wanted; left > 0; left -= 1) {
        const failure = await step();
        if (!failure) continue;
        const input = failure.reason.startsWith('growth')
          ? failure.input
          : await minimise(target, failure.input, failure.reason, options.minimiseMsMax);
        const { reason = failure.reason } = await judge(target, input);
        return { ...failure, reason, input };
      }
      return undefined;
    },
  };
};
