// A dialog as one of its two phones knows it (RFC 3261 §12.1, §12.2.1.1). Writer: phone.ts.
import { addrUri, H, type SipMessage, values } from '#libs/sip';
import type { RequestParts } from './phone-messages.js';

export interface Dialog {
  readonly callId: string;
  /** Whole From value of what this phone sends, tag and all. */
  readonly local: string;
  readonly remote: string;
  /** The other side's contact, bare. */
  readonly target: string;
  readonly routes: readonly string[];
  /** Last CSeq that this phone used. */
  cseq: number;
}

/** The dialog that an answer made, for the phone that called. */
export const callersDialog = (
  request: Pick<RequestParts, 'from' | 'callId'> & { cseq?: number },
  answer: SipMessage,
): Dialog => ({
  callId: request.callId,
  local: request.from,
  remote: answer.header(H.To)!,
  target: addrUri(answer.header(H.Contact) ?? ''),
  routes: values(answer, H.RecordRoute).reverse(),
  cseq: request.cseq ?? 1,
});

/** The dialog that this phone made by answering `invite` with that To tag. */
export const calleesDialog = (invite: SipMessage, toTag: string): Dialog => ({
  callId: invite.header(H.CallId)!,
  local: `${invite.header(H.To)!};tag=${toTag}`,
  remote: invite.header(H.From)!,
  target: addrUri(invite.header(H.Contact) ?? ''),
  routes: values(invite, H.RecordRoute),
  cseq: 0,
});

/** What a request in the dialog has of it. Every router on the way is a loose one. */
export const partsWithin = (dialog: Dialog, method: string): Partial<RequestParts> => ({
  uri: dialog.target,
  from: dialog.local,
  to: dialog.remote,
  callId: dialog.callId,
  cseq: method === 'ACK' ? dialog.cseq : ++dialog.cseq,
});

/**
 * As a router of RFC 2543 sends it on: the next hop in the Request-URI, the contact at the end of the Route (RFC 3261 §16.4).
 */
export const strictly = (dialog: Dialog): Dialog => {
  const [first, ...rest] = dialog.routes;
  if (first === undefined) return dialog;
  return { ...dialog, target: addrUri(first), routes: [...rest, `<${dialog.target}>`] };
};

export const routeHeader = ({ routes }: Dialog): string =>
  routes.length === 0 ? '' : `Route: ${routes.join(', ')}\r\n`;
