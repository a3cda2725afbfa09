// The user of a proxied request, with a trace of it told once it is answered. Used by the edge, and by the router in dialogs, where calls are traced.
import type { Clock, SpanPlace, TracedPart, Traces } from '#libs/runtime';
import { detached } from '../message/detached.js';
import type { ProxyUser } from './endpoint.port.js';

/** As they may stand in names of spans: a client can write any. */
const METHODS: ReadonlySet<string> = new Set([
  'INVITE', 'BYE', 'UPDATE', 'MESSAGE', 'SUBSCRIBE', 'NOTIFY', 'PUBLISH', 'REFER', 'OPTIONS', 'INFO', 'PRACK',
]); // prettier-ignore

export const methodWord = (method: string): string => (METHODS.has(method) ? detached(method) : 'other');

export type TracedRequest = Readonly<{
  part: TracedPart;
  /** What it does, behind the method: `INVITE to client`; '' says nothing more. */
  what?: string;
  place: SpanPlace;
  method: string;
  icid: string;
}>;

/** The same user where this call is not traced. `user` is a plain object, made for this request. */
export const tracedUser = <L>(
  user: ProxyUser<L>,
  { traces, clock }: Readonly<{ traces?: Traces | undefined; clock: Pick<Clock, 'nowMs' | 'monotonicMs'> }>,
  { part, what = '', place, method, icid: named }: TracedRequest,
): ProxyUser<L> => {
  if (traces === undefined || !traces.isTraced(named)) return user;
  const [startMs, sinceMs] = [clock.nowMs(), clock.monotonicMs()];
  // It may ring for long, and must not keep the request.
  const [icid, name] = [detached(named), `${methodWord(method)}${what}`];
  return {
    ...user,
    completed(status, branch, response) {
      user.completed?.(status, branch, response);
      const tookMs = clock.monotonicMs() - sinceMs;
      const failed = status >= 500 && status < 600;
      traces.tell(icid, { part, name, place, startMs, tookMs, failed, attributes: { 'sip.status': status } });
    },
  };
};
