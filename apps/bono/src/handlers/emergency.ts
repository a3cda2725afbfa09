// Emergency calls at the edge: from whoever is registered, and from whoever is not where the operator lets them; by their URN, straight
// to the router's E-CSCF, past the services and bars of the caller (TS 24.229 §5.2.10). Whoever cannot be helped hears 380: its phone
// then calls another way. Used by bono.ts.
import {
  alternativeService,
  addrUri,
  Edits,
  H,
  type ProxyContext,
  type ProxyUser,
  type ServerTransaction,
  type SipMessage,
} from '#libs/sip';
import { newIcid, vectorOfUser } from '../charging/charging-vector.js';
import type { Charge } from '../charging/edge-charging.port.js';
import type { ClientFlows } from '../client-flows.js';
import type { BonoPorts, BonoSettings } from '../ports.js';
import { recordClientToCore } from '../record-route.js';
import { stripClientRequest, stripForClient } from '../trust-boundary.js';
import { assertedIdentity, assertedValues, DIALOG_METHODS, urisIn } from './from-client.js';

const ALTERNATIVE = 'Alternative Service';

/** What only says that nobody is there, or that something is broken, must not end an emergency call. */
const isOfNoUse = (status: number): boolean =>
  status === 404 || status === 408 || status === 430 || status === 480 || (status >= 500 && status < 600);

class EmergencyAnswers implements ProxyUser<undefined> {
  context: ProxyContext<undefined> | undefined;
  #cancelled = false;

  constructor(private readonly charge: Charge | undefined) {}

  response(response: SipMessage, edits: Edits): void {
    stripForClient(response, edits);
  }

  completed(status: number): void {
    this.charge?.completed(status);
  }

  cancelled(): void {
    this.#cancelled = true;
  }

  branchFailed(_branch: unknown, status: number): 'count' | 'retry' {
    if (this.#cancelled || !isOfNoUse(status)) return 'count';
    const { headers, body } = alternativeService('No emergency centre can be reached');
    this.context?.reply(380, ALTERNATIVE, headers, body);
    return 'retry';
  }
}

/** `service`: the URN that the call goes to, whatever was dialled. */
export const emergencyFromClient = (
  ports: BonoPorts,
  settings: BonoSettings,
  flows: ClientFlows,
  tx: ServerTransaction,
  service: string,
): void => {
  const { request, flow } = tx;
  const nowMs = ports.clock.nowMs();
  const client = flows.find(flow);
  const identity = client === undefined ? undefined : assertedIdentity(request, client, nowMs);
  if (identity === undefined && !settings.emergency.unregistered) {
    const { headers, body } = alternativeService('Not registered here', 'emergency-registration');
    ports.observer.count('emergency-refused');
    return tx.reply(380, ALTERNATIVE, headers, body);
  }
  const token = flows.tokenOf(flow);
  if (token === undefined) return tx.reply(500, 'Flow Cannot Be Named');
  ports.observer.count('emergency');
  const edits = new Edits(request);
  stripClientRequest(request, edits);
  edits.requestUri(service);
  const asserted =
    client === undefined || identity === undefined
      ? undefined
      : assertedValues(request, client, identity, nowMs);
  if (asserted !== undefined) edits.replace(H.PAssertedIdentity, asserted);
  const icid = newIcid(ports.random);
  edits.replace(H.PChargingVector, vectorOfUser(icid, settings));
  const charge = ports.charging?.fromClient(request, edits, {
    icid,
    callingParty: asserted === undefined ? [addrUri(request.header(H.From)!)] : urisIn(asserted),
    calledParty: service,
  });
  const route = `<${settings.upstreamUri};lr>`;
  edits.replace(H.Route, route);
  if (DIALOG_METHODS.has(request.method))
    recordClientToCore(edits, { token, flow }, ports.transports.sentBy(flow), settings, charge?.mark);
  const user = new EmergencyAnswers(charge);
  user.context = ports.endpoint().proxy(tx, user);
  user.context.fork(edits, { kind: 'uri', uri: addrUri(route), listener: 'trusted' }, undefined);
  user.context.seal();
};
