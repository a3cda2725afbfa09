// Where a request goes when the originating chain is at its end, or when nobody here has the callee: to a user of this domain,
// to another domain as it is, or along the operator's routes (the BGCF). Numbers are translated first where ENUM is configured.
// TS 24.229 §5.4.3.2 steps 9–11, §5.3.2.1A, §5.6.2; docs/clearwater/sip.md §3.7, §3.10.
import { hostPortOf, parseUri } from '#libs/sip';
import { noteCall, openingEvents } from '../session/call-record.js';
import { isOwn } from '../session/own-route.js';
import { refuse, type Session, type SessionContext, type Step } from '../session/session.js';
import { type CalledNumber, calledNumber } from './called-number.js';

export type Way =
  | Readonly<{ kind: 'home' }>
  | Readonly<{ kind: 'onward' }>
  /** Put on as Routes, the first the next hop. */
  | Readonly<{ kind: 'routes'; routes: readonly string[] }>;

const HOME: Step<Way> = { ok: true, value: { kind: 'home' } };
const ONWARD: Step<Way> = { ok: true, value: { kind: 'onward' } };
/** A URN, say: of service URNs those of emergencies alone are known (session/emergency.ts). */
const NO_WAY = refuse(404, 'Not Found', 'nothing says where this URI leads');
const NO_ROUTE = refuse(404, 'Not Found', 'no route leads to this number');
/** Nobody could say what the number means: that is no user's 404. */
const NO_ENUM = refuse(504, 'Server Time-out', 'ENUM did not answer, and no route leads to this number');

const IS_SIP = /^sips?:/i;

/** True when the Request-URI is for a user (or a number) of this domain. */
export const isHome = ({ settings }: Pick<SessionContext, 'settings'>, requestUri: string): boolean =>
  /^tel:/i.test(requestUri) ||
  isOwn(requestUri, settings.ownHosts) ||
  // A public identity has no port (TS 23.003 §13.4).
  hostPortOf(requestUri).toLowerCase().startsWith(`${settings.homeDomain}:`);

/** Most calls are to a name of ours: those need no look at what a number is. */
const mayBeNumber = (requestUri: string): boolean => {
  const first = requestUri.charCodeAt(requestUri.indexOf(':') + 1);
  return first < 0x40 || requestUri.startsWith('tel:') || requestUri.includes('user=');
};

const numberIn = ({ settings }: SessionContext, { requestUri }: Session): CalledNumber | undefined =>
  mayBeNumber(requestUri) ? calledNumber(requestUri, settings.numbers) : undefined;

/** What ENUM knows takes the number's place: a real SIP URI always, portability data where there was none yet. */
const translate = async (context: SessionContext, session: Session): Promise<void> => {
  const { settings, ports } = context;
  const { translator } = ports;
  const called = numberIn(context, session);
  if (translator === undefined || called === undefined || session.translation !== undefined) return;
  if (settings.numbers.enforceGlobalOnlyLookups && !called.isGlobal) return;
  const translation = await translator.translate(called.number);
  session.translation = translation.kind;
  if (translation.kind === 'failed') return ports.observer.fault('enum');
  if (translation.kind === 'none') return;
  const { uri } = translation;
  const parsed = parseUri(uri);
  if (!parsed.ok || !(IS_SIP.test(uri) || parsed.uri.scheme === 'tel'))
    return ports.observer.fault('enum-unusable');
  const found = calledNumber(uri, settings.numbers);
  if (found !== undefined) {
    if (found.rn === undefined && !found.npdi) return; // the number again
    if (called.npdi && !settings.numbers.overrideNpdi) return;
  }
  noteCall(ports, session.icid, [
    ...openingEvents(session),
    { type: 'NumberTranslated', data: { requestUri: session.requestUri, translated: uri } },
  ]);
  session.requestUri = uri;
};

/** The BGCF: by the routing number, the number, or the domain. */
const breakOut = (context: SessionContext, session: Session, called: CalledNumber | undefined): Step<Way> => {
  const { ports } = context;
  const routes = ports.routingTables?.bgcf;
  const { requestUri } = session;
  const route =
    called === undefined
      ? routes?.ofDomain(hostPortOf(requestUri).replace(/:\d+$/, ''))
      : routes?.ofNumber(called.rn ?? called.number);
  if (route === undefined) {
    if (called === undefined) return ONWARD;
    return session.translation === 'failed' ? NO_ENUM : NO_ROUTE;
  }
  noteCall(ports, session.icid, [
    ...openingEvents(session),
    { type: 'BreakoutChosen', data: { requestUri, rule: route.name, routes: route.routes } },
  ]);
  ports.observer.count('breakout');
  return { ok: true, value: { kind: 'routes', routes: route.routes } };
};

const wayOutOf = (context: SessionContext, session: Session, called?: CalledNumber): Step<Way> => {
  // Who has ENUM has all numbers in it: what it does not know is not ours. Else the subscribers' numbers are asked first.
  const isElsewhere = called?.rn !== undefined || (called !== undefined && session.translation !== undefined);
  if (isElsewhere) return breakOut(context, session, called);
  if (isHome(context, session.requestUri)) return HOME;
  return IS_SIP.test(session.requestUri) ? breakOut(context, session, called) : NO_WAY;
};

/** At the end of the originating chain, or of a request that comes without one. A promise only where ENUM is asked. */
export const wayOut = (context: SessionContext, session: Session): Step<Way> | Promise<Step<Way>> => {
  const called = numberIn(context, session);
  if (called === undefined || session.originating === undefined || context.ports.translator === undefined)
    return wayOutOf(context, session, called);
  return translate(context, session).then(() => wayOutOf(context, session, numberIn(context, session)));
};

/** Nobody here has the callee: `home` where ENUM gave another name to look for, undefined where it stays at that. */
export const wayOutUnknown = async (
  context: SessionContext,
  session: Session,
): Promise<Step<Way> | undefined> => {
  if (numberIn(context, session) === undefined) return undefined;
  const before = session.requestUri;
  await translate(context, session);
  const called = numberIn(context, session);
  const isOther = session.requestUri !== before;
  if (isOther && called?.rn === undefined && isHome(context, session.requestUri)) return HOME;
  const way = breakOut(context, session, called);
  // Without any route it is the caller's number that is wrong, as it was.
  return !way.ok && way === NO_ROUTE ? undefined : way;
};
