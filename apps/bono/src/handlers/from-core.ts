// Requests from the core to a client: by the flow token in the Route, whatever the Request-URI says; 430 when that flow
// is gone (RFC 5626 §5.3, TS 24.229 §5.2.6.4).
import {
  addrUri,
  aorOf,
  Edits,
  type Flow,
  H,
  icidOf,
  type ProxyUser,
  type ServerTransaction,
  type SipMessage,
  tagOf,
  type Target,
  tracedUser,
} from '#libs/sip';
import { charged } from '../charging/edge-charging.js';
import type { ClientFlows } from '../client-flows.js';
import { type BonoPorts, type BonoSettings, TRUSTED_LISTENER } from '../ports.js';
import { type Hidden, hiddenIn, type Kept, keptOf, type Wish } from '../private-peer.js';
import { clientSideUri, isSecure, isSips, popOwnRoutes, recordCoreToClient } from '../record-route.js';
import { stripClientResponse, stripForClient } from '../trust-boundary.js';
import { DIALOG_METHODS } from './from-client.js';
import { acknowledgeToTrunk, requestToTrunk } from './to-trunk.js';

/** What a client answers loses what only the core may say. */
const FROM_CLIENT: ProxyUser<undefined> = {
  response: (response, edits) => stripClientResponse(response, edits),
};

/** The same for a request whose sender hides; `kept`: as the core knows it. */
const fromClientOfPrivate = ({ privatePeers }: BonoPorts, kept: Kept): ProxyUser<undefined> => ({
  response(response, edits) {
    stripClientResponse(response, edits);
    privatePeers.restoreResponse(response, edits, kept);
  },
});

type Delivery = Readonly<{
  edits: Edits;
  flow: Flow;
  token: string;
  /** What its sender wants to be hidden, and what the Record-Route of its dialog says of that. */
  wish: Wish | undefined;
  hidden: Hidden | undefined;
  /** This edge's own Routes. */
  popped: readonly string[];
}>;

/**
 * True when the called party had this address before another device got it (a NAT gave the port away): its calls must not
 * ring there. The binding is as dead as one whose connection broke.
 */
const isDisplaced = (flows: ClientFlows, flow: Flow, request: SipMessage): boolean => {
  const called = flow.reliable ? undefined : request.header(H.PCalledPartyId);
  if (called === undefined) return false;
  const impu = aorOf(addrUri(called));
  return impu !== undefined && flows.find(flow)?.displaced(impu) === true;
};

/** The trusted port of the worker whose connection it is for. */
type Elsewhere = Readonly<{ worker: Target }>;

/** 'no-token': not meant for a client of ours. 'flow-failed': it was, and the flow is gone. */
const deliveryOf = (
  { tokens }: Pick<BonoPorts, 'tokens'>,
  settings: BonoSettings,
  flows: ClientFlows,
  request: SipMessage,
): Delivery | Elsewhere | 'no-token' | 'flow-failed' => {
  const edits = new Edits(request);
  const { token, popped } = popOwnRoutes(edits, settings.ownHosts);
  if (token === undefined) return 'no-token';
  const flow = flows.byToken(token);
  const worker = flow === undefined ? settings.workers[tokens.workerOf(token) ?? -1] : undefined;
  if (worker !== undefined) return { worker };
  if (flow === undefined || isDisplaced(flows, flow, request)) return 'flow-failed';
  const wish = stripForClient(request, edits);
  return { edits, flow, token, wish, hidden: hiddenIn(popped), popped };
};

/** Hides the sender: as the dialog's mark says, or as the request that begins one wishes. */
const hideSender = (
  { privatePeers, transports }: BonoPorts,
  request: SipMessage,
  { edits, flow, wish, hidden }: Delivery,
): Hidden | undefined => {
  // Only Via can still be hidden in a dialog that began without privacy: its other end knows the rest.
  if (hidden === undefined && (wish === undefined || isInDialog(request))) return undefined;
  const as = hidden ?? privatePeers.begin(request, edits, wish!);
  privatePeers.hideRequest(request, edits, as, (user) =>
    clientSideUri(user, flow, transports.sentBy(flow), request.requestUri),
  );
  return as;
};

/** Not for a client: by a trunk, or to nobody. */
const withoutToken = (ports: BonoPorts, settings: BonoSettings, tx: ServerTransaction): void => {
  const { trunks } = ports;
  if (trunks === undefined || !requestToTrunk(ports, settings, trunks, tx)) tx.reply(404, 'Not Found');
};

/** As it came, to the process that has the connection: what it says of the flow is the answer. */
const passOn = (ports: BonoPorts, tx: ServerTransaction, target: Target): void => {
  const proxy = ports.endpoint().proxy<undefined>(tx, {});
  proxy.fork(new Edits(tx.request), { kind: 'target', target, listener: TRUSTED_LISTENER }, undefined);
  proxy.seal();
};

/** As far as it is said which call it is of: in dialogs nobody says it. */
const tracedDelivery = (ports: BonoPorts, request: SipMessage, user: ProxyUser<undefined>): ProxyUser<undefined> => {
  const icid = icidOf(request);
  if (icid === undefined) return user;
  return tracedUser(user, ports, { part: 'bono', what: ' to client', place: 'below', method: request.method, icid });
}; // prettier-ignore

export const requestFromCore = (
  ports: BonoPorts,
  settings: BonoSettings,
  flows: ClientFlows,
  tx: ServerTransaction,
): void => {
  const { request } = tx;
  const delivery = deliveryOf(ports, settings, flows, request);
  if (delivery === 'no-token') return withoutToken(ports, settings, tx);
  if (delivery === 'flow-failed') {
    ports.observer.count('flow-failed');
    ports.charging?.undelivered(request, popOwnRoutes(new Edits(request), settings.ownHosts).popped, 430);
    return tx.reply(430, 'Flow Failed');
  }
  if ('worker' in delivery) return passOn(ports, tx, delivery.worker);
  const { edits, flow } = delivery;
  // The last hop is no exception: who asks for a secure way does not get another one (RFC 5630 §5.3).
  if (isSips(request.requestUri) && !isSecure(flow))
    return tx.reply(
      480,
      'Temporarily Unavailable',
      `Warning: 380 ${settings.publicHost} "SIPS Not Allowed"\r\n`,
    );
  const hidden = hideSender(ports, request, delivery);
  const charge = ports.charging?.toClient(request, delivery);
  if (DIALOG_METHODS.has(request.method) && !isInDialog(request)) {
    const marks = { hidden: hidden?.mark, charge: charge?.mark };
    recordCoreToClient(edits, delivery, ports.transports.sentBy(flow), settings, marks);
  }
  const user = hidden === undefined ? FROM_CLIENT : fromClientOfPrivate(ports, keptOf(request));
  const answers = charged(user, charge, ports.charging?.functions);
  const proxy = ports
    .endpoint()
    .proxy(tx, ports.traces === undefined ? answers : tracedDelivery(ports, request, answers));
  const hideVias = hidden !== undefined || delivery.wish !== undefined;
  proxy.fork(edits, { kind: 'flow', flow }, undefined, { hideVias });
  proxy.seal();
};

const isInDialog = (request: SipMessage): boolean => tagOf(request.header(H.To)!) !== '';

export const acknowledgeFromCore = (
  ports: BonoPorts,
  settings: BonoSettings,
  flows: ClientFlows,
  ack: SipMessage,
): void => {
  const delivery = deliveryOf(ports, settings, flows, ack);
  if (typeof delivery === 'string') {
    const { trunks } = ports;
    const isSent =
      delivery === 'no-token' && trunks !== undefined && acknowledgeToTrunk(ports, settings, trunks, ack);
    return isSent ? undefined : ports.observer.count('ack-dropped');
  }
  if ('worker' in delivery) {
    const hop = { kind: 'target', target: delivery.worker, listener: TRUSTED_LISTENER } as const;
    return ports.endpoint().sendStateless(new Edits(ack), hop);
  }
  const hidden = hideSender(ports, ack, delivery);
  if (hidden !== undefined || delivery.wish !== undefined) delivery.edits.remove(H.Via);
  ports.endpoint().sendStateless(delivery.edits, { kind: 'flow', flow: delivery.flow });
};
