// What becomes of a session's request at the router, as a span of its call's trace. Where calls are not traced it is one comparison a call.
import { methodWord } from '#libs/sip';
import type { SproutPorts } from '../ports.js';
import type { Session } from './session.js';

/** `status`: what the request is answered. */
export const traceSession = (
  { traces, clock }: Pick<SproutPorts, 'traces' | 'clock'>,
  { icid, tx, arrival, startedAtMs, depth }: Session,
  status: number,
): void => {
  if (traces === undefined || !traces.isTraced(icid)) return;
  // What an application server gave back is another request of the same call.
  const isFirst = arrival.odi === undefined;
  traces.tell(icid, {
    part: 'sprout',
    name: methodWord(tx.request.method),
    place: isFirst ? 'core' : 'below',
    startMs: startedAtMs,
    tookMs: clock.nowMs() - startedAtMs,
    failed: status >= 500 && status < 600,
    attributes: { 'sip.status': status, 'sip.application_servers': depth },
  });
};
