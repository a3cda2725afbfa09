// Requests from the core to a client: by the flow token in the Route, whatever the Request-URI says; 430 when that flow
// is gone (RFC 5626 §5.3, TS 24.229 §5.2.6.4).
import {
  addrUri,
  aorOf,
  Edits,
  type Flow,
  H,
  type ProxyUser,
  type ServerTransaction,
  type SipMessage,
  tagOf,
} from '#libs/sip';
import type { ClientFlows } from '../client-flows.js';
import type { BonoPorts, BonoSettings } from '../ports.js';
import { isSecure, isSips, popOwnRoutes, recordCoreToClient } from '../record-route.js';
import { stripClientResponse, stripForClient } from '../trust-boundary.js';
import { DIALOG_METHODS } from './from-client.js';

/** What a client answers loses what only the core may say. */
const FROM_CLIENT: ProxyUser<undefined> = {
  response: (response, edits) => stripClientResponse(response, edits),
};

type Delivery = Readonly<{ edits: Edits; flow: Flow; token: string }>;

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

/** 'no-token': not meant for a client of ours. 'flow-failed': it was, and the flow is gone. */
const deliveryOf = (
  settings: BonoSettings,
  flows: ClientFlows,
  request: SipMessage,
): Delivery | 'no-token' | 'flow-failed' => {
  const edits = new Edits(request);
  const { token } = popOwnRoutes(edits, settings.ownHosts);
  if (token === undefined) return 'no-token';
  const flow = flows.byToken(token);
  if (flow === undefined || isDisplaced(flows, flow, request)) return 'flow-failed';
  stripForClient(request, edits);
  return { edits, flow, token };
};

export const requestFromCore = (
  ports: BonoPorts,
  settings: BonoSettings,
  flows: ClientFlows,
  tx: ServerTransaction,
): void => {
  const { request } = tx;
  const delivery = deliveryOf(settings, flows, request);
  if (delivery === 'no-token') return tx.reply(404, 'Not Found');
  if (delivery === 'flow-failed') {
    ports.observer.count('flow-failed');
    return tx.reply(430, 'Flow Failed');
  }
  const { edits, flow } = delivery;
  // The last hop is no exception: who asks for a secure way does not get another one (RFC 5630 §5.3).
  if (isSips(request.requestUri) && !isSecure(flow))
    return tx.reply(
      480,
      'Temporarily Unavailable',
      `Warning: 380 ${settings.publicHost} "SIPS Not Allowed"\r\n`,
    );
  if (DIALOG_METHODS.has(request.method) && !isInDialog(request))
    recordCoreToClient(edits, delivery, ports.transports.sentBy(flow), settings);
  const proxy = ports.endpoint().proxy(tx, FROM_CLIENT);
  proxy.fork(edits, { kind: 'flow', flow }, undefined);
  proxy.seal();
};

const isInDialog = (request: SipMessage): boolean => tagOf(request.header(H.To)!) !== '';

export const acknowledgeFromCore = (
  ports: BonoPorts,
  settings: BonoSettings,
  flows: ClientFlows,
  ack: SipMessage,
): void => {
  const delivery = deliveryOf(settings, flows, ack);
  if (typeof delivery === 'string') return ports.observer.count('ack-dropped');
  ports.endpoint().sendStateless(delivery.edits, { kind: 'flow', flow: delivery.flow });
};
