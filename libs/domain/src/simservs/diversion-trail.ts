// What a diverted request says about its way: History-Info (RFC 7044, TS 24.604 §4.5.2.6.2), Diversion (RFC 5806, RFC 7544),
// the cause of RFC 4458; and how often it was diverted already. Pure: header values in, header values out.
import type { DiversionCause } from './diversion.js';
import { partyKey } from './party-key.js';
import { ANONYMOUS_URI } from './privacy.js';

/** Diversions of one call; beyond it the call ends as if there were no diversion. */
export const DIVERSIONS_MAX = 5;
/** Entries of a history that is written on; a request with more is not diverted. */
export const HISTORY_ENTRIES_MAX = 50;

/** Values of the two headers, in order. */
export type Trail = Readonly<{ historyInfo: readonly string[]; diversion: readonly string[] }>;

/** RFC 4458 marks each entry that a diversion made; who knows Diversion only counts there. */
export const diversionsSoFar = ({ historyInfo, diversion }: Trail): number => {
  const marked = historyInfo.filter((entry) => /;cause=[0-9]{3}\b/i.test(uriOf(entry))).length;
  return Math.max(marked, diversion.length);
};

export const mayDivert = (trail: Trail): boolean =>
  diversionsSoFar(trail) < DIVERSIONS_MAX && trail.historyInfo.length < HISTORY_ENTRIES_MAX;

export type Diverted = Readonly<{
  /** The Request-URI that the call was for, and the one that it goes to. */
  from: string;
  target: string;
  cause: DiversionCause;
  /** The answer that led to it, where one did. */
  status?: number;
  /** The target must not see who diverted. */
  secret: boolean;
}>;

export type DivertedTrail = Readonly<{
  requestUri: string;
  /** The whole History-Info, one value an entry. */
  historyInfo: readonly string[];
  /** The value to put on top of Diversion. */
  diversion: string;
}>;

/** The request's headers after one more diversion. */
export const divert = ({ historyInfo }: Trail, diverted: Diverted): DivertedTrail => {
  const { from, cause, secret } = diverted;
  const last = historyInfo.at(-1);
  const known = last !== undefined && partyKey(uriOf(last)) === partyKey(from);
  const index = last === undefined ? '1' : known ? indexOf(last) : `${indexOf(last)}.1`;
  const before = known ? historyInfo.slice(0, -1) : historyInfo;
  // The entry that diverts tells its own answer; what it said before about itself stays.
  const own = known ? last : `<${withoutCause(from)}>;index=${index}`;
  const target = withCause(diverted.target, cause);
  return {
    requestUri: target,
    historyInfo: [
      ...before,
      secret ? withoutIdentity(own) : withReason(own, diverted.status),
      `<${target}>;index=${index}.1;mp=${index}`,
    ],
    diversion: `<${secret ? ANONYMOUS_URI : withoutCause(from)}>;reason=${cause.reason};counter=1${secret ? ';privacy=full' : ''}`,
  };
};

const uriOf = (entry: string): string => {
  const open = entry.indexOf('<');
  const close = entry.indexOf('>', open);
  return open < 0 || close < 0 ? entry : entry.slice(open + 1, close);
};

const indexOf = (entry: string): string =>
  /;\s*index\s*=\s*([0-9]{1,9}(?:\.[0-9]{1,9}){0,60})/i.exec(entry.slice(entry.indexOf('>') + 1))?.[1] ?? '1';

const withoutHeaders = (uri: string): string => {
  const question = uri.indexOf('?');
  return question < 0 ? uri : uri.slice(0, question);
};

const withoutCause = (uri: string): string => withoutHeaders(uri).replace(/;cause=[0-9]{1,3}\b/gi, '');

/** RFC 4458 §2: of SIP URIs; tel URIs have no such parameter, so they stay as they are. */
const withCause = (uri: string, { cause }: DiversionCause): string => {
  const plain = withoutHeaders(uri);
  return /^sips?:/i.test(plain) && !/;cause=/i.test(plain) ? `${plain};cause=${cause}` : plain;
};

/** RFC 7044 §9.2: the answer as Reason, escaped into the URI, unless it has headers already. */
const withReason = (entry: string, status: number | undefined): string => {
  const uri = uriOf(entry);
  if (status === undefined || uri.includes('?')) return entry;
  return entry.replace(uri, () => `${uri}?Reason=SIP%3Bcause%3D${status}`);
};

/** RFC 7044 §10.1.2: hidden at once, as not every edge beyond would. */
const withoutIdentity = (entry: string): string => `<${ANONYMOUS_URI}>;index=${indexOf(entry)}`;
