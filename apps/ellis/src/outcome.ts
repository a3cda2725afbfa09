// What a request to Ellis comes to: an answer, or a fault with its HTTP status (backend.md §9).
// Handlers return and throw these; http/ writes them.
import { CommandRejected } from '#libs/decider';
import type { AccountRefusal, LineNumberRefusal } from '#libs/domain';
import { AppendRefused, AppendUnknown, RevisionConflict } from '#libs/event-log';
import { StoreUnavailable } from '#libs/stores';

export type Outcome = Readonly<{
  status: 200 | 201 | 204;
  /** JSON; absent where there is no body. */
  body?: object;
  /** In the place of JSON: a document as it stands. */
  document?: Readonly<{ text: string; type: string; etag?: string }>;
  /** The session's cookie: its token, or taken back. */
  session?: Readonly<{ token: string }> | 'over';
}>;

export const shown = (body: object): Outcome => ({ status: 200, body });
export const DONE: Outcome = { status: 200, body: {} };
export const GONE: Outcome = { status: 204 };

/** A request that is not carried out. `reason` is for people: what is wrong and what would be right. */
export class EllisFault extends Error {
  constructor(
    readonly status: number,
    readonly reason: string,
    readonly detail: object = {},
    readonly retryAfterS?: number,
    readonly isThrottle = false,
  ) {
    super(reason);
  }
}

export const badRequest = (reason: string): EllisFault => new EllisFault(400, reason);
export const forbidden = (reason: string): EllisFault => new EllisFault(403, reason);
export const notFound = (reason: string): EllisFault => new EllisFault(404, reason);

/** Seconds until a client whose request met a fault of ours should try again (RFC 9110 §10.2.3). */
const RETRY_AFTER_S = 5;

export const unavailable = (reason: string, retryAfterS = RETRY_AFTER_S): EllisFault =>
  new EllisFault(503, reason, {}, retryAfterS);

/** Whoever asked has used up a bound of ours: it works as it should, so there is nothing to log. */
export const throttled = (reason: string, retryAfterS = RETRY_AFTER_S): EllisFault =>
  new EllisFault(503, reason, {}, retryAfterS, true);

/** A neighbour did not do what was asked of it (backend.md §9). */
export const upstreamFault = (url: string, error: string): EllisFault =>
  new EllisFault(
    502,
    'a neighbour did not do what was asked',
    { 'Upstream error': error, 'Upstream URL': url },
    RETRY_AFTER_S,
  );

type Refusal = AccountRefusal | LineNumberRefusal;

const REFUSALS: Readonly<Record<Refusal, readonly [status: number, reason: string]>> = {
  AccountExists: [409, 'there is an account of this address'],
  UnknownAccount: [404, 'no such account'],
  NumberTaken: [409, 'the number belongs to somebody'],
  UnknownNumber: [404, 'no such number of this account'],
};

export const isRefused = (error: unknown, reason: Refusal): boolean =>
  error instanceof CommandRejected && error.reason === reason;

/** The fault that a client is told; undefined: a defect, answered 500 and logged. */
export const faultOf = (error: unknown): EllisFault | undefined => {
  if (error instanceof EllisFault) return error;
  if (error instanceof CommandRejected) {
    const [status, reason] = REFUSALS[error.reason as Refusal] ?? [400, error.reason];
    return new EllisFault(status, reason);
  }
  if (error instanceof RevisionConflict) return unavailable('changed by many at once: repeat the request');
  if (error instanceof AppendUnknown) {
    const reason = 'it is not known whether the change was kept: look, or repeat the request';
    return new EllisFault(500, reason, {}, RETRY_AFTER_S);
  }
  if (error instanceof AppendRefused || error instanceof StoreUnavailable)
    return unavailable('the store does not answer or takes no changes now');
  return undefined;
};
