// What an application server sees of a session: the Route there and back, whom it serves, what the call is charged by
// (TS 24.229 §5.4.3.2 step 5, RFC 5502, RFC 7315 §4.5–4.6, RFC 8498). Reader: departure.ts.
import {
  type Edits,
  H,
  parseSipUri,
  type SipMessage,
  uriParam,
  withoutUriHeaders,
  withUriParam,
} from '#libs/sip';
import { isOwn } from '../session/own-route.js';
import type { Chain } from './chain.js';
import { odiUser } from './chain-link.js';

/** The server's URI as a Route; undefined: it is no SIP URI, or this router's own, which would go round. */
export const serverRoute = (serverName: string, ownHosts: ReadonlySet<string>): string | undefined => {
  const uri = withoutUriHeaders(serverName);
  if (parseSipUri(uri) === undefined || isOwn(uri, ownHosts)) return undefined;
  return uriParam(uri, 'lr') === undefined ? withUriParam(uri, 'lr') : uri;
};

/** `<sip:odi_…@scscf:5054;transport=tcp;lr;service=scscf;orig>`: by it the request comes back, on its server's transport. */
export const odiRoute = (iscHost: string, token: string, server: string, chain: Chain): string => {
  const transport = uriParam(server, 'transport');
  const orig = chain.role === 'originating' ? ';orig' : '';
  return `<sip:${odiUser(token)}@${iscHost}${transport === undefined ? '' : `;transport=${transport}`};lr;service=scscf${orig}>`;
};

/** `<sip:alice@ims.test>;sescase=orig;regstate=reg`; RFC 8498: `;orig-cdiv` when the user diverts the session. */
export const servedUserValue = ({
  role,
  sessionCase,
  served: { impu, registered },
}: Pick<Chain, 'role' | 'sessionCase' | 'served'>): string =>
  sessionCase === 'orig-cdiv'
    ? `<${impu}>;orig-cdiv`
    : `<${impu}>;sescase=${role === 'originating' ? 'orig' : 'term'};regstate=${registered ? 'reg' : 'unreg'}`;

/** Addresses of charging functions, where nobody before has said them. */
export const chargingAddresses = (
  request: SipMessage,
  edits: Edits,
  { served: { ccf, ecf } }: Chain,
): void => {
  if (request.has(H.PChargingFunctionAddresses) || ccf.length + ecf.length === 0) return;
  const parts = [...ccf.map((address) => `ccf=${address}`), ...ecf.map((address) => `ecf=${address}`)];
  edits.replace(H.PChargingFunctionAddresses, parts.join(';'));
};
