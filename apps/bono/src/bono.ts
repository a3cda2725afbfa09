// Bono: the edge proxy (P-CSCF). Which handler a request gets, by the zone it came from and its kind
// (docs/architecture.md §5 and §7). Plain functions; nothing here waits.
import {
  checkFields,
  emergencyService,
  type EndpointUser,
  type Flow,
  H,
  type ServerTransaction,
  type SipMessage,
  tagOf,
  type Urgency,
} from '#libs/sip';
import { ClientFlows } from './client-flows.js';
import { emergencyFromClient } from './handlers/emergency.js';
import { acknowledgeFromClient, inDialogFromClient, initialFromClient } from './handlers/from-client.js';
import { acknowledgeFromCore, requestFromCore } from './handlers/from-core.js';
import { acknowledgeFromTrunk, requestFromTrunk } from './handlers/from-trunk.js';
import { registerFromClient } from './handlers/register.js';
import { hasHost } from './record-route.js';
import { urgencyOf } from './urgency.js';
import { type BonoPorts, type BonoSettings, TRUSTED_LISTENER } from './ports.js';

const ALLOWED_FROM_CORE =
  'Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, MESSAGE, NOTIFY, SUBSCRIBE, REFER, UPDATE, PRACK, INFO, PUBLISH\r\n';

const SCHEMES: ReadonlySet<string> = new Set(['sip', 'sips', 'tel', 'urn']);

const schemeOf = (uri: string): string => uri.slice(0, Math.max(0, uri.indexOf(':'))).toLowerCase();

/** The checks of RFC 3261 §16.3 that the edge makes itself. False: answered. */
const acceptable = (settings: BonoSettings, tx: ServerTransaction): boolean => {
  const { request } = tx;
  const fault = tx.flow.listener === TRUSTED_LISTENER ? undefined : checkFields(request);
  const proxyRequire = request.header(H.ProxyRequire);
  if (fault !== undefined) tx.reply(fault.status, fault.reason);
  else if (!SCHEMES.has(schemeOf(request.requestUri))) tx.reply(416, 'Unsupported URI Scheme');
  else if (proxyRequire !== undefined) tx.reply(420, 'Bad Extension', `Unsupported: ${proxyRequire}\r\n`);
  else if (request.method === 'OPTIONS' && isForNode(settings, request.requestUri)) tx.reply(200, 'OK');
  else if (request.method === 'CANCEL') tx.reply(481, 'Call/Transaction Does Not Exist');
  else return true;
  return false;
};

const isForNode = ({ ownHosts }: BonoSettings, uri: string): boolean =>
  !uri.includes('@') && hasHost(ownHosts, uri);

export type Bono = Readonly<{
  user: EndpointUser;
  flows: ClientFlows;
  /** Who is refused last, when the edge has more to do than it can. */
  urgency: (request: SipMessage, flow: Flow) => Urgency;
}>;

/** The endpoint user that is Bono, with the flows of its clients. */
export const createBono = (ports: BonoPorts, settings: BonoSettings): Bono => {
  const flows = new ClientFlows(ports);

  const fromClient = (tx: ServerTransaction): void => {
    const { request } = tx;
    const inDialog = tagOf(request.header(H.To)!) !== '';
    if (request.method === 'REGISTER') {
      // There is no dialog to register in (RFC 3261 §10.2).
      if (inDialog) return tx.reply(400, 'To Tag In REGISTER');
      return registerFromClient(ports, settings, flows, tx);
    }
    if (inDialog) return inDialogFromClient(ports, settings, flows, tx);
    const service = emergencyService(request.requestUri, settings.emergency);
    if (service !== undefined) return emergencyFromClient(ports, settings, flows, tx, service);
    initialFromClient(ports, settings, flows, tx);
  };
  const fromCore = (tx: ServerTransaction): void => {
    if (tx.request.method === 'REGISTER') return tx.reply(405, 'Method Not Allowed', ALLOWED_FROM_CORE);
    requestFromCore(ports, settings, flows, tx);
  };

  const { trunks } = ports;
  const fromOutside = (tx: ServerTransaction): void => {
    const trunk = trunks?.of(tx.flow);
    if (trunks === undefined || trunk === undefined) fromClient(tx);
    else requestFromTrunk(ports, settings, trunks, trunk, tx);
  };

  const user: EndpointUser = {
    request(tx) {
      const trusted = tx.flow.listener === TRUSTED_LISTENER;
      if (!acceptable(settings, tx)) return;
      if (trusted) fromCore(tx);
      else fromOutside(tx);
    },
    ack(ack, flow) {
      if (flow.listener === TRUSTED_LISTENER) return acknowledgeFromCore(ports, settings, flows, ack);
      const trunk = trunks?.of(flow);
      if (trunk !== undefined) acknowledgeFromTrunk(ports, settings, trunk, ack);
      else acknowledgeFromClient(ports, settings, flows, ack, flow);
    },
    flowClosed: (flow) => flows.closed(flow),
  };
  return {
    user,
    flows,
    urgency: (request, flow) => urgencyOf(flows, ports.clock.nowMs(), request, flow, settings.emergency),
  };
};
