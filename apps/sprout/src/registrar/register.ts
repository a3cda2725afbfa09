// REGISTER at the I-CSCF and the S-CSCF (RFC 3261 §10.3, TS 24.229 §5.3.1, §5.4.1): assign, authenticate, bind, answer.
// Durable before answered: the 200 OK leaves only after the log has the events.
import { CommandRejected } from '#libs/decider';
import type { HomesteadFailure, RegData } from '#libs/homestead-client';
import {
  nextExpiryMs,
  type Registration,
  type RegistrationCommand,
  type RegistrationRefusal,
} from '#libs/domain';
import {
  aorOf,
  detached,
  H,
  hasOption,
  hostPortOf,
  optionTags,
  authorizationFor,
  parseNameAddr,
  type ServerTransaction,
  type SipMessage,
  uriEquals,
  values,
} from '#libs/sip';
import { authenticate, type Authenticator, claimedImpi } from '../authentication/authenticate.js';
import { isProtected, isVouchedFor, withoutDoubtfulMark } from '../authentication/vouched-for.js';
import { isInfrastructure, replyBackEndFault, replyFault } from '../faults.js';
import { gruuParams } from '../gruu/gruus.js';
import type { SproutPorts, SproutSettings } from '../ports.js';
import type { Profile, ProfileCache } from '../profile-cache.js';
import { type ContactRequests, contactRequests, isForEmergencies } from './contact-requests.js';
import { type AnswerOptions, registerAnswerHeaders } from './register-answer.js';
import { isForRegistrar } from './registrar-names.js';
import { newsOfRegister } from '../third-party/news-of-register.js';
import { type Noted, updateRegistration } from './update-registration.js';

export type Registrar = Readonly<{
  ports: SproutPorts;
  settings: SproutSettings;
  authenticator: Authenticator;
  profiles: ProfileCache;
}>;

const REFUSALS: Readonly<Record<RegistrationRefusal, readonly [status: number, reason: string]>> = {
  StaleCSeq: [500, 'CSeq Out Of Order'],
  IntervalTooBrief: [423, 'Interval Too Brief'],
  TooManyBindings: [403, 'Too Many Contacts'],
  TooManyRemovals: [403, 'Too Many Changes'],
};

/** The public identity being registered, from To; undefined when it is no sip or tel identity. */
const registeredIdentity = (tx: ServerTransaction): string | undefined => {
  const to = parseNameAddr(tx.request.header(H.To)!);
  const impu = to !== undefined && /^(?:sips?|tel):/i.test(to.uri) ? aorOf(to.uri) : undefined;
  // Bindings keep it, and must not keep the message.
  return impu === undefined ? undefined : detached(impu);
};

/** Homestead does not let the user register here, or did not answer. */
const replyFailure = (tx: ServerTransaction, failure: HomesteadFailure, ports: SproutPorts): void => {
  if (isInfrastructure(failure)) replyBackEndFault(tx, failure, ports);
  else tx.reply(403, 'Forbidden');
};

type RegisteredProfile = Profile & Readonly<{ defaultImpu: string }>;

const hasDefault = (profile: Profile): profile is RegisteredProfile => profile.defaultImpu !== undefined;

/** The user's profile with the server assigned; undefined: answered. */
const assignedProfile = (
  { ports, profiles }: Registrar,
  tx: ServerTransaction,
  { imsSubscriptionXml }: RegData,
): RegisteredProfile | undefined => {
  const profile = profiles.profile(imsSubscriptionXml);
  if (profile === undefined) {
    ports.observer.fault('profile-unusable');
    replyFault(tx, ports);
    return undefined;
  }
  if (hasDefault(profile)) return profile;
  tx.reply(400, 'No Identity To Register');
  return undefined;
};

const replyRefusal = (
  tx: ServerTransaction,
  refused: RegistrationRefusal,
  settings: SproutSettings,
): void => {
  const [status, reason] = REFUSALS[refused];
  tx.reply(status, reason, status === 423 ? `Min-Expires: ${settings.regMinExpiresS}\r\n` : '');
};

type Requested = Extract<ContactRequests, { ok: true }>;
type Shared = Extract<RegistrationCommand, { type: 'RegisterContacts' }>['data']['shared'];

/**
 * Copies of texts that outlive their message, and the last copy again while the same text comes: devices behind one trunk or one edge
 * have much in common.
 */
const copies = () => {
  let last = '';
  return (text: string): string => (text === last ? last : (last = detached(text)));
};
/** The set's own text of an identity, which is there anyway. */
const own = (identities: readonly string[], impu: string): string =>
  identities[identities.indexOf(impu)] ?? impu;

const copyOfPath = copies();
const copyOfUserAgent = copies();
const copyOfNetwork = copies();

/** What all bindings of one REGISTER share. They outlive it and must not keep all of it: copies. */
const sharedOf = (
  request: SipMessage,
  user: { impi: string; impu: string; identities: readonly string[] },
): Shared => {
  const shared: { -readonly [K in keyof Shared]: Shared[K] } = {
    impi: user.impi,
    impu: own(user.identities, user.impu),
    identities: user.identities,
    path: values(request, H.Path).map(copyOfPath),
  };
  if (hasOption(request, H.Supported, 'gruu')) shared.gruu = true;
  const userAgent = request.header(H.UserAgent);
  const visitedNetwork = request.header(H.PVisitedNetworkId);
  const accessNetwork = request.header(H.PAccessNetworkInfo);
  const chargingVector = request.header(H.PChargingVector);
  if (userAgent !== undefined) shared.userAgent = copyOfUserAgent(userAgent);
  if (visitedNetwork !== undefined) shared.visitedNetwork = copyOfNetwork(visitedNetwork);
  if (accessNetwork !== undefined) shared.accessNetwork = detached(accessNetwork);
  if (chargingVector !== undefined) shared.chargingVector = detached(chargingVector);
  return shared;
};

const command = (
  registrar: Registrar,
  tx: ServerTransaction,
  requested: Requested,
  user: { impi: string; impu: string; identities: readonly string[] },
) => {
  const { settings, ports } = registrar;
  const { request } = tx;
  const common = {
    callId: detached(request.header(H.CallId)!),
    cseq: request.cseq,
    nowMs: ports.clock.nowMs(),
    maxExpiresS: settings.regMaxExpiresS,
  };
  if (requested.all) return { type: 'RemoveAllBindings', data: { cause: 'client', ...common } } as const;
  return {
    type: 'RegisterContacts',
    data: {
      ...common,
      contacts: requested.contacts,
      minExpiresS: settings.regMinExpiresS,
      shared: sharedOf(request, user),
    },
  } as const;
};

/** Releases the server that was assigned when no binding is left. The client's answer does not wait for it. */
const releaseServer = async (
  { ports, settings }: Registrar,
  aor: string,
  impu: string,
  impi: string,
): Promise<void> => {
  try {
    // Read again: the phone may have come back while its removal was written.
    if (nextExpiryMs(await ports.registrations.load(aor)) !== undefined) return;
    await ports.homestead.regData(impu, { reqtype: 'dereg-user', serverName: settings.scscfUri, impi });
  } catch (error) {
    ports.observer.fault('homestead-dereg', error);
  }
};

const NO_TAGS: readonly string[] = [];
/** Extensions that a REGISTER may insist on here. */
const KNOWN_TAGS: ReadonlySet<string> = new Set(['path', 'outbound', 'gruu']);
const isUnknown = (tag: string): boolean => !KNOWN_TAGS.has(tag);

type Authenticated = Readonly<{
  impi: string;
  impu: string;
  profile: RegisteredProfile;
  charging: RegData['chargingAddresses'];
}>;

/** Of an emergency the HSS is told: where a user may register otherwise does not count then (TS 29.228 §6.1.1). */
const registering = (request: SipMessage) => {
  const visitedNetwork = request.header(H.PVisitedNetworkId) ?? '';
  const usual = { visitedNetwork, authType: 'REG' } as const;
  return isForEmergencies(request) ? { ...usual, emergency: true } : usual;
};

/** An emergency registration ends by its time alone (TS 24.229 §5.4.8.3). */
const endsEmergency = ({ contacts }: Requested): boolean =>
  contacts.some(({ emergency, expiresS }) => emergency === true && expiresS === 0);

/** A device's contact that would lead back here: the address of record itself, or a GRUU of it (RFC 5627 §5.1). */
const leadsBack = ({ gruus }: SproutPorts, { contacts }: Requested, impu: string): boolean =>
  contacts.some(({ contact, expiresS, instance }) => {
    if (instance === undefined || expiresS === 0) return false;
    // Nearly none names this network at all.
    if (hostPortOf(contact).toLowerCase() !== hostPortOf(impu)) return false;
    const gruu = gruus.read(contact);
    if (gruu === undefined) return uriEquals(contact, impu);
    return gruu.kind === 'public' ? aorOf(contact) === impu : gruu.kind === 'temporary' && gruu.impu === impu;
  });

/** GRUUs are of the identity that was registered; of another SIP identity of the set where that one is a number. */
const gruuIdentity = (impu: string, identities: readonly string[]): string | undefined =>
  [impu, ...identities].find((identity) => identity.startsWith('sip') && identities.includes(identity));

const answerOptions = (
  { ports: { gruus } }: Registrar,
  request: SipMessage,
  { outbound, contacts }: Requested,
  { impu, identities }: Readonly<{ impu: string; identities: readonly string[] }>,
): AnswerOptions => {
  const hasOwnFlow = outbound === 'granted';
  const isEmergency = contacts.some(({ emergency }) => emergency === true);
  const named = hasOption(request, H.Supported, 'gruu') ? gruuIdentity(impu, identities) : undefined;
  return named === undefined
    ? { hasOwnFlow, isEmergency }
    : { hasOwnFlow, isEmergency, gruusOf: (binding, all) => gruuParams(gruus, named, binding, all) };
};

/** Makes the change durable and answers. */
const bind = async (
  registrar: Registrar,
  tx: ServerTransaction,
  requested: Requested,
  { impi, impu, profile, charging }: Authenticated,
): Promise<void> => {
  const { ports, settings } = registrar;
  const { identities, defaultImpu } = profile;
  try {
    const wanted = command(registrar, tx, requested, { impi, impu, identities });
    const options = answerOptions(registrar, tx.request, requested, { impu, identities });
    const answerFor = (row: Registration): string =>
      registerAnswerHeaders(tx.request, row, identities, settings, ports.clock.nowMs(), options);
    const noted: Noted | undefined = profile.tellsServers
      ? (before, events) =>
          newsOfRegister(registrar, tx, { impu, profile, charging, before, events, answerFor })
      : undefined;
    const { after } = await updateRegistration(ports, defaultImpu, wanted, noted);
    tx.reply(200, 'OK', answerFor(after));
    ports.observer.count('registered');
    if (nextExpiryMs(after) === undefined) void releaseServer(registrar, defaultImpu, impu, impi);
  } catch (error) {
    if (!(error instanceof CommandRejected)) throw error;
    replyRefusal(tx, (error as CommandRejected<RegistrationRefusal>).reason, settings);
    void releaseServer(registrar, defaultImpu, impu, impi);
  }
};

/**
 * Handles a REGISTER that reached the I-CSCF or the S-CSCF, in the order of RFC 3261 §10.3: who it is comes before what is asked.
 * Always answers. Rejects only on defects and store faults.
 */
export const register = async (registrar: Registrar, tx: ServerTransaction): Promise<void> => {
  const { ports, settings, authenticator } = registrar;
  const { homestead } = ports;
  const { request } = tx;
  // Step 1.
  if (!isForRegistrar(request.requestUri, settings)) return tx.reply(404, 'Not Found');
  const impu = registeredIdentity(tx);
  if (impu === undefined) return tx.reply(404, 'Not Found');
  // Step 2 (RFC 3261 §8.2.2.3).
  const unknown = request.has(H.Require) ? optionTags(request, H.Require).filter(isUnknown) : NO_TAGS;
  if (unknown.length > 0) return tx.reply(420, 'Bad Extension', `Unsupported: ${unknown.join(', ')}\r\n`);
  const stated = authorizationFor(request, settings.homeDomain)?.credentials;
  const credentials = withoutDoubtfulMark(request, stated);
  const impi = claimedImpi(credentials, impu);
  // TS 24.229 §5.3.1: may the user register, and where?
  const status = await homestead.registrationStatus(impi, impu, registering(request));
  if (!status.ok && isInfrastructure(status.failure)) return replyBackEndFault(tx, status.failure, ports);
  const claim = { impi, impu, credentials };
  const vouched = isProtected(credentials) && (await isVouchedFor(registrar, tx, claim));
  if (!vouched && !(await authenticate(authenticator, tx, claim))) return;
  // Only who has proved who he is learns that he may not register.
  if (!status.ok) return tx.reply(403, 'Forbidden');
  const requested = contactRequests(request, settings.regMaxExpiresS);
  if (!requested.ok) return tx.reply(400, requested.reason);
  if (endsEmergency(requested)) return tx.reply(501, 'Not Implemented');
  if (leadsBack(ports, requested, impu)) return tx.reply(403, 'Contact Leads Back');
  if (requested.outbound === 'refused') return tx.reply(439, 'First Hop Lacks Outbound Support');
  const assigned = await homestead.regData(impu, { reqtype: 'reg', serverName: settings.scscfUri, impi });
  if (!assigned.ok) return replyFailure(tx, assigned.failure, ports);
  const profile = assignedProfile(registrar, tx, assigned.value);
  if (profile === undefined) return;
  const charging = assigned.value.chargingAddresses;
  return bind(registrar, tx, requested, { impi, impu, profile, charging });
};
