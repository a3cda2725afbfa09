// REGISTER from a client: Path, visited network, integrity mark, on to the I-CSCF; its 200 tells who is on the flow
// (TS 24.229 §5.2.2, RFC 3327, RFC 3608, RFC 5626 §5.1).
import {
  aorOf,
  addrUri,
  type Branch,
  Edits,
  H,
  headerParam,
  parseAuthorization,
  parseSeconds,
  type ProxyUser,
  type ServerTransaction,
  type SipMessage,
  values,
} from '#libs/sip';
import type { ClientFlow, ClientFlows } from '../client-flows.js';
import type { BonoPorts, BonoSettings } from '../ports.js';
import { pathValue } from '../record-route.js';
import { stripClientRequest, stripForClient } from '../trust-boundary.js';

const EXPIRES_DEFAULT_S = 300;
const INTEGRITY = /,?\s*integrity-protected\s*=\s*(?:"[^"]*"|[^,\s]*)/gi;

/** The mark that the S-CSCF reads (TS 24.229 §5.2.2.2): is the user already known on this flow? */
const markIntegrity = (edits: Edits, authorization: string, known: boolean): void => {
  const clean = authorization.replace(INTEGRITY, '');
  const answered = (parseAuthorization(clean)?.response ?? '') !== '';
  if (!known && !answered) return edits.replace(H.Authorization, clean);
  edits.replace(
    H.Authorization,
    `${clean}, integrity-protected="${known ? 'ip-assoc-yes' : 'ip-assoc-pending'}"`,
  );
};

/** Learns from the 200 OK who may speak on the flow, for how long, and the way to the S-CSCF. */
class RegistrationObserver implements ProxyUser<undefined> {
  constructor(
    private readonly ports: BonoPorts,
    private readonly client: ClientFlow,
    private readonly request: SipMessage,
    private readonly impu: string,
  ) {}

  response(_branch: Branch<undefined>, response: SipMessage, edits: Edits): void {
    stripForClient(response, edits);
    const { status, cseqMethod } = response;
    if (status >= 200 && status < 300 && cseqMethod === 'REGISTER') this.#registered(response);
  }

  #registered(response: SipMessage): void {
    const requested = values(this.request, H.Contact);
    if (requested.length === 0) return; // a query changes nothing
    const { ports, client } = this;
    const expiresS = grantedS(requested, response);
    const identities = values(response, H.PAssociatedUri).map((value) => aorOf(addrUri(value)) ?? this.impu);
    if (!identities.includes(this.impu)) identities.push(this.impu);
    if (expiresS === 0) return identities.forEach((impu) => client.deregister(impu));
    const authorization = this.request.header(H.Authorization);
    const impi =
      (authorization === undefined ? undefined : parseAuthorization(authorization)?.username) ?? this.impu;
    const serviceRoute = values(response, H.ServiceRoute).join(', ') || undefined;
    const expiresAtMs = ports.clock.nowMs() + expiresS * 1000;
    const instance = instanceOf(requested);
    for (const impu of identities)
      if (!client.register({ impu, impi, instance, expiresAtMs, serviceRoute }))
        ports.observer.count('flow-full');
  }
}

/** Longest time granted to a contact of this request; 0 when none of them is bound any more. */
const grantedS = (requested: readonly string[], response: SipMessage): number => {
  const uris = new Set(requested.map(addrUri));
  let longest = 0;
  for (const value of values(response, H.Contact)) {
    if (!uris.has(addrUri(value))) continue;
    const expires = headerParam(value, 'expires');
    longest = Math.max(longest, expires === undefined ? EXPIRES_DEFAULT_S : (parseSeconds(expires) ?? 0));
  }
  return longest;
};

const instanceOf = (contacts: readonly string[]): string => {
  for (const contact of contacts) {
    const instance = headerParam(contact, '+sip.instance');
    if (instance !== undefined) return instance;
  }
  return '';
};

/** Forwards a REGISTER of an untrusted client to the I-CSCF. */
export const registerFromClient = (
  ports: BonoPorts,
  settings: BonoSettings,
  flows: ClientFlows,
  tx: ServerTransaction,
): void => {
  const { request } = tx;
  const client = flows.ensure(tx.flow);
  if (client === undefined) return tx.reply(500, 'Flow Cannot Be Named');
  const impu = aorOf(addrUri(request.header(H.To)!));
  if (impu === undefined) return tx.reply(400, 'Bad To');
  const edits = new Edits(request);
  stripClientRequest(request, edits);
  const authorization = request.header(H.Authorization);
  if (authorization !== undefined) {
    const known = client.identity(impu, ports.clock.nowMs()) !== undefined;
    markIntegrity(edits, authorization, known);
  }
  const firstHop = values(request, H.Via).length === 1;
  edits.prepend(H.Path, pathValue(client.token, firstHop, settings));
  edits.replace(H.PVisitedNetworkId, settings.homeDomain);
  edits.replace(H.Route, `<${settings.upstreamUri};lr;orig>`);
  const proxy = ports.endpoint().proxy(tx, new RegistrationObserver(ports, client, request, impu));
  proxy.fork(edits, { kind: 'uri', uri: settings.upstreamUri, listener: 'trusted' }, undefined);
  proxy.seal();
};
