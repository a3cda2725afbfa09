// SUBSCRIBE to registration state at the S-CSCF (RFC 3680, RFC 6665 §4.2.1, TS 24.229 §5.4.2.1.1). Durable before answered; the documents
// come from the log (notifier.ts). Called from sprout.ts, which knows how the request came.
import { CommandRejected } from '#libs/decider';
import {
  type Binding,
  liveBindings,
  type Registration,
  subscriptionEntry,
  type SubscriptionRefusal,
} from '#libs/domain';
import type { HomesteadFailure, RegData } from '#libs/homestead-client';
import {
  acceptsType,
  addrUri,
  aorOf,
  detached,
  H,
  isEmergencyContact,
  parseNameAddr,
  secondsOf,
  type ServerTransaction,
  type SipMessage,
  tagOf,
  values,
  withoutParams,
} from '#libs/sip';
import { isInfrastructure, replyBackEndFault, replyFault } from '../faults.js';
import type { SproutPorts, SproutSettings } from '../ports.js';
import type { Profile, ProfileCache } from '../profile-cache.js';
import { updateRegistration } from '../registrar/update-registration.js';
import { assertedWatcher, isEntitled } from './entitled.js';
import { REGINFO_TYPE } from './notify-request.js';

export type RegEvent = Readonly<{ ports: SproutPorts; settings: SproutSettings; profiles: ProfileCache }>;

/** RFC 3680 §4.4. */
const EXPIRES_DEFAULT_S = 3_761;
const TAG_CHARACTERS = 20;
/** LIA: a server is assigned to him (DIAMETER_SUCCESS; TS 29.228 §6.1.4). */
const IS_SERVED = 2001;
const ALLOWED = 'Allow-Events: reg\r\n';

type Refusal = readonly [status: number, reason: string];

const FORBIDDEN: Refusal = [403, 'Forbidden'];
const REFUSALS: Readonly<Record<SubscriptionRefusal, Refusal>> = {
  NotRegistered: [480, 'Temporarily Unavailable'],
  NoSuchSubscription: [481, 'Subscription Does Not Exist'],
  SubscribeOutOfOrder: [500, 'CSeq Out Of Order'],
  SubscriptionTooBrief: [423, 'Interval Too Brief'],
  TooManySubscriptions: [403, 'Too Many Subscriptions'],
};

/** Is it registration state that is asked for, in the one form that it has here? The event's name is compared with its case. */
export const asksForRegistration = (request: SipMessage): boolean =>
  withoutParams(request.header(H.Event) ?? '') === 'reg' && acceptsType(request, REGINFO_TYPE, true);

/** For events that nobody here tells. */
export const refuseEvent = (tx: ServerTransaction): void => tx.reply(489, 'Bad Event', ALLOWED);

type Asked = Readonly<{
  impu: string;
  aor: string;
  profile: Profile;
  row: Registration;
  bindings: readonly Binding[];
  charging: RegData['chargingAddresses'];
}>;

/** Whom To names; undefined: answered. */
const watchedIdentity = (tx: ServerTransaction): string | undefined => {
  const uri = addrUri(tx.request.header(H.To)!);
  const impu = /^(?:sips?|tel):/i.test(uri) ? aorOf(uri) : undefined;
  return impu ?? void tx.reply(404, 'Not Found');
};

const liveOf = (ports: SproutPorts, row: Registration): readonly Binding[] =>
  liveBindings(row, ports.outage.judgedAtMs(ports.clock.nowMs()));

const refused = (tx: ServerTransaction, failure: HomesteadFailure, ports: SproutPorts): void =>
  isInfrastructure(failure) ? replyBackEndFault(tx, failure, ports) : tx.reply(...FORBIDDEN);

/**
 * Can there be a registration to watch? To ask for the profile of somebody who is not registered makes the HSS assign him a server,
 * and the log take an event, at the word of anybody; to ask where he is changes nothing. A stranger learns no more than of one who is not
 * known. False: answered.
 */
const mayBeRegistered = async (
  ports: SproutPorts,
  tx: ServerTransaction,
  impu: string,
  refusal: Refusal,
): Promise<boolean> => {
  if (liveOf(ports, await ports.registrations.load(impu)).length > 0) return true;
  // Of an identity that is not the default one another row tells; Homestead knows of it.
  const answer = await ports.homestead.location(impu);
  if (!answer.ok) refused(tx, answer.failure, ports);
  else if (answer.value.resultCode === IS_SERVED) return true;
  else tx.reply(...refusal);
  return false;
};

/** The registration that To names; undefined: answered. */
const askedRegistration = async (
  { ports, settings, profiles }: RegEvent,
  tx: ServerTransaction,
  refusal: Refusal,
): Promise<Asked | undefined> => {
  const impu = watchedIdentity(tx);
  if (impu === undefined || !(await mayBeRegistered(ports, tx, impu, refusal))) return undefined;
  const answer = await ports.homestead.regData(impu, { reqtype: 'call', serverName: settings.scscfUri });
  if (!answer.ok) return void refused(tx, answer.failure, ports);
  const profile = profiles.profile(answer.value.imsSubscriptionXml);
  if (profile === undefined) {
    ports.observer.fault('profile-unusable');
    replyFault(tx, ports);
    return undefined;
  }
  if (profile.defaultImpu === undefined) return void tx.reply(...FORBIDDEN);
  const row = await ports.registrations.load(profile.defaultImpu);
  const bindings = liveOf(ports, row);
  const charging = answer.value.chargingAddresses;
  return { impu, aor: profile.defaultImpu, profile, row, bindings, charging };
};

/** The watcher's Contact; undefined: answered. */
const contactOf = (tx: ServerTransaction): string | undefined => {
  const [value, ...more] = values(tx.request, H.Contact);
  const contact = value === undefined || more.length > 0 ? undefined : parseNameAddr(value)?.uri;
  if (contact === undefined || !/^sips?:/i.test(contact)) return void tx.reply(400, 'One SIP Contact');
  // What is known of emergency registrations is nobody's to watch.
  if (isEmergencyContact(contact)) return void refuseEvent(tx);
  return contact;
};

const dialogOf = (
  { request }: ServerTransaction,
  subscriptionId: string,
  watcher: string,
  contact: string,
) => {
  const event = request.header(H.Event)!;
  return {
    subscriptionId: detached(subscriptionId),
    watcher: detached(watcher),
    contact: detached(contact),
    routes: values(request, H.RecordRoute).map((route) => detached(route)),
    callId: detached(request.header(H.CallId)!),
    from: detached(request.header(H.From)!),
    to: detached(request.header(H.To)!),
    ...(event === 'reg' ? {} : { event: detached(event) }),
    cseq: request.cseq,
  };
};

const functionAddresses = ({ ccf, ecf }: RegData['chargingAddresses']): string =>
  ccf.length + ecf.length === 0
    ? ''
    : `P-Charging-Function-Addresses: ${[...ccf.map((at) => `ccf=${at}`), ...ecf.map((at) => `ecf=${at}`)].join(';')}\r\n`;

/** Whole header lines of the 200. This router is on the way of the dialog too: its edges go on to what was recorded only. */
const acceptedHeaders = (
  request: SipMessage,
  grantedS: number,
  charging: RegData['chargingAddresses'],
  scscfUri: string,
): string => {
  const routes = [`<${scscfUri};lr>`, ...values(request, H.RecordRoute)];
  return (
    `${routes.map((route) => `Record-Route: ${route}\r\n`).join('')}` +
    `Contact: <${scscfUri}>\r\nExpires: ${grantedS}\r\n${functionAddresses(charging)}`
  );
};

/** Makes the change durable and answers. */
const accept = async (
  { ports, settings }: RegEvent,
  tx: ServerTransaction,
  { aor, charging, bindings }: Asked,
  isNew: boolean,
  dialog: ReturnType<typeof dialogOf>,
): Promise<void> => {
  const { request } = tx;
  const { subMaxExpiresS: maxExpiresS, subMinExpiresS: minExpiresS, scscfUri } = settings;
  const expiresS = secondsOf(request, H.Expires) ?? EXPIRES_DEFAULT_S;
  const nowMs = ports.clock.nowMs();
  try {
    const data = { isNew, nowMs, expiresS, minExpiresS, maxExpiresS, dialog };
    await updateRegistration(ports, aor, { type: 'Subscribe', data });
    if (isNew) tx.toTag = dialog.subscriptionId;
    const grantedS = Math.min(expiresS, maxExpiresS);
    tx.reply(200, 'OK', acceptedHeaders(request, grantedS, charging, scscfUri));
    ports.observer.count('subscribed');
  } catch (error) {
    if (!(error instanceof CommandRejected)) throw error;
    const refusal = (error as CommandRejected<SubscriptionRefusal>).reason;
    // What lapsed while the log let nobody refresh is the log's fault, and no news of the user.
    if (refusal === 'NotRegistered' && bindings.length > 0) return replyFault(tx, ports);
    const [status, reason] = REFUSALS[refusal];
    tx.reply(status, reason, status === 423 ? `Min-Expires: ${minExpiresS}\r\n` : '');
  }
};

/** A SUBSCRIBE outside dialogs. Always answers. Rejects only on defects and store faults. */
export const subscribe = async (context: RegEvent, tx: ServerTransaction): Promise<void> => {
  // First what the request alone tells: nobody is asked for it.
  const impu = watchedIdentity(tx);
  if (impu === undefined) return;
  const contact = contactOf(tx);
  if (contact === undefined) return;
  const watcher = assertedWatcher(tx.request);
  const identity = aorOf(watcher);
  if (identity === undefined) return tx.reply(...FORBIDDEN);
  const asked = await askedRegistration(context, tx, identity === impu ? REFUSALS.NotRegistered : FORBIDDEN);
  if (asked === undefined) return;
  if (!isEntitled(watcher, asked, context.settings.homeDomain)) return tx.reply(...FORBIDDEN);
  const dialog = dialogOf(tx, context.ports.random.token(TAG_CHARACTERS), watcher, contact);
  return accept(context, tx, asked, true, dialog);
};

/** A SUBSCRIBE within a dialog of ours: refreshes it, or ends it. Who knows the dialog was let in when it began. */
export const refreshSubscription = async (context: RegEvent, tx: ServerTransaction): Promise<void> => {
  const { request } = tx;
  const asked = await askedRegistration(context, tx, REFUSALS.NoSuchSubscription);
  if (asked === undefined) return;
  const subscriptionId = tagOf(request.header(H.To)!);
  const known = subscriptionEntry(asked.row.subscriptions, subscriptionId)?.subscription;
  if (known === undefined || tagOf(known.from) !== tagOf(request.header(H.From)!))
    return tx.reply(...REFUSALS.NoSuchSubscription);
  const contact = request.has(H.Contact) ? contactOf(tx) : known.contact;
  if (contact === undefined) return;
  return accept(context, tx, asked, false, dialogOf(tx, subscriptionId, known.watcher, contact));
};
