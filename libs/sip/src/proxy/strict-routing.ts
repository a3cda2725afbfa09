// Strict routers before and behind a loose one (RFC 3261 §16.4, §16.6 item 6): elements of RFC 2543 put the next hop into
// the Request-URI and keep the real one at the end of the Route. Readers: bono, sprout.
import type { Edits } from '../message/edits.js';
import { H } from '../message/header-table.js';
import { values } from '../fields/fields.js';
import { addrUri } from '../fields/name-addr.js';
import { uriParam, withoutUriHeaders } from '../fields/uri.js';

const isLoose = (uri: string): boolean => uriParam(uri, 'lr') !== undefined;

/**
 * §16.4: when the Request-URI is a Record-Route value of this node's own, the strict router before it has put it there, and
 * the last Route value is the real Request-URI. Returns the Request-URI as it then is. Before any other edit of the Route.
 */
export const undoStrictRouting = (edits: Edits, isOwn: (uri: string) => boolean): string => {
  const { message } = edits;
  const { requestUri } = message;
  if (!isOwn(requestUri) || !isLoose(requestUri)) return requestUri;
  const routes = values(message, H.Route);
  const last = routes.pop();
  if (last === undefined) return requestUri;
  const real = withoutUriHeaders(addrUri(last));
  edits.requestUri(real);
  if (routes.length === 0) edits.remove(H.Route);
  else edits.replace(H.Route, routes.join(', '));
  return real;
};

/** §16.6 item 6: the top Route value, when it is no loose router's, becomes the Request-URI, and that one the last Route. */
export const routeStrictly = (edits: Edits, requestUri: string): void => {
  const top = edits.topValue(H.Route);
  if (top === undefined || isLoose(addrUri(top))) return;
  edits.popValue(H.Route);
  edits.append(H.Route, `<${requestUri}>`);
  edits.requestUri(addrUri(top));
};
