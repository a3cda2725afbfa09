// The request as its branches have it: own Routes gone, our Record-Routes on, then what a device, a next hop or an application
// server needs of its own (RFC 3261 §16.6, RFC 3327 §5.4, TS 24.229 §5.4.3). Readers: session-proxy.ts.
import { addrUri, Edits, H, type NextHop, routeStrictly, uriParam, withUriParam } from '#libs/sip';
import { chargingAddresses, odiRoute, servedUserValue } from '../isc/leaving-edits.js';
import type { Chain } from '../isc/chain.js';
import { originatingLeg } from './call-record.js';
import type { BillingRole } from './own-route.js';
import { assertBothForms } from './second-identity.js';
import { makesDialog, type Session, type SessionContext } from './session.js';
import type { Target } from '../ringing/targets.js';

/** `leaving`: to an application server, which may be one end of the dialog. */
const commonEdits = ({ ports, settings }: SessionContext, session: Session, leaving: boolean): Edits => {
  const { tx, arrival, originating, terminating } = session;
  const { request } = tx;
  const edits = new Edits(request);
  for (let left = arrival.ownRoutes; left > 0; left--) edits.popValue(H.Route);
  if (originating?.resumed === false)
    assertBothForms(request, edits, originating.served, settings.homeDomain);
  session.timing?.writeTo(edits);
  if (makesDialog(request)) {
    const { icid, dialog } = session;
    const viaServer = leaving || session.viaServer;
    // A server may be without our names: it gets an address.
    const uri = viaServer ? `sip:${settings.iscHost};transport=tcp` : settings.scscfUri;
    const open = viaServer || originating === undefined || terminating === undefined;
    const record = (role: BillingRole, more: Readonly<{ leg?: number }> = {}): void => {
      const mark = { role, icid, dialog, open, ...more };
      edits.prepend(H.RecordRoute, ports.dialogMarks.recordRoute(uri, mark));
    };
    // Where the originating chain begins and where the terminating one ends, not at each server between.
    if (originating?.resumed === false) record('charge-orig', originatingLeg(session));
    if (session.atCallee) record('charge-term');
  }
  return edits;
};

/** What only application servers are told stays among them. */
const withoutServedUser = (edits: Edits): Edits => {
  if (edits.message.has(H.PServedUser)) edits.remove(H.PServedUser);
  return edits;
};

/** For every device of the callee; each adds its own by `toDevice`. */
export const calleeEdits = (context: SessionContext, session: Session): Edits => {
  const edits = withoutServedUser(commonEdits(context, session, false));
  edits.replace(H.PCalledPartyId, `<${session.terminating!.served.impu}>`);
  return edits;
};

/** Adds what is a device's own: its contact as Request-URI, its Path as Route (RFC 3327 §5.4). */
export const toDevice = (edits: Edits, { contact, path }: Target['binding']): NextHop => {
  edits.requestUri(contact);
  for (let hop = path.length - 1; hop >= 0; hop--) edits.prepend(H.Route, path[hop]!);
  return { kind: 'uri', uri: path.length > 0 ? addrUri(path[0]!) : contact, listener: 'scscf' };
};

/** To somebody else's domain, or along a Route that is not ours. */
export const onwardBranch = (
  context: SessionContext,
  session: Session,
): Readonly<{ edits: Edits; hop: NextHop }> => {
  const { arrival, requestUri, tx } = session;
  const { nextRoute } = arrival;
  const edits = withoutServedUser(commonEdits(context, session, false));
  if (requestUri !== tx.request.requestUri) edits.requestUri(requestUri);
  const uri = nextRoute === undefined ? requestUri : addrUri(nextRoute);
  routeStrictly(edits, requestUri);
  return { edits, hop: { kind: 'uri', uri, listener: 'scscf' } };
};

/** Along the operator's routes; of the request's own there is none left. */
export const routedBranch = (
  context: SessionContext,
  session: Session,
  routes: readonly string[],
): Readonly<{ edits: Edits; hop: NextHop }> => {
  const { edits } = onwardBranch(context, session);
  const loose = routes.map((uri) => (uriParam(uri, 'lr') === undefined ? withUriParam(uri, 'lr') : uri));
  for (const uri of loose.toReversed()) edits.prepend(H.Route, `<${uri}>`);
  return { edits, hop: { kind: 'uri', uri: loose[0]!, listener: 'scscf' } };
};

/** To an application server and, by the token, back here. `route`: its URI as a Route. */
export const serverBranch = (
  context: SessionContext,
  session: Session,
  chain: Chain,
  { route, token }: Readonly<{ route: string; token: string }>,
): Readonly<{ edits: Edits; hop: NextHop }> => {
  const { request } = session.tx;
  const edits = commonEdits(context, session, true);
  edits.prepend(H.Route, odiRoute(context.settings.iscHost, token, route, chain));
  edits.prepend(H.Route, `<${route}>`);
  edits.replace(H.PServedUser, servedUserValue(chain));
  if (session.lacksVector) edits.replace(H.PChargingVector, `icid-value=${session.icid}`);
  chargingAddresses(request, edits, chain);
  return { edits, hop: { kind: 'uri', uri: route, listener: 'scscf' } };
};
