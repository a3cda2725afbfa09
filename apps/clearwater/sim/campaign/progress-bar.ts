// How far a long run is, for whoever waits for it: a bar with rate and remaining time. Used by main.ts.

const WIDTH = 30;
const S_PER_MIN = 60;
const S_PER_H = 3_600;

export type Standing = Readonly<{
  done: number;
  of: number;
  /** Of those done, the ones of this run, and how long it runs: what the rate is taken from. */
  doneNow: number;
  elapsedMs: number;
  violations: number;
}>;

const timeText = (seconds: number): string => {
  if (!Number.isFinite(seconds)) return 'unknown';
  if (seconds < 2 * S_PER_MIN) return `${Math.ceil(seconds)} s`;
  if (seconds < 2 * S_PER_H) return `${Math.ceil(seconds / S_PER_MIN)} min`;
  return `${(seconds / S_PER_H).toFixed(1)} h`;
};

export const progressText = ({ done, of, doneNow, elapsedMs, violations }: Standing): string => {
  const filled = Math.round((WIDTH * done) / of);
  const perS = doneNow / (elapsedMs / 1_000);
  const bar = `${'#'.repeat(filled)}${'.'.repeat(WIDTH - filled)}`;
  const left = doneNow === 0 ? NaN : (of - done) / perS;
  const rate = doneNow === 0 ? '' : `, ${perS.toPrecision(3)}/s, ${timeText(left)} left`;
  return `[${bar}] ${done} of ${of} seeds${rate}, ${violations} violations`;
};
