// Who calls, as the trusted network knows it: the identities that it asserts, else what the caller says of itself (RFC 3325 §9.1,
// TS 32.299 §7.2.33 Calling-Party-Address). Readers: the charging facts of sprout and bono.
import { H } from '../message/header-table.js';
import type { SipMessage } from '../message/message.js';
import { values } from './fields.js';
import { addrUri } from './name-addr.js';

/** URIs, one at least; parts of the message's text. */
export const callingParty = (request: SipMessage): readonly string[] => {
  const asserted = values(request, H.PAssertedIdentity);
  return (asserted.length === 0 ? [request.header(H.From)!] : asserted).map(addrUri);
};
