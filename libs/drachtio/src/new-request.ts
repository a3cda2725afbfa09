// A request of an application's outside dialogs, made whole (RFC 3261 §8.1.1): what the application says stays, what it leaves out
// is filled in, and where it goes is decided. Reader: application.ts.
import { addrUri, hostPortOf, type NextHop, splitValues, tagOf, uriParam, userOf } from '#libs/sip';
import { appHeader, type AppMessage, headerLinesWithout } from './app-message.js';
import { dialogIdOf, ownContact, refreshesTarget } from './dialog.js';
import type { DrachtioContext, DrachtioSettings } from './drachtio.ports.js';

const OWNED: ReadonlySet<string> = new Set([
  'via', 'from', 'to', 'call-id', 'cseq', 'max-forwards', 'record-route', 'route', 'content-length',
]); // prettier-ignore
const OWNED_WITH_CONTACT: ReadonlySet<string> = new Set([...OWNED, 'contact']);

/** drachtio-srf writes `localhost` where the server is to say who it is. */
const LOCALHOST = /([:@])localhost(?=[;>:?\s]|$)/i;

export type NewRequest = Readonly<{ text: string; hop: NextHop; dialogId: string }>;

/** What an application copies from the request that it got: without the values that led here. */
const routesOf = ({ headers }: AppMessage, { ownHosts }: DrachtioSettings): string[] =>
  headers
    .filter(({ key }) => key === 'route')
    .flatMap(({ value }) => splitValues(value))
    .filter((route) => !ownHosts.has(hostPortOf(addrUri(route)).toLowerCase()));

/** `nextHop`: where the application wants it sent first; with `lr` it is a Route. */
export const newRequest = (
  { ports, settings }: DrachtioContext,
  app: AppMessage,
  nextHop: string,
): NewRequest => {
  const { method, uri, body } = app;
  const { random } = ports;
  const at = (value: string): string => value.replace(LOCALHOST, `$1${settings.homeDomain}`);
  const stated = at(appHeader(app, 'from') ?? `<sip:${settings.homeDomain}>`);
  const from = tagOf(stated) === '' ? `${stated};tag=${random.token(12)}` : stated;
  const to = at(appHeader(app, 'to') ?? `<${uri}>`);
  const callId = appHeader(app, 'call-id') ?? random.token(24);
  const cseq = /^\s*(\d{1,9})\b/.exec(appHeader(app, 'cseq') ?? '')?.[1] ?? '1';
  const routes = routesOf(app, settings);
  if (routes.length === 0 && uriParam(nextHop, 'lr') !== undefined) routes.push(`<${nextHop}>`);
  const isOwnContact = refreshesTarget(method);
  const contact = at(appHeader(app, 'contact') ?? `<sip:${userOf(addrUri(from))}@localhost>`);
  const text =
    `${method} ${uri} SIP/2.0\r\n${routes.map((route) => `Route: ${route}\r\n`).join('')}` +
    `Max-Forwards: ${appHeader(app, 'max-forwards') ?? '70'}\r\nFrom: ${from}\r\nTo: ${to}\r\nCall-ID: ${callId}\r\n` +
    `CSeq: ${cseq} ${method}\r\n${isOwnContact ? `Contact: ${ownContact(settings, contact)}\r\n` : ''}` +
    `${headerLinesWithout(app, isOwnContact ? OWNED_WITH_CONTACT : OWNED)}Content-Length: ${body.length}\r\n\r\n${body}`;
  const first = routes[0];
  const towards = nextHop !== '' ? nextHop : first === undefined ? uri : addrUri(first);
  // A number is for the home domain to find.
  const hopUri = /^sips?:/i.test(towards) ? towards : `sip:${settings.homeDomain}`;
  return {
    text,
    dialogId: dialogIdOf(callId, tagOf(from)),
    hop: { kind: 'uri', uri: hopUri, listener: settings.listener },
  };
};
