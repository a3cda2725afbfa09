// Output of a bench: one JSON line a measurement on standard output, progress for people on standard error.
// Used by bench and accept.

export const emit = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

export const progress = (text: string): void => void process.stderr.write(`# ${text}\n`);

export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? NaN)
    : ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2;
};

export const quantile = (values: readonly number[], share: number): number => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
};

/** One decimal is more than these figures bear. */
export const round = (value: number, digits = 1): number => Math.round(value * 10 ** digits) / 10 ** digits;

/** Values of `--name=value` and `--name value`, `--flag` as 'true', the rest in order. */
export const parseArguments = (
  args: readonly string[],
): Readonly<{ words: readonly string[]; flags: ReadonlyMap<string, string> }> => {
  const words: string[] = [];
  const flags = new Map<string, string>();
  for (let i = 0; i < args.length; i += 1) {
    const [, name, value] = /^--([a-z-]+)(?:=(.*))?$/.exec(args[i] ?? '') ?? [];
    const next = args[i + 1];
    if (name === undefined) words.push(args[i] ?? '');
    else if (value !== undefined) flags.set(name, value);
    else if (next !== undefined && /^[^-]/.test(next) && VALUED.has(name)) {
      flags.set(name, next);
      i += 1;
    } else flags.set(name, 'true');
  }
  return { words, flags };
};

/** Flags that take a value as the next word. */
const VALUED = new Set([
  'rate',
  'seconds',
  'runs',
  'users',
  'events',
  'callers',
  'transport',
  'seed',
  'minutes',
  'target',
  'vs',
  'log',
  'workers',
  'corpus',
  'input',
]);
