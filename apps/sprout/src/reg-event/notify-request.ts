// The NOTIFY that carries a document to a watcher: within the dialog that its SUBSCRIBE made (RFC 6665 §4.2.2, RFC 3261 §12.2.1.1). Pure.
// Reader: notifier.ts.
import type { Subscription, SubscriptionEnd, SubscriptionNotified } from '#libs/domain';
import { addrUri, withoutUriHeaders, withoutUriParam } from '#libs/sip';

export const REGINFO_TYPE = 'application/reginfo+xml';

/**
 * RFC 6665 §4.1.3. `deactivated` has the watcher come again, as one does who registers again (docs/clearwater/sip.md §2.6): not where the
 * user is not wanted back. A subscription of which the watcher learns nothing has no word.
 */
const REASONS: Readonly<Record<SubscriptionEnd, string>> = {
  client: 'timeout',
  expired: 'timeout',
  'registration-ended': 'deactivated',
  'contact-gone': 'deactivated',
  failed: 'deactivated',
};

const reasonOf = (ends: SubscriptionEnd, isRejected: boolean): string =>
  ends === 'registration-ended' && isRejected ? 'rejected' : REASONS[ends];

const stateOf = (
  { expiresAtMs }: Subscription,
  ends: SubscriptionEnd | undefined,
  { nowMs, isRejected }: Readonly<{ nowMs: number; isRejected: boolean }>,
): string =>
  ends === undefined
    ? `active;expires=${Math.max(0, Math.ceil((expiresAtMs - nowMs) / 1000))}`
    : `terminated;reason=${reasonOf(ends, isRejected)}`;

/** A Contact may say more than a Request-URI may (RFC 3261 §19.1.5): headers, and another method. */
const requestUriOf = (contact: string): string => withoutUriParam(withoutUriHeaders(contact), 'method');

/** Whole, but for Via. */
export const notifyText = (
  subscription: Subscription,
  { cseq, ends }: SubscriptionNotified['data'],
  own: Readonly<{ contact: string; nowMs: number; isRejected: boolean }>,
  body: string,
): string => {
  const { subscriptionId, contact, routes, callId, from, to, event = 'reg' } = subscription;
  return (
    `NOTIFY ${requestUriOf(contact)} SIP/2.0\r\nMax-Forwards: 70\r\n` +
    `${routes.map((route) => `Route: ${route}\r\n`).join('')}` +
    `From: ${to};tag=${subscriptionId}\r\nTo: ${from}\r\nCall-ID: ${callId}\r\nCSeq: ${cseq} NOTIFY\r\n` +
    `Contact: <${own.contact}>\r\nEvent: ${event}\r\nSubscription-State: ${stateOf(subscription, ends, own)}\r\n` +
    `Content-Type: ${REGINFO_TYPE}\r\nContent-Length: ${body.length}\r\n\r\n${body}`
  );
};

/** Where it goes first: along the route set, else to the watcher itself. */
export const notifyTarget = ({ routes: [first], contact }: Subscription): string =>
  first === undefined ? contact : addrUri(first);
