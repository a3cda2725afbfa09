// Text from the network made fit for a terminal, and times made fit for people. Reader: everything that prints.

/** Control characters could move the cursor or recolour what follows: they are shown as what they are. */
export const plain = (text: string): string =>
  text.replace(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, escapeOf);

const escapeOf = (char: string): string => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** `2026-01-01 10:00:00.123Z`: UTC, as `--at` takes it. */
export const timeText = (timeMs: number): string => new Date(timeMs).toISOString().replace('T', ' ');

const UNITS: readonly (readonly [name: string, ms: number])[] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
];

/** `3 m`, `1 h 5 m`, `12 s`, `350 ms`: the two largest units. */
export const spanText = (ms: number): string => {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  const parts: string[] = [];
  let rest = ms;
  for (const [name, size] of UNITS) {
    const whole = Math.floor(rest / size);
    rest -= whole * size;
    if (whole > 0) parts.push(`${whole} ${name}`);
    if (parts.length === 2 || (parts.length === 1 && whole === 0)) break;
  }
  return parts.join(' ');
};

/** `3 m ago`, `in 12 s`. */
export const relativeText = (timeMs: number, nowMs: number): string =>
  timeMs > nowMs ? `in ${spanText(timeMs - nowMs)}` : `${spanText(nowMs - timeMs)} ago`;
