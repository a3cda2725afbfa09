// What a proxy does with the Route of a request: its own values off, and strict routers before and behind it served
// (RFC 3261 §16.4, §16.6 items 6 and 7). Elements of RFC 2543 put the next hop into the Request-URI and keep the real one at
// the end of the Route. Readers: bono, sprout.
import type { Edits } from '../message/edits.js';
import { H } from '../message/header-table.js';
import { unfold } from '../fields/fields.js';
import { addrUri } from '../fields/name-addr.js';
import { parseUri, uriParam, withoutUriHeaders } from '../fields/uri.js';

type IsOwn = (uri: string) => boolean;

export type PreparedRoute = Readonly<{
  /** This node's own values that were taken off: first the one that a strict router made the Request-URI, then top first; bare. */
  popped: readonly string[];
  /** The Route value that came next, bare; undefined: there was none, and the Request-URI decides. */
  next: string | undefined;
  /** Where the request goes: `next`, else the Request-URI. */
  nextHopUri: string;
}>;

const isLoose = (uri: string): boolean => uriParam(uri, 'lr') !== undefined;

/** The URI of a Route value as it may stand in a request line; undefined for what is none. */
const asRequestUri = (routeValue: string): string | undefined => {
  const uri = withoutUriHeaders(addrUri(unfold(routeValue)));
  return parseUri(uri).ok ? uri : undefined;
};

/**
 * All steps in their order, once a request and before any other edit of its Route: the Request-URI that a strict router
 * replaced is restored, own values are taken off the top, and a strict router that comes next gets what it expects.
 */
export const prepareRoute = (edits: Edits, { isOwn }: Readonly<{ isOwn: IsOwn }>): PreparedRoute => {
  const requestUri = restoreRequestUri(edits, isOwn);
  const popped = requestUri === edits.message.requestUri ? [] : [edits.message.requestUri];
  for (let top = edits.topValue(H.Route); top !== undefined; top = edits.topValue(H.Route)) {
    const uri = addrUri(top);
    if (!isOwn(uri)) {
      routeStrictly(edits, requestUri);
      return { popped, next: uri, nextHopUri: uri };
    }
    popped.push(uri);
    edits.popValue(H.Route);
  }
  return { popped, next: undefined, nextHopUri: requestUri };
};

/**
 * §16.4: when the Request-URI is a Record-Route value of this node's own, the strict router before has put it there, and the
 * last Route value is the real Request-URI. Returns the Request-URI as it then is.
 */
export const restoreRequestUri = (edits: Edits, isOwn: IsOwn): string => {
  const { requestUri } = edits.message;
  if (!isOwn(requestUri) || !isLoose(requestUri)) return requestUri;
  const last = edits.popLast(H.Route);
  if (last === undefined) return requestUri;
  const real = asRequestUri(last);
  if (real === undefined) {
    edits.append(H.Route, last);
    return requestUri;
  }
  edits.requestUri(real);
  return real;
};

/** §16.6 item 6: the top Route value, when it is no loose router's, becomes the Request-URI, and that one the last Route. */
export const routeStrictly = (edits: Edits, requestUri: string): void => {
  const top = edits.topValue(H.Route);
  if (top === undefined || isLoose(addrUri(top))) return;
  const strict = asRequestUri(top);
  if (strict === undefined) return;
  edits.popValue(H.Route);
  edits.append(H.Route, `<${requestUri}>`);
  edits.requestUri(strict);
};
