// The time that --at, --from and --until take on command lines: a moment, or how long ago.

const AGO = /^-(\d{1,9})(ms|s|m|h|d)$/;
const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const MOMENT = /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)?(Z|[+-]\d{2}:\d{2})?$/i;

/** Milliseconds since 1970, or undefined. A moment without a zone is UTC, as the times that are printed. */
export const parseMoment = (text: string, nowMs: number): number | undefined => {
  if (text === 'now') return nowMs;
  const ago = AGO.exec(text);
  if (ago) return nowMs - Number(ago[1]) * (UNIT_MS[ago[2] ?? ''] ?? 0);
  const moment = MOMENT.exec(text);
  if (!moment) return undefined;
  const zoned = moment[1] === undefined && text.length > 10 ? `${text}Z` : text;
  const timeMs = Date.parse(zoned.replace(' ', 'T'));
  return Number.isNaN(timeMs) ? undefined : timeMs;
};
