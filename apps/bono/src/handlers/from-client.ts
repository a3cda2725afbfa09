// Requests other than REGISTER from a client: only on a flow somebody registered on, with the identity that the network
// vouches for, along the Service-Route (TS 24.229 §5.2.6.3, RFC 3325 §5). The P-CSCF decides the way, never the client.
import {
  aorOf,
  addrUri,
  detached,
  Edits,
  type Flow,
  H,
  isEmergencyContact,
  type ProxyUser,
  type ServerTransaction,
  type SipMessage,
  firstValue,
  values,
  hostPortOf,
  prepareRoute,
  tracedUser,
} from '#libs/sip';
import { newIcid, vectorOfUser } from '../charging/charging-vector.js';
import { charged } from '../charging/edge-charging.js';
import type { ClientFlow, ClientFlows, FlowIdentity } from '../client-flows.js';
import type { BonoPorts, BonoSettings } from '../ports.js';
import { type Hidden, hiddenIn } from '../private-peer.js';
import { clientSideUri, hasHost, recordClientToCore, tokenIn } from '../record-route.js';
import { stripClientRequest, stripForClient } from '../trust-boundary.js';

/** Methods that may make a dialog: their path is recorded (RFC 3261 §16.6 item 4). */
export const DIALOG_METHODS: ReadonlySet<string> = new Set(['INVITE', 'SUBSCRIBE', 'REFER', 'NOTIFY']);

/** What goes back to a client loses what is the core's. */
const TO_CLIENT: ProxyUser<undefined> = {
  response: (response, edits) => void stripForClient(response, edits),
};

/** The same where the answer is of a peer that hides; the client knows the dialog by the Call-ID that it said. */
const toClientOfPrivate = (
  { privatePeers, transports }: BonoPorts,
  { request, flow }: ServerTransaction,
  hidden: Hidden,
): ProxyUser<undefined> => {
  const callId = detached(request.header(H.CallId)!);
  const uri = detached(request.requestUri);
  return {
    response(response, edits) {
      stripForClient(response, edits);
      const uriOf = (user: string): string => clientSideUri(user, flow, transports.sentBy(flow), uri);
      privatePeers.hideResponse(response, edits, hidden, { callId, uriOf });
    },
  };
};

/** P-Preferred-Identity if it is registered on the flow, else From if it is, else the flow's default. */
export const assertedIdentity = (
  request: SipMessage,
  client: ClientFlow,
  nowMs: number,
): FlowIdentity | undefined => {
  const registered = (value: string | undefined): FlowIdentity | undefined => {
    const impu = value === undefined ? undefined : aorOf(addrUri(value));
    return impu === undefined ? undefined : client.identity(impu, nowMs);
  };
  return (
    registered(firstValue(request, H.PPreferredIdentity)) ??
    registered(request.header(H.From)) ??
    client.defaultIdentity(nowMs)
  );
};

/**
 * Two that the client prefers are asserted when both are registered on the flow, one a tel URI and the other none (RFC 3325
 * §9.2); else the one.
 */
export const assertedValues = (
  request: SipMessage,
  client: ClientFlow,
  { impu }: FlowIdentity,
  nowMs: number,
): string => {
  const line = request.findLine(H.PPreferredIdentity);
  const one = `<${impu}>`;
  if (line < 0) return one;
  const preferred = values(request, H.PPreferredIdentity);
  if (preferred.length !== 2) return one;
  const [first, second] = preferred.map((value) => {
    const named = aorOf(addrUri(value));
    return named === undefined ? undefined : client.identity(named, nowMs)?.impu;
  });
  if (first === undefined || second === undefined || isTel(first) === isTel(second)) return one;
  return `<${first}>, <${second}>`;
};

/** Of a header's value as assertedValues writes it. */
export const urisIn = (asserted: string): readonly string[] => asserted.split(', ').map(addrUri);

const isTel = (impu: string): boolean => impu.startsWith('tel:');

/** Registered for emergencies alone: where the user may be otherwise nobody has asked (TS 24.229 §5.2.10, TS 29.228 §6.1.1). */
const isForEmergencies = ({ contacts }: FlowIdentity): boolean =>
  contacts.length > 0 && contacts.every(isEmergencyContact);

const tracedEntry = (ports: BonoPorts, { method }: SipMessage, icid: string, user: ProxyUser<undefined>): ProxyUser<undefined> =>
  tracedUser(user, ports, { part: 'bono', place: 'entry', method, icid }); // prettier-ignore

/** An initial request: identity asserted, Service-Route enforced. */
export const initialFromClient = (
  ports: BonoPorts,
  settings: BonoSettings,
  flows: ClientFlows,
  tx: ServerTransaction,
): void => {
  const { request, flow } = tx;
  const client = flows.find(flow);
  const nowMs = ports.clock.nowMs();
  const identity = client === undefined ? undefined : assertedIdentity(request, client, nowMs);
  if (client === undefined || identity === undefined || isForEmergencies(identity))
    return tx.reply(403, 'Forbidden');
  const edits = new Edits(request);
  stripClientRequest(request, edits);
  const asserted = assertedValues(request, client, identity, nowMs);
  edits.replace(H.PAssertedIdentity, asserted);
  const icid = newIcid(ports.random);
  edits.replace(H.PChargingVector, vectorOfUser(icid, settings));
  const charge = ports.charging?.fromClient(request, edits, {
    icid,
    callingParty: urisIn(asserted),
    calledParty: request.requestUri,
  });
  const route = identity.serviceRoute ?? `<${settings.upstreamUri};lr;orig>`;
  edits.replace(H.Route, route);
  if (DIALOG_METHODS.has(request.method))
    recordClientToCore(edits, client, ports.transports.sentBy(flow), settings, charge?.mark);
  const user = charged(TO_CLIENT, charge);
  const proxy = ports
    .endpoint()
    .proxy(tx, ports.traces === undefined ? user : tracedEntry(ports, request, icid, user));
  proxy.fork(edits, { kind: 'uri', uri: addrUri(route), listener: 'trusted' }, undefined);
  proxy.seal();
};

/**
 * Did the client come by the flow that the edge's token names? Its address is enough: what is too large for UDP comes by
 * TCP (RFC 3261 §18.1.1).
 */
const isOfFlow = (named: Flow | undefined, flow: Flow): boolean =>
  named !== undefined && (named === flow || named.remoteAddress === flow.remoteAddress);

/** `hidden`: the dialog's other end hides from this client. `popped`: this edge's own Routes; `callId`: as the core knows it. */
type Onward = Readonly<{
  edits: Edits;
  uri: string;
  hidden: Hidden | undefined;
  popped: readonly string[];
  callId: string;
}>;

const NOTHING: readonly string[] = [];
/** Clients see their Route as it is. */
const nothingInside = (): readonly string[] => NOTHING;

/**
 * Where an in-dialog request from outside goes on; undefined: it is not one that this edge recorded (403). By the edge's own Route URIs:
 * `isKnown`: is it of who sends it? `insideOf`: the way on that was hidden from him.
 */
export const onward = (
  { privatePeers }: BonoPorts,
  settings: BonoSettings,
  request: SipMessage,
  isKnown: (popped: readonly string[]) => boolean,
  insideOf: (popped: readonly string[]) => readonly string[] = nothingInside,
): Onward | undefined => {
  const edits = new Edits(request);
  stripClientRequest(request, edits);
  const { popped, next: left } = prepareRoute(edits, { isOwn: (uri) => hasHost(settings.ownHosts, uri) });
  const inside = insideOf(popped);
  for (let at = inside.length - 1; at >= 0; at--) edits.prepend(H.Route, inside[at]!);
  const next = inside[0] === undefined ? left : addrUri(inside[0]);
  if (popped.length === 0 || next === undefined || !settings.isCore(next)) return undefined;
  if (!isKnown(popped)) return undefined;
  const hidden = hiddenIn(popped);
  const callId =
    hidden === undefined ? request.header(H.CallId)! : privatePeers.reveal(request, edits, hidden);
  // By host and port alone: no parameter of the client's text (maddr, transport) steers where it goes.
  return { edits, uri: `sip:${hostPortOf(next)};transport=tcp`, hidden, popped, callId };
};

const isOfClient =
  (flows: ClientFlows, flow: Flow) =>
  (popped: readonly string[]): boolean => {
    if (flows.find(flow) !== undefined) return true;
    const token = tokenIn(popped);
    return token !== undefined && isOfFlow(flows.byToken(token), flow);
  };

/** A request inside a dialog: along the Route set that this edge recorded, never to a host of the client's choice. */
export const inDialogFromClient = (
  ports: BonoPorts,
  settings: BonoSettings,
  flows: ClientFlows,
  tx: ServerTransaction,
): void => {
  const on = onward(ports, settings, tx.request, isOfClient(flows, tx.flow));
  if (on === undefined) return tx.reply(403, 'Forbidden');
  const user = on.hidden === undefined ? TO_CLIENT : toClientOfPrivate(ports, tx, on.hidden);
  const charge = ports.charging?.inDialog(tx.request, on.popped, 0, on.callId);
  const proxy = ports.endpoint().proxy(tx, charged(user, charge));
  proxy.fork(on.edits, { kind: 'uri', uri: on.uri, listener: 'trusted' }, undefined);
  proxy.seal();
};

/** ACK for a 2xx; one that does not belong here is dropped. */
export const acknowledgeFromClient = (
  ports: BonoPorts,
  settings: BonoSettings,
  flows: ClientFlows,
  ack: SipMessage,
  flow: ServerTransaction['flow'],
): void => {
  const on = onward(ports, settings, ack, isOfClient(flows, flow));
  if (on === undefined) return ports.observer.count('ack-dropped');
  ports.endpoint().sendStateless(on.edits, { kind: 'uri', uri: on.uri, listener: 'trusted' });
};
