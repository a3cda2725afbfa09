// Times to live as memcached's protocol has them. Used by the operations and by Astaire.

/** memcached takes more seconds than these for a date. */
const RELATIVE_S_MAX = 30 * 86_400;

/** True where a value is over as it is written. */
export const isOver = (exptime: number, nowMs: number): boolean =>
  exptime < 0 || (exptime > RELATIVE_S_MAX && exptime * 1000 <= nowMs);

/** For a copy of what lives on so many seconds, -1 for ever. */
export const exptimeOfTtl = (ttlS: number, nowMs: number): number => {
  if (ttlS < 0) return 0;
  const seconds = Math.max(1, ttlS);
  return seconds <= RELATIVE_S_MAX ? seconds : Math.ceil(nowMs / 1000) + seconds;
};

/** What memcached takes: beyond it values live for ever. */
const EXPTIME_MAX = 2_147_483_647;
export const boundedExptime = (exptime: number): number => (exptime > EXPTIME_MAX ? 0 : exptime);
