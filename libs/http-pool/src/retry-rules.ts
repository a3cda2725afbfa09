// After one try: is its answer the answer, or is the next target asked (backend.md §0.2)? Pure.
// Any 504 ends it, as does the second 503, time-out or broken connection, and every other status; a refused connection costs
// nothing and is never counted. An address that gave no answer is blacklisted; one that said 503 only when it said until when. One that ends the
// connection with its answer is leaving (libs/runtime, http-drain.ts): its answer counts, and it comes last for as long.
import type { HttpFault, HttpRequest, HttpResponse } from './http-pool.port.js';

/** Answers of 503, time-outs and broken connections that one request may meet. */
export const BAD_TRIES_MAX = 2;

export type Tried = HttpResponse | HttpFault;

export type Verdict = Readonly<{
  /** This try is the outcome of the request. */
  final: boolean;
  /** Counts towards BAD_TRIES_MAX. */
  bad: boolean;
  blacklist: boolean;
}>;

const FINAL: Verdict = { final: true, bad: false, blacklist: false };
const LEAVING: Verdict = { final: true, bad: false, blacklist: true };
const CLOSES = /(?:^|,)\s*close\s*(?:,|$)/i;

const isFault = (tried: Tried): tried is HttpFault => tried instanceof Error;

/** A request that may have been carried out is sent again only when that does no harm (RFC 9110 §9.2.2). */
const isRepeatable = ({ method }: HttpRequest): boolean => method !== 'POST';

export const judge = (request: HttpRequest, tried: Tried, badBefore: number): Verdict => {
  const isLast = badBefore + 1 >= BAD_TRIES_MAX;
  if (isFault(tried)) {
    if (tried.kind === 'unreachable' || tried.kind === 'unresolved') {
      return { final: false, bad: false, blacklist: true };
    }
    return { final: isLast || !isRepeatable(request), bad: true, blacklist: true };
  }
  if (tried.status !== 503) return CLOSES.test(tried.headers['connection'] ?? '') ? LEAVING : FINAL;
  // 503 says that nothing was done: any method may be sent again.
  return { final: isLast, bad: true, blacklist: /^\d{1,9}$/.test(tried.headers['retry-after'] ?? '') };
};
