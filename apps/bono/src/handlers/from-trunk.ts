// Requests of a trunk or a PBX: nobody registers, the edge says who calls as far as the trunk's word goes, and the core takes it as a call
// from outside, or in the name of the PBX's user (TS 24.229 §5.10.3; docs/clearwater/sip.md §1.2, §1.5, §1.7).
import {
  addrUri,
  detached,
  Edits,
  firstValue,
  H,
  type ProxyUser,
  retryAfter,
  type ServerTransaction,
  type SipMessage,
  tagOf,
  uriParam,
} from '#libs/sip';
import { newIcid, vectorFromOutside } from '../charging/charging-vector.js';
import type { BonoPorts, BonoSettings } from '../ports.js';
import { hasHost, recordTrunkToCore, trunkIn } from '../record-route.js';
import { assertedByTrunk } from '../trunks/asserted-by-trunk.js';
import { calledByTrunk } from '../trunks/called-by-trunk.js';
import type { Trunk } from '../trunks/trunk-file.js';
import type { TrunkLoad } from '../trunks/trunk-load.js';
import type { Trunks } from '../trunks/trunks.js';
import { stripClientRequest, stripForTrunk } from '../trust-boundary.js';
import { onward } from './from-client.js';

/** What others may begin here. Registrations and subscriptions are of users of this network, and nobody outside tells them whom to call. */
const TAKEN: ReadonlySet<string> = new Set(['INVITE', 'MESSAGE', 'OPTIONS']);
const ALLOWED = 'Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, MESSAGE, REFER, NOTIFY, UPDATE, PRACK, INFO\r\n';

/** What goes back to a trunk loses what is the core's. */
class TrunkAnswers implements ProxyUser<undefined> {
  constructor(
    private readonly ports: BonoPorts,
    private readonly settings: BonoSettings,
    private readonly trunk: Trunk,
    private readonly told?: (status: number) => void,
  ) {}

  completed(status: number): void {
    this.told?.(status);
  }

  response(response: SipMessage, edits: Edits): void {
    const { ports, settings, trunk } = this;
    stripForTrunk(response, edits, trunk);
    if (!trunk.hidesTopology) return;
    const isFacing = (uri: string): boolean =>
      hasHost(settings.ownHosts, uri) && trunkIn([uri]) === trunk.name;
    ports.topology.hideResponse(response, edits, isFacing);
  }
}

/** A text of its own: who waits for late answers must not keep the request. */
export const callIdOf = (request: SipMessage): string => detached(request.header(H.CallId)!);

/** What the answer to a BYE means: a call lasts until one is taken, or there is nobody to take it. */
export const endOfCall = (load: TrunkLoad, request: SipMessage): ((status: number) => void) => {
  const callId = callIdOf(request);
  return (status) => {
    if (status !== 401 && status !== 407) load.ended(callId);
  };
};

/** An INVITE is in setup until it is answered. */
const settledIn = ({ clock }: BonoPorts, load: TrunkLoad, request: SipMessage) => {
  const callId = callIdOf(request);
  return (status: number): void => load.settled(callId, status < 300, clock.nowMs());
};

/** A trunk that asks for an originating side of its own, or a Route of its choice into the core (sip.md §1.5). */
const claimsOriginating = ({ ownHosts }: BonoSettings, request: SipMessage): boolean => {
  const top = firstValue(request, H.Route);
  return top !== undefined && hasHost(ownHosts, addrUri(top)) && uriParam(addrUri(top), 'orig') !== undefined;
};

type Incoming = Readonly<{ trunk: Trunk; asserted: readonly string[]; called: string }>;

/** As the core gets it: by the terminating side, or with the services of the PBX's user. */
const editsOf = (
  ports: BonoPorts,
  settings: BonoSettings,
  tx: ServerTransaction,
  incoming: Incoming,
): Edits => {
  const { request, flow } = tx;
  const { trunk, asserted, called } = incoming;
  const edits = new Edits(request);
  stripClientRequest(request, edits);
  if (asserted.length > 0)
    edits.replace(H.PAssertedIdentity, asserted.map((identity) => `<${identity}>`).join(', '));
  if (trunk.user !== undefined) edits.replace(H.PServedUser, `<${trunk.user}>;sescase=orig;regstate=unreg`);
  edits.replace(H.PChargingVector, vectorFromOutside(newIcid(ports.random), settings));
  edits.replace(H.Route, `<${settings.upstreamUri};lr${trunk.user === undefined ? '' : ';orig'}>`);
  if (called !== request.requestUri) edits.requestUri(called);
  // Also where no dialog begins: by it a call is known that would leave again by a trunk.
  recordTrunkToCore(edits, { trunk, flow }, ports.transports.sentBy(flow), settings);
  return edits;
};

/** A request outside dialogs. */
export const initialFromTrunk = (
  ports: BonoPorts,
  settings: BonoSettings,
  trunks: Trunks,
  trunk: Trunk,
  tx: ServerTransaction,
): void => {
  const { request } = tx;
  if (!TAKEN.has(request.method)) return tx.reply(405, 'Method Not Allowed', ALLOWED);
  if (claimsOriginating(settings, request)) return tx.reply(403, 'Forbidden');
  const called = calledByTrunk(request.requestUri, trunk, settings);
  if (called === undefined) return tx.reply(404, 'Not Found');
  const nowMs = ports.clock.nowMs();
  const load = trunks.loadOf(trunk, nowMs);
  const isInvite = request.method === 'INVITE';
  if (!load.admits(isInvite, nowMs)) {
    ports.observer.count('trunk-limited');
    return tx.reply(503, 'Too Many Calls', retryAfter(ports.random));
  }
  const asserted = assertedByTrunk(request, trunk);
  const edits = editsOf(ports, settings, tx, { trunk, asserted, called });
  const settled = isInvite ? settledIn(ports, load, request) : undefined;
  const user = new TrunkAnswers(ports, settings, trunk, settled);
  const proxy = ports.endpoint().proxy(tx, user);
  proxy.fork(edits, { kind: 'uri', uri: settings.upstreamUri, listener: 'trusted' }, undefined);
  proxy.seal();
};

/** The dialog is one that this trunk has a part in, by the mark that this edge recorded. */
const isOfTrunk =
  (trunk: Trunk) =>
  (popped: readonly string[]): boolean =>
    trunkIn(popped) === trunk.name;

/** The way on in its dialog, also where it was hidden. */
const onwardFrom = (ports: BonoPorts, settings: BonoSettings, trunk: Trunk, request: SipMessage) =>
  onward(ports, settings, request, isOfTrunk(trunk), (popped) => ports.topology.inside(popped, request));

/** A request inside a dialog: along the Route set that this edge recorded. */
export const inDialogFromTrunk = (
  ports: BonoPorts,
  settings: BonoSettings,
  trunks: Trunks,
  trunk: Trunk,
  tx: ServerTransaction,
): void => {
  const { request } = tx;
  const on = onwardFrom(ports, settings, trunk, request);
  if (on === undefined) return tx.reply(403, 'Forbidden');
  const load = request.method === 'BYE' ? trunks.loadOf(trunk, ports.clock.nowMs()) : undefined;
  const ended = load === undefined ? undefined : endOfCall(load, request);
  const proxy = ports.endpoint().proxy(tx, new TrunkAnswers(ports, settings, trunk, ended));
  proxy.fork(on.edits, { kind: 'uri', uri: on.uri, listener: 'trusted' }, undefined);
  proxy.seal();
};

/** ACK for a 2xx; one that does not belong here is dropped. */
export const acknowledgeFromTrunk = (
  ports: BonoPorts,
  settings: BonoSettings,
  trunk: Trunk,
  ack: SipMessage,
): void => {
  const on = onwardFrom(ports, settings, trunk, ack);
  if (on === undefined) return ports.observer.count('ack-dropped');
  ports.endpoint().sendStateless(on.edits, { kind: 'uri', uri: on.uri, listener: 'trusted' });
};

/** Every request of a trunk's. */
export const requestFromTrunk = (
  ports: BonoPorts,
  settings: BonoSettings,
  trunks: Trunks,
  trunk: Trunk,
  tx: ServerTransaction,
): void => {
  const { request } = tx;
  if (request.method === 'REGISTER') return tx.reply(405, 'Method Not Allowed', ALLOWED);
  if (tagOf(request.header(H.To)!) !== '') return inDialogFromTrunk(ports, settings, trunks, trunk, tx);
  initialFromTrunk(ports, settings, trunks, trunk, tx);
};
