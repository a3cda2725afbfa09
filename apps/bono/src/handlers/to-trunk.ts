// Requests from the core that leave by a trunk: to the peers of the one that a Route of the operator's names (`;trunk=<name>`), or whose host comes
// next; to nobody else (TS 24.229 §5.10.2; docs/clearwater/sip.md §1.5, §3.10). What is the core's stays inside.
import {
  type Branch,
  Edits,
  H,
  hostPortOf,
  prepareRoute,
  type ProxyContext,
  type ProxyUser,
  type ServerTransaction,
  type SipMessage,
  tagOf,
  uriParam,
} from '#libs/sip';
import { type BonoPorts, type BonoSettings, CLIENT_LISTENER } from '../ports.js';
import {
  coreSideValue,
  hasHost,
  isSips,
  recordCoreToTrunk,
  trunkIn,
  trunkRecorded,
  trunkSideValue,
} from '../record-route.js';
import { assertedByTrunk } from '../trunks/asserted-by-trunk.js';
import { numberInUri } from '../trunks/number-plan.js';
import type { Trunk } from '../trunks/trunk-file.js';
import type { Trunks } from '../trunks/trunks.js';
import { stripClientResponse, stripForTrunk } from '../trust-boundary.js';
import { DIALOG_METHODS } from './from-client.js';
import { callIdOf, endOfCall } from './from-trunk.js';

/** Where it goes, in this order. */
type Departure = Readonly<{ trunk: Trunk; edits: Edits; uris: readonly string[] }>;

const isInDialog = (request: SipMessage): boolean => tagOf(request.header(H.To)!) !== '';

/** undefined: it leads to no trunk. */
const departureOf = (settings: BonoSettings, trunks: Trunks, request: SipMessage): Departure | undefined => {
  const edits = new Edits(request);
  const { popped, nextHopUri, next } = prepareRoute(edits, {
    isOwn: (uri) => hasHost(settings.ownHosts, uri),
  });
  const name = trunkIn(popped);
  const trunk = name === undefined ? trunks.at(nextHopUri) : trunks.named(name);
  if (trunk === undefined) return undefined;
  // What is named may come with the way on, as in a dialog; but a Contact may name any host, and only the trunk's own are gone to.
  const leads =
    (next !== undefined || name === undefined || isInDialog(request)) && trunks.leadsTo(trunk, nextHopUri);
  const uris = leads ? [nextHopUri] : trunk.peers;
  return uris.length === 0 ? undefined : { trunk, edits, uris };
};

/** A number as the trunk wants it. */
const calledAs = (requestUri: string, { numbersAs, numbers }: Trunk, peer: string): string => {
  const number = numbersAs === 'as-is' ? undefined : numberInUri(requestUri, numbers);
  if (number === undefined) return requestUri;
  return numbersAs === 'tel' ? `tel:${number}` : `sip:${number}@${hostPortOf(peer)};user=phone`;
};

/** Asks one peer after the other, while they take nothing. */
class PeersInTurn implements ProxyUser<number> {
  proxy: ProxyContext<number> | undefined;

  constructor(
    private readonly ports: BonoPorts,
    private readonly settings: BonoSettings,
    private readonly departure: Departure,
    private readonly told?: (status: number) => void,
  ) {}

  completed(status: number): void {
    this.told?.(status);
  }

  ask(at: number): boolean {
    const { edits, uris, trunk } = this.departure;
    const uri = uris[at];
    if (uri === undefined) return false;
    const { requestUri } = edits.message;
    const own = at === uris.length - 1 ? edits : edits.copy();
    const called = isInDialog(edits.message) ? requestUri : calledAs(requestUri, trunk, uri);
    if (called !== requestUri) own.requestUri(called);
    const options = { hideVias: trunk.hidesTopology };
    return this.proxy?.fork(own, { kind: 'uri', uri, listener: CLIENT_LISTENER }, at, options) !== undefined;
  }

  branchFailed(
    { label }: Branch<number>,
    status: number,
    response: SipMessage | undefined,
  ): 'count' | 'retry' {
    // RFC 3263 §4.3: a 503, a failure of the transport, or silence. What a peer says itself is the call's answer.
    if (status !== 503 && !(status === 408 && response === undefined)) return 'count';
    if (!this.ask(label + 1)) return 'count';
    this.ports.observer.count('trunk-peer-failed');
    return 'retry';
  }

  response(response: SipMessage, edits: Edits): void {
    const { trunk } = this.departure;
    stripClientResponse(response, edits);
    const { ports, settings } = this;
    if (trunk.hidesTopology) ports.topology.restoreResponse(response, edits, coreSideValue(settings));
    const asserted = assertedByTrunk(response, trunk);
    if (asserted.length > 0) edits.replace(H.PAssertedIdentity, asserted.map((one) => `<${one}>`).join(', '));
  }
}

/** Calls from one trunk to another are those of networks with each other, which nobody here pays for. */
const isTransit = (
  settings: BonoSettings,
  trunks: Trunks,
  request: SipMessage,
  { kind, transit }: Trunk,
): boolean => {
  if (kind === 'pbx' || transit) return false;
  const from = trunkRecorded(request, settings.ownHosts);
  return from !== undefined && trunks.named(from)?.kind !== 'pbx';
};

/** Never refused, and not counted (RFC 5031). */
const isEmergency = (request: SipMessage): boolean => /^urn:service:sos\b/i.test(request.requestUri);

/** What its final answer means for the calls of the trunk; `false`: there are as many as may be. */
const countedIn = (
  { clock }: BonoPorts,
  trunks: Trunks,
  trunk: Trunk,
  request: SipMessage,
): ((status: number) => void) | false | undefined => {
  const isCall = request.method === 'INVITE' && !isInDialog(request) && !isEmergency(request);
  if (!isCall && request.method !== 'BYE') return undefined;
  const load = trunks.loadOf(trunk, clock.nowMs());
  if (!isCall) return endOfCall(load, request);
  if (!load.admitsLeaving(clock.nowMs())) return false;
  const callId = callIdOf(request);
  return (status) => load.left(callId, status < 300, clock.nowMs());
};

const isSecureUri = (uri: string): boolean =>
  isSips(uri) || /^(?:tls|wss)$/i.test(uriParam(uri, 'transport') ?? '');

/** What is recorded of the way; a trunk from which it is hidden sees this edge alone. */
const record = (
  { topology }: BonoPorts,
  settings: BonoSettings,
  request: SipMessage,
  { trunk, edits, uris }: Departure,
): void => {
  const at = settings.trunkSide(uris[0]!);
  if (trunk.hidesTopology && topology.hideRequest(request, edits, trunkSideValue(edits, trunk, at))) return;
  recordCoreToTrunk(edits, trunk, at, settings);
};

/** False: it leads to no trunk, and nothing was done. */
export const requestToTrunk = (
  ports: BonoPorts,
  settings: BonoSettings,
  trunks: Trunks,
  tx: ServerTransaction,
): boolean => {
  const { request } = tx;
  const departure = departureOf(settings, trunks, request);
  if (departure === undefined) return false;
  const { trunk, edits, uris } = departure;
  const isInitial = !isInDialog(request);
  if (isInitial && isTransit(settings, trunks, request, trunk)) {
    ports.observer.count('trunk-transit-refused');
    tx.reply(404, 'Not Found');
    return true;
  }
  if (isSips(request.requestUri) && !uris.every(isSecureUri)) {
    tx.reply(480, 'Temporarily Unavailable', `Warning: 380 ${settings.publicHost} "SIPS Not Allowed"\r\n`);
    return true;
  }
  const told = countedIn(ports, trunks, trunk, request);
  if (told === false) {
    ports.observer.count('trunk-limited');
    tx.reply(486, 'Busy Here');
    return true;
  }
  stripForTrunk(request, edits, trunk);
  if (isInitial && DIALOG_METHODS.has(request.method)) record(ports, settings, request, departure);
  const user = new PeersInTurn(ports, settings, departure, told);
  user.proxy = ports.endpoint().proxy(tx, user);
  user.ask(0);
  user.proxy.seal();
  return true;
};

/** False: it leads to no trunk. */
export const acknowledgeToTrunk = (
  ports: BonoPorts,
  settings: BonoSettings,
  trunks: Trunks,
  ack: SipMessage,
): boolean => {
  const departure = departureOf(settings, trunks, ack);
  if (departure === undefined) return false;
  const { trunk, edits, uris } = departure;
  stripForTrunk(ack, edits, trunk);
  if (trunk.hidesTopology) edits.remove(H.Via);
  ports.endpoint().sendStateless(edits, { kind: 'uri', uri: uris[0]!, listener: CLIENT_LISTENER });
  return true;
};
