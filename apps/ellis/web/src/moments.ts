// Moments and spans as people read them. Pure but for the browser's language and time zone. Used by the pages.

const DAY_MS = 86_400_000;

/** `14:05` of today, `Mon 14:05` of the last days, else the date. */
export const momentWords = (ms: number, nowMs: number): string => {
  const [at, now] = [new Date(ms), new Date(nowMs)];
  const time = at.toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit' });
  if (at.toDateString() === now.toDateString()) return time;
  if (nowMs - ms < 6 * DAY_MS) return `${at.toLocaleDateString(undefined, { weekday: 'short' })} ${time}`;
  return `${at.toLocaleDateString(undefined, { day: 'numeric', month: 'short' })} ${time}`;
};

/** `45 s`, `3 min`, `2 h 5 min`, `3 days`. */
export const spanWords = (ms: number): string => {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} days`;
};

/** `3:05` */
export const clockWords = (ms: number): string => {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
};
