// Record-Route and Path of the edge: two URIs, one a zone, popped together (RFC 5658, RFC 5626 §5.3, RFC 3327).
import { addrUri, type Edits, type Flow, H, hostPortOf, userOf } from '#libs/sip';
import type { BonoSettings } from './ports.js';

/** WSS has no word of its own in URIs (RFC 7118 §8.2 shows it); TLS has one that RFC 3261 §26.2.2 deprecates and phones know. */
const VIA_TRANSPORT = { udp: 'udp', tcp: 'tcp', tls: 'tls', ws: 'ws', wss: 'ws' } as const;

/** `<sip:TOKEN@public;transport=udp;lr>`: the side that faces the client. */
const clientSide = (token: string, flow: Flow, sentBy: string): string =>
  `<sip:${token}@${sentBy};transport=${VIA_TRANSPORT[flow.transport]};lr>`;

const coreSide = ({ trustedHostPort }: BonoSettings): string => `<sip:${trustedHostPort};transport=tcp;lr>`;

/** Is the URI's host:port one of these (lower case)? */
export const hasHost = (hosts: ReadonlySet<string>, uri: string): boolean =>
  hosts.has(hostPortOf(uri).toLowerCase());

/** For a request from a client to the core: the core's side ends on top. */
export const recordClientToCore = (
  edits: Edits,
  client: { token: string; flow: Flow },
  sentBy: string,
  settings: BonoSettings,
): void => {
  edits.prepend(H.RecordRoute, clientSide(client.token, client.flow, sentBy));
  edits.prepend(H.RecordRoute, coreSide(settings));
};

/** For a request from the core to a client: the client's side ends on top. */
export const recordCoreToClient = (
  edits: Edits,
  client: { token: string; flow: Flow },
  sentBy: string,
  settings: BonoSettings,
): void => {
  edits.prepend(H.RecordRoute, coreSide(settings));
  edits.prepend(H.RecordRoute, clientSide(client.token, client.flow, sentBy));
};

/** Path of a REGISTER: the token at the trusted side; `ob` when the client is the first hop (RFC 5626 §5.1). */
export const pathValue = (token: string, firstHop: boolean, { trustedHostPort }: BonoSettings): string =>
  `<sip:${token}@${trustedHostPort};transport=tcp;lr${firstHop ? ';ob' : ''}>`;

/** The flow token that one of this edge's own Route URIs carries; of several the last. */
export const tokenIn = (uris: readonly string[]): string | undefined =>
  uris.map(userOf).findLast((user) => user !== '');

/** Takes own Route values off the top. `token`: the flow token that one of them carried. */
export const popOwnRoutes = (
  edits: Edits,
  ownHosts: ReadonlySet<string>,
): Readonly<{ token: string | undefined }> => {
  const popped: string[] = [];
  for (let top = edits.topValue(H.Route); top !== undefined; top = edits.topValue(H.Route)) {
    const uri = addrUri(top);
    if (!hasHost(ownHosts, uri)) break;
    popped.push(uri);
    edits.popValue(H.Route);
  }
  return { token: tokenIn(popped) };
};
