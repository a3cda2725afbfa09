// Which client does a REGISTER come from, for counting its failures? The one place that Sprout can trust is the Via below
// the edge's own: the edge writes `received` there unless sent-by is already the packet's source, and replaces one that the
// client wrote (RFC 3261 §18.2.1). Vias further down and Contact are the client's; a flow token in Path only the edge reads.
// Behind another proxy of the core the address is that of the edge: counted more coarsely, but nobody is locked out.
import { lineOf } from '#libs/runtime';
import {
  canonicalIp,
  detached,
  H,
  isCanonicalIpv4,
  parseVia,
  type ServerTransaction,
  values,
} from '#libs/sip';

/** Of a subscriber line. Undefined: the text is no address. */
const sourceOf = (text: string): string | undefined => {
  if (isCanonicalIpv4(text)) return detached(text); // counts and challenges keep it
  const address = canonicalIp(text);
  return address === undefined ? undefined : lineOf(address);
};

/** The client's address as the edge saw it, or the peer's own when it is the first hop. */
export const clientAddress = ({ request, flow }: Pick<ServerTransaction, 'request' | 'flow'>): string => {
  const value = values(request, H.Via)[1];
  const via = value === undefined ? undefined : parseVia(value);
  const seen = via === undefined ? undefined : sourceOf(via.received ?? via.host);
  return seen ?? sourceOf(flow.remoteAddress) ?? '';
};
