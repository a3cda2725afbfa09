// Record-Route and Path of the edge: two URIs, one a zone, popped together (RFC 5658, RFC 5626 §5.3, RFC 3327).
import {
  addrUri,
  type Edits,
  type Flow,
  H,
  hostPortOf,
  type SipMessage,
  uriParam,
  userOf,
  values,
} from '#libs/sip';
import type { BonoSettings } from './ports.js';
import { HIDDEN_PARAM } from './private-peer.js';
import type { Trunk } from './trunks/trunk-file.js';

/**
 * WSS has no word of its own in URIs (RFC 7118 §8.2 shows it). TLS has one that RFC 5630 §5.3 is against: without it a SIP URI
 * would lead phones that open a new connection to the TLS port in the clear.
 */
const VIA_TRANSPORT = { udp: 'udp', tcp: 'tcp', tls: 'tls', ws: 'ws', wss: 'ws' } as const;

export const isSecure = ({ transport }: Pick<Flow, 'transport'>): boolean =>
  transport === 'tls' || transport === 'wss';

export const isSips = (uri: string): boolean =>
  uri.charCodeAt(4) === 0x3a && uri.slice(0, 4).toLowerCase() === 'sips';

/** A URI at the side that faces the client; sips where the request is (RFC 3261 §16.6 item 4). */
export const clientSideUri = (user: string, flow: Flow, sentBy: string, requestUri: string): string => {
  if (!isSecure(flow) || !isSips(requestUri))
    return `sip:${user}@${sentBy};transport=${VIA_TRANSPORT[flow.transport]}`;
  return `sips:${user}@${sentBy}${flow.transport === 'wss' ? ';transport=ws' : ''}`;
};

const clientSide = ({ token, flow }: ClientEnd, sentBy: string, requestUri: string): string =>
  `<${clientSideUri(token, flow, sentBy, requestUri)};lr>`;

type ClientEnd = Readonly<{ token: string; flow: Flow }>;

/** In this edge's Record-Route of the core's side: whose session the dialog is charged as (charging/edge-charging.ts). */
export const CHARGE_PARAM = 'charge';

const param = (name: string, value = ''): string => (value === '' ? '' : `;${name}=${value}`);

const coreSide = ({ trustedHostPort }: BonoSettings, hidden?: string, charge?: string): string =>
  `<sip:${trustedHostPort};transport=tcp;lr${param(HIDDEN_PARAM, hidden)}${param(CHARGE_PARAM, charge)}>`;

/** Is the URI's host:port one of these (lower case)? */
export const hasHost = (hosts: ReadonlySet<string>, uri: string): boolean =>
  hosts.has(hostPortOf(uri).toLowerCase());

/** For a request from a client to the core: the core's side ends on top. */
export const recordClientToCore = (
  edits: Edits,
  client: ClientEnd,
  sentBy: string,
  settings: BonoSettings,
  charge?: string,
): void => {
  edits.prepend(H.RecordRoute, clientSide(client, sentBy, edits.message.requestUri));
  edits.prepend(H.RecordRoute, coreSide(settings, undefined, charge));
};

/** For a request from the core to a client: the client's side ends on top. `hidden`: the mark of a private peer's dialog; `charge`: of one that is charged. */
export const recordCoreToClient = (
  edits: Edits,
  client: ClientEnd,
  sentBy: string,
  settings: BonoSettings,
  { hidden, charge }: Readonly<{ hidden: string | undefined; charge: string | undefined }>,
): void => {
  edits.prepend(H.RecordRoute, coreSide(settings, hidden, charge));
  edits.prepend(H.RecordRoute, clientSide(client, sentBy, edits.message.requestUri));
};

/** Path of a REGISTER: the token at the trusted side; `ob` when the client is the first hop (RFC 5626 §5.1). */
export const pathValue = (token: string, firstHop: boolean, { trustedHostPort }: BonoSettings): string =>
  `<sip:${token}@${trustedHostPort};transport=tcp;lr${firstHop ? ';ob' : ''}>`;

/** The flow token that one of this edge's own Route URIs carries; of several the last. */
export const tokenIn = (uris: readonly string[]): string | undefined =>
  uris.map(userOf).findLast((user) => user !== '');

/** Takes own Route values off the top: `popped`, bare. `token`: the flow token that one of them carried. */
export const popOwnRoutes = (
  edits: Edits,
  ownHosts: ReadonlySet<string>,
): Readonly<{ popped: readonly string[]; token: string | undefined }> => {
  const popped: string[] = [];
  for (let top = edits.topValue(H.Route); top !== undefined; top = edits.topValue(H.Route)) {
    const uri = addrUri(top);
    if (!hasHost(ownHosts, uri)) break;
    popped.push(uri);
    edits.popValue(H.Route);
  }
  return { popped, token: tokenIn(popped) };
};

/** In this edge's Record-Route of the side that faces a trunk, and in the operator's routes: which trunk. */
const TRUNK_PARAM = 'trunk';

const trunkSide = ({ name }: Pick<Trunk, 'name'>, at: string, requestUri: string): string =>
  isSips(requestUri)
    ? `<sips:${at.replace(/;transport=.*$/, '')};lr;${TRUNK_PARAM}=${name}>`
    : `<sip:${at};lr;${TRUNK_PARAM}=${name}>`;

/** For a request from a trunk to the core. */
export const recordTrunkToCore = (
  edits: Edits,
  { trunk, flow }: Readonly<{ trunk: Trunk; flow: Flow }>,
  sentBy: string,
  settings: BonoSettings,
): void => {
  const at = `${sentBy};transport=${VIA_TRANSPORT[flow.transport]}`;
  edits.prepend(H.RecordRoute, trunkSide(trunk, at, edits.message.requestUri));
  edits.prepend(H.RecordRoute, coreSide(settings));
};

/** This edge's values, of the side that faces a trunk (`at`: `host:port;transport=udp`), and of the other. */
export const trunkSideValue = (edits: Edits, trunk: Trunk, at: string): string =>
  trunkSide(trunk, at, edits.message.requestUri);
export const coreSideValue = (settings: BonoSettings): string => coreSide(settings);

/** For a request from the core to a trunk; `at`: `host:port;transport=udp` of the side that faces it. */
export const recordCoreToTrunk = (edits: Edits, trunk: Trunk, at: string, settings: BonoSettings): void => {
  edits.prepend(H.RecordRoute, coreSide(settings));
  edits.prepend(H.RecordRoute, trunkSide(trunk, at, edits.message.requestUri));
};

/** The trunk that one of this edge's own Route URIs names. */
export const trunkIn = (uris: readonly string[]): string | undefined => {
  for (const uri of uris) {
    const name = uriParam(uri, TRUNK_PARAM);
    if (name !== undefined) return name;
  }
  return undefined;
};

/**
 * The trunk that a request comes from with nobody in between who serves a user of this network: he would have recorded himself. By what
 * this edge recorded of it.
 */
export const trunkRecorded = (request: SipMessage, ownHosts: ReadonlySet<string>): string | undefined => {
  for (const value of values(request, H.RecordRoute)) {
    const uri = addrUri(value);
    if (!hasHost(ownHosts, uri)) return undefined;
    const name = trunkIn([uri]);
    if (name !== undefined) return name;
  }
  return undefined;
};
