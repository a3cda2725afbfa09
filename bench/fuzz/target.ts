// What is fuzzed: a reader of outside input, messages to begin with, and what must hold whatever comes.
// Written by targets/*; run by fuzzer.ts.

export type Target = Readonly<{
  name: string;
  /** What mutations begin with: real messages. latin1, one character a byte. */
  seeds: readonly string[];
  /** Pieces that mean something to this reader. */
  tokens: readonly string[];
  /** Throws when something does not hold; otherwise a word or two on what became of it: a new one is worth keeping. */
  run(input: string): string | Promise<string>;
  /** Closes what it opened. */
  stop?(): Promise<void>;
}>;

/** What must hold did not. */
export class Broken extends Error {}

export const must = (holds: boolean, what: string, ...shown: readonly unknown[]): void => {
  if (holds) return;
  throw new Broken([what, ...shown.map((value) => JSON.stringify(value))].join(' · ').slice(0, 2000));
};

export const mustEqual = (what: string, actual: unknown, expected: unknown): void => {
  const [left, right] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (left !== right) throw new Broken(`${what} · ${left} · ${right}`.slice(0, 2000));
};
