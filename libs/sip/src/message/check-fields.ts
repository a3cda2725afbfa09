// The second look at a message that parsed: do the headers that routing relies on follow their grammar? For edges that face
// untrusted peers; inside, each reader refuses what it cannot read. RFC 3261 §16.3, §25.1; RFC 4475 §3.1.2.
// Reader: bono's untrusted side.
import { values } from '../fields/fields.js';
import { H, HEADER_NAMES, type HeaderId } from './header-table.js';
import type { SipMessage } from './message.js';
import { parseNameAddr } from '../fields/name-addr.js';
import { parseUri } from '../fields/uri.js';
import { parseVia } from '../fields/via.js';

export type FieldFault = Readonly<{ status: 400 | 416; reason: string }>;

const fault = (id: HeaderId): FieldFault => ({ status: 400, reason: `bad ${HEADER_NAMES[id]}` });

/** The first fault found: 416 for a Request-URI whose scheme is none of ours, 400 for the rest. */
export const checkFields = (message: SipMessage): FieldFault | undefined => {
  if (message.isRequest) {
    const uri = parseUri(message.requestUri);
    if (!uri.ok) return { status: 400, reason: `bad Request-URI: ${uri.reason}` };
    if (uri.uri.scheme === 'other') return { status: 416, reason: 'Unsupported URI Scheme' };
  }
  for (const via of values(message, H.Via)) if (parseVia(via) === undefined) return fault(H.Via);
  for (const id of ONE_ADDRESS) if (!isAddress(message.header(id) ?? '')) return fault(id);
  for (const id of ADDRESS_LISTS) {
    if (!message.has(id)) continue;
    for (const value of values(message, id))
      if (!isAddress(value) && !(id === H.Contact && value === '*')) return fault(id);
  }
  return /\s/.test(message.header(H.CallId) ?? '') ? fault(H.CallId) : undefined;
};

const ONE_ADDRESS = [H.From, H.To];
const ADDRESS_LISTS = [H.Contact, H.Route, H.RecordRoute, H.Path];

const isAddress = (value: string): boolean => {
  const address = parseNameAddr(value);
  return address !== undefined && parseUri(address.uri).ok;
};
