// The Contact headers of a REGISTER as the registrar's commands take them (RFC 3261 §10.2.1, RFC 5626 §4.2).
import type { ContactRequest } from '#libs/domain';
import {
  addrUri,
  detached,
  H,
  hasOption,
  headerParam,
  isEmergencyContact,
  parseNameAddr,
  parseSeconds,
  removeParam,
  type SipMessage,
  uriParam,
  values,
} from '#libs/sip';

/** Contacts of one REGISTER; more is no client but a mistake or an attack: 400. */
export const CONTACTS_MAX = 20;
const EXPIRES_DEFAULT_MAX_S = 2 ** 32 - 1;

export type ContactRequests =
  | Readonly<{
      ok: true;
      contacts: readonly ContactRequest[];
      all: boolean;
      /**
       * RFC 5626 §6: `refused` is a flow asked for through an edge that does not keep flows (439); a reg-id of a client that does
       * not say that it supports outbound is as if it were not there.
       */
      outbound: 'no' | 'granted' | 'refused';
    }>
  | Readonly<{ ok: false; reason: string }>;

const bad = (reason: string): ContactRequests => ({ ok: false, reason });

const qOf = (value: string): number => {
  const q = Number(headerParam(value, 'q') ?? 1);
  // Three decimals (RFC 3261 §25.1): the answer lists it.
  return q >= 0 && q <= 1 ? Math.round(q * 1000) / 1000 : 1;
};

/** 1 to 2^31-1 (RFC 5626 §10); anything else is as if it were not there. */
const regIdOf = (text: string): number | undefined => {
  const regId = /^[0-9]+$/.test(text) ? Number(text) : 0;
  return regId >= 1 && regId < 2 ** 31 ? regId : undefined;
};

/** What the registrar answers itself: not kept of what the client sent. */
const OWN_PARAMS = ['expires', 'q'];
const GRUU_PARAMS = ['pub-gruu', 'temp-gruu'];
const GRUU = /gruu/i;

/** Contact parameters as sent, quoted ones untouched. Hardly a client sends GRUUs back: one look spares two walks. */
const keptParams = (params: string): string => {
  const kept = OWN_PARAMS.reduce(removeParam, params);
  return GRUU.test(kept) ? GRUU_PARAMS.reduce(removeParam, kept) : kept;
};

/**
 * One name for a contact however its letters are written: all but the user part is compared without case (RFC 3261 §19.1.4). Another
 * order of parameters names another binding.
 */
const spellingOf = (uri: string): string => {
  const host = uri.indexOf('@') + 1;
  const user = uri.indexOf(':') + 1;
  return `${uri.slice(0, user).toLowerCase()}${uri.slice(user, host)}${uri.slice(Math.max(user, host)).toLowerCase()}`;
};

const contactRequest = (
  value: string,
  expiresDefaultS: number,
  isOutbound: boolean,
): ContactRequest | string => {
  const nameAddr = parseNameAddr(value);
  if (nameAddr === undefined) return 'Contact does not parse';
  const { uri, params } = nameAddr;
  if (!/^sips?:/i.test(uri)) return 'Contact is no SIP URI';
  const expires = headerParam(value, 'expires');
  const expiresS = expires === undefined ? expiresDefaultS : (parseSeconds(expires) ?? expiresDefaultS);
  const instance = headerParam(value, '+sip.instance');
  const regIdText = isOutbound ? headerParam(value, 'reg-id') : undefined;
  const regId = regIdText === undefined ? undefined : regIdOf(regIdText);
  const emergency = isEmergencyContact(uri);
  const binding =
    instance === undefined ? spellingOf(uri) : `${instance}${regId === undefined ? '' : `:${regId}`}`;
  const contact: { -readonly [K in keyof ContactRequest]: ContactRequest[K] } = {
    bindingId: emergency ? `sos${binding}` : binding,
    contact: uri,
    params: keptParams(params),
    q: qOf(value),
    expiresS,
  };
  if (instance !== undefined) contact.instance = instance;
  if (regId !== undefined) contact.regId = regId;
  if (emergency) contact.emergency = emergency;
  return contact;
};

const hasFlow = ({ instance, regId }: ContactRequest): boolean =>
  instance !== undefined && regId !== undefined;

/** A flow is kept by the edge next to the client: it says so in the Path that it leaves, or there is no edge at all. */
const edgeKeepsFlows = (request: SipMessage): boolean => {
  const edge = values(request, H.Path).at(-1);
  if (edge === undefined) return values(request, H.Via).length === 1;
  return uriParam(addrUri(edge), 'ob') !== undefined;
};

/** `Contact: *` is `all`; it must stand alone and with Expires: 0 (RFC 3261 §10.2.2). */
export const contactRequests = (request: SipMessage, defaultExpiresS: number): ContactRequests => {
  const isOutbound = hasOption(request, H.Supported, 'outbound');
  const contactValues = values(request, H.Contact);
  const expiresHeader = request.header(H.Expires);
  const expiresS = expiresHeader === undefined ? undefined : parseSeconds(expiresHeader);
  if (contactValues.length > CONTACTS_MAX) return bad('Too many contacts');
  if (contactValues.includes('*')) {
    if (contactValues.length !== 1 || expiresS !== 0) return bad('Contact * stands alone, with Expires: 0');
    return { ok: true, contacts: [], all: true, outbound: 'no' };
  }
  const contacts: ContactRequest[] = [];
  for (const value of contactValues) {
    // A binding outlives its REGISTER: it must not keep all of it.
    const contact = contactRequest(
      detached(value),
      Math.min(expiresS ?? defaultExpiresS, EXPIRES_DEFAULT_MAX_S),
      isOutbound,
    );
    if (typeof contact === 'string') return bad(contact);
    contacts.push(contact);
  }
  // RFC 5626 §6: one flow a request; others it may take away.
  if (contacts.some(hasFlow) && contacts.filter(({ expiresS: asked }) => asked > 0).length > 1)
    return bad('A flow is registered alone');
  const outbound = !contacts.some(hasFlow) ? 'no' : edgeKeepsFlows(request) ? 'granted' : 'refused';
  return { ok: true, contacts, all: false, outbound };
};

/** What nearly no REGISTER says, and every one for emergencies. */
const MENTIONS_EMERGENCIES = /;sos/i;

/**
 * Is it for emergencies, and for nothing else? By what would be bound of it: who only writes the word somewhere, or asks for another
 * contact beside, is to be let in as for any other registration.
 */
export const isForEmergencies = (request: SipMessage): boolean => {
  if (!MENTIONS_EMERGENCIES.test(request.header(H.Contact) ?? '')) return false;
  const asked = contactRequests(request, 0);
  return asked.ok && asked.contacts.length > 0 && asked.contacts.every(({ emergency }) => emergency === true);
};
