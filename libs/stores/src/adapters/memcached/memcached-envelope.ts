// How a value is kept in memcached: its exact expiry before it, in one line of text.
// memcached counts whole seconds, so that a value may go up to a second early: it is kept longer there, and judged here.

/** What the package and memcached take of one value, less room for the envelope and memcached's own header. */
export const VALUE_BYTES_MAX = 1_000_000;

/** memcached takes more seconds than these for a date. */
const RELATIVE_TTL_S_MAX = 30 * 86_400;
const EXPTIME_MAX = 2_147_483_647;
const EXPIRED = -1;
const NEVER = 0;

/** `exptime` for a time to live from now: kept at least as long. */
export const exptimeOf = (ttlS: number, nowMs: number): number => {
  if (ttlS <= 0) return EXPIRED;
  // A whole second for the fraction, and one for memcached's clock, which ticks once a second.
  const seconds = Math.ceil(ttlS) + 2;
  if (seconds <= RELATIVE_TTL_S_MAX) return seconds;
  const date = Math.ceil(nowMs / 1000) + seconds;
  return date <= EXPTIME_MAX ? date : NEVER;
};

export type Envelope = Readonly<{ expiresAtMs: number; text: string }>;

/** The package cuts what it reads at line ends, whatever length was announced: text with a line end is kept as JSON. */
export const seal = ({ expiresAtMs, text }: Envelope): string => {
  const isOneLine = !/[\r\n]/.test(text);
  return `${isOneLine ? 'r' : 'j'}${expiresAtMs} ${isOneLine ? text : JSON.stringify(text)}`;
};

/** undefined: written by somebody else. */
export const open = (sealed: string): Envelope | undefined => {
  const space = sealed.indexOf(' ');
  const expiresAtMs = Number(sealed.slice(1, space));
  if (space < 2 || Number.isNaN(expiresAtMs)) return undefined;
  const text = sealed.slice(space + 1);
  if (sealed[0] === 'r') return { expiresAtMs, text };
  return sealed[0] === 'j' ? { expiresAtMs, text: JSON.parse(text) as string } : undefined;
};
