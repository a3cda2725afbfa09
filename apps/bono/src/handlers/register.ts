// REGISTER from a client: Path, visited network, integrity mark, on to the I-CSCF; its 200 tells who is on the flow
// (TS 24.229 §5.2.2, RFC 3327, RFC 3608, RFC 5626 §5.1).
import {
  aorOf,
  addrUri,
  detached,
  Edits,
  type Flow,
  H,
  headerParam,
  isEmergencyContact,
  authorizationFor,
  parseSeconds,
  type ProxyUser,
  type ServerTransaction,
  type SipMessage,
  values,
} from '#libs/sip';
import { newIcid, vectorOfUser } from '../charging/charging-vector.js';
import type { Charge } from '../charging/edge-charging.port.js';
import type { ClientFlows, FlowIdentity } from '../client-flows.js';
import { markIntegrity } from '../integrity-mark.js';
import type { BonoPorts, BonoSettings } from '../ports.js';
import { pathValue } from '../record-route.js';
import { stripClientRequest, stripForClient } from '../trust-boundary.js';

const EXPIRES_DEFAULT_S = 300;
/** As long as a registration usually lasts: the client tries again within seconds (Retry-After). */
const FAULT_KEEPS_MS = 300_000;

/** A REGISTER on its way, and what of it the 200 OK is read with. */
type Registering = Readonly<{
  request: SipMessage;
  flow: Flow;
  impu: string;
  impi: string;
  charge: Charge | undefined;
}>;

/** Learns from the 200 OK who may speak on the flow, for how long, and the way to the S-CSCF. */
class RegistrationObserver implements ProxyUser<undefined> {
  /** Nothing of what was asked for is bound any more. */
  #isOver = false;

  constructor(
    private readonly ports: BonoPorts,
    private readonly flows: ClientFlows,
    private readonly registering: Registering,
  ) {}

  response(response: SipMessage, edits: Edits): void {
    stripForClient(response, edits);
    const { status, cseqMethod } = response;
    if (cseqMethod !== 'REGISTER') return;
    if (status >= 200 && status < 300) this.#registered(response);
    else if (status >= 500 && status < 600) this.#faulted();
  }

  completed(status: number): void {
    this.registering.charge?.completed(status, this.#isOver);
  }

  /** The network could not take the refresh: its fault must not end who is registered here (docs/architecture.md §6). */
  #faulted(): void {
    const { flow, impu } = this.registering;
    const nowMs = this.ports.clock.nowMs();
    const client = this.flows.find(flow);
    const known = client?.identity(impu, nowMs);
    if (known !== undefined) client?.keep(known, nowMs + FAULT_KEEPS_MS);
  }

  #registered(response: SipMessage): void {
    const { ports, flows } = this;
    const { request, flow, impu, impi } = this.registering;
    const requested = values(request, H.Contact);
    if (requested.length === 0) return; // a query changes nothing
    const { expiresS, bound, answered } = grantOf(requested, response);
    this.#isOver = expiresS === 0;
    // What a flow remembers outlives request and response and must not keep all of them: copies.
    const associated: string[] = [];
    for (const value of values(response, H.PAssociatedUri)) {
      const identity = aorOf(addrUri(detached(value)));
      if (identity !== undefined) associated.push(identity);
    }
    const identities = associated.length > 0 ? associated : [detached(impu)];
    const nowMs = ports.clock.nowMs();
    const before = flows.find(flow)?.identity(impu, nowMs);
    const others = before === undefined ? NONE : othersOf(before, requested, { bound, answered });
    if (bound.length + others.length === 0) {
      flows.deregister(flow, identities);
      ports.siblings?.deregistered(flow, identities);
      return;
    }
    // Who only clears away an address of before is still there.
    const expiresAtMs = expiresS === 0 && before !== undefined ? before.expiresAtMs : nowMs + expiresS * 1000;
    // A refresh changes little: what is remembered already needs no copy.
    const contacts = [...bound.map((uri, at) => kept(before?.contacts[at], uri)), ...others];
    const serviceRoute = kept(before?.serviceRoute, serviceRouteOf(response)) || undefined;
    const instance = kept(before?.instance, instanceOf(requested));
    const user = kept(before?.impi, impi);
    const registered = identities.map((identity) => ({
      impu: identity,
      impi: user,
      instance,
      contacts,
      expiresAtMs,
      serviceRoute,
    }));
    if (flows.register(flow, registered)) ports.siblings?.registered(flow, registered);
    else ports.observer.count('flow-full');
  }
}

const kept = (before: string | undefined, text: string): string =>
  before === text ? before : detached(text);

const serviceRouteOf = (response: SipMessage): string => {
  const routes = values(response, H.ServiceRoute);
  return routes.length === 1 ? routes[0]! : routes.join(', ');
};

type Grant = Readonly<{
  /** Longest time granted to a contact of the request; 0 when none of them is bound any more. */
  expiresS: number;
  /** Those of the request's contacts that are bound, and all that are. */
  bound: readonly string[];
  answered: readonly string[];
}>;

const grantOf = (requested: readonly string[], response: SipMessage): Grant => {
  const uris = requested.map(addrUri); // the answer lists ten at most
  const bound: string[] = [];
  const answered: string[] = [];
  let longest = 0;
  for (const value of values(response, H.Contact)) {
    const uri = addrUri(value);
    answered.push(uri);
    if (!uris.includes(uri)) continue;
    const expires = headerParam(value, 'expires');
    const seconds = expires === undefined ? EXPIRES_DEFAULT_S : (parseSeconds(expires) ?? 0);
    longest = Math.max(longest, seconds);
    if (seconds > 0) bound.push(uri);
  }
  return { expiresS: longest, bound, answered };
};

/**
 * What was bound on the flow beside the request's contacts, and still is. A registration for emergencies is told of those for
 * emergencies alone, and any other of the others (TS 24.229 §5.4.8.2): of what is not told nothing has changed.
 */
const othersOf = (
  { contacts }: FlowIdentity,
  requested: readonly string[],
  { bound, answered }: Pick<Grant, 'bound' | 'answered'>,
): readonly string[] => {
  const isToldOf = requested.some((value) => isEmergencyContact(addrUri(value)));
  return contacts.filter(
    (uri) => !bound.includes(uri) && (answered.includes(uri) || isEmergencyContact(uri) !== isToldOf),
  );
};

const NONE: readonly string[] = [];

const instanceOf = (contacts: readonly string[]): string => {
  for (const contact of contacts) {
    const instance = headerParam(contact, '+sip.instance');
    if (instance !== undefined) return instance;
  }
  return '';
};

/** As in every other request, where its record is to be found beside those of other nodes. */
const chargeOf = (
  { charging, random }: BonoPorts,
  settings: BonoSettings,
  request: SipMessage,
  edits: Edits,
  impu: string,
): Charge | undefined => {
  if (charging === undefined) return undefined;
  const icid = newIcid(random);
  edits.replace(H.PChargingVector, vectorOfUser(icid, settings));
  return charging.fromClient(request, edits, { icid, callingParty: [impu], calledParty: impu });
};

/** Forwards a REGISTER of an untrusted client to the I-CSCF. */
export const registerFromClient = (
  ports: BonoPorts,
  settings: BonoSettings,
  flows: ClientFlows,
  tx: ServerTransaction,
): void => {
  const { request, flow } = tx;
  const token = flows.tokenOf(flow);
  if (token === undefined) return tx.reply(500, 'Flow Cannot Be Named');
  const impu = aorOf(addrUri(request.header(H.To)!));
  if (impu === undefined) return tx.reply(400, 'Bad To');
  const edits = new Edits(request);
  stripClientRequest(request, edits);
  const authorization = authorizationFor(request, settings.homeDomain);
  if (authorization !== undefined) {
    const known = flows.find(flow)?.identity(impu, ports.clock.nowMs()) !== undefined;
    markIntegrity(edits, authorization, known);
  }
  const firstHop = values(request, H.Via).length === 1;
  edits.prepend(H.Path, pathValue(token, firstHop, settings));
  edits.replace(H.PVisitedNetworkId, settings.homeDomain);
  edits.replace(H.Route, `<${settings.upstreamUri};lr;orig>`);
  const impi = authorization?.credentials?.username ?? impu;
  const charge = chargeOf(ports, settings, request, edits, impu);
  const registering = { request, flow, impu, impi, charge };
  const proxy = ports.endpoint().proxy(tx, new RegistrationObserver(ports, flows, registering));
  proxy.fork(edits, { kind: 'uri', uri: settings.upstreamUri, listener: 'trusted' }, undefined);
  proxy.seal();
};
