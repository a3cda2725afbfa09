// Is a request an emergency call, a contact one for emergencies, and what is told to a phone that has to call another way (RFC 5031,
// TS 24.229 §5.1.6.2, §5.1.6.8, §5.2.10, §7.6)?
// Pure. Readers: bono, sprout.
import { plainNumber } from './uri-compare.js';
import { hostPortOf, uriParam, userOf } from './uri.js';

export type EmergencyNumbers = Readonly<{
  /** As they are dialled: `112`. */
  numbers: ReadonlySet<string>;
  homeDomain: string;
}>;

const SERVICE = /^urn:service:sos(?:\.[a-z0-9][a-z0-9-]*)*$/i;
const EMERGENCY = 'urn:service:sos';

const lettersAt = (uri: string, letters: string): boolean =>
  uri.slice(0, letters.length).toLowerCase() === letters;

/** A number before its parameters, as it would be dialled. */
const dialled = (written: string): string => {
  const semicolon = written.indexOf(';');
  return plainNumber(semicolon < 0 ? written : written.slice(0, semicolon));
};

const isAtHome = (uri: string, homeDomain: string): boolean =>
  hostPortOf(uri).replace(/:\d+$/, '').toLowerCase() === homeDomain || uriParam(uri, 'user') === 'phone';

/** The service that is asked for: a URN itself, or that of all emergencies for a number that means one; undefined: none. */
export const emergencyService = (
  uri: string,
  { numbers, homeDomain }: EmergencyNumbers,
): string | undefined => {
  const first = uri.charCodeAt(0) | 0x20;
  if (first === 0x75 /* u */) return SERVICE.test(uri) ? uri.toLowerCase() : undefined;
  if (first === 0x74 /* t */)
    return lettersAt(uri, 'tel:') && numbers.has(dialled(uri.slice(4))) ? EMERGENCY : undefined;
  // Nearly all users have a name: it is seen by its first letter.
  const user = uri.charCodeAt(uri.indexOf(':') + 1);
  if (user > 0x39 || !numbers.has(dialled(userOf(uri)))) return undefined;
  return isAtHome(uri, homeDomain) ? EMERGENCY : undefined;
};

const SOS = /;sos/i;

/**
 * Is this contact URI registered for emergencies alone (TS 24.229 §5.1.6.2)? By a parameter of the URI: the same letters in a user part, a
 * display name or behind the URI are nobody's to go by.
 */
export const isEmergencyContact = (uri: string): boolean =>
  SOS.test(uri) && uriParam(uri, 'sos') !== undefined;

export type AlternativeService = Readonly<{ headers: string; body: string }>;

/** What a 380 says: the call is one, and this network does not take it (this way). `action`: what the phone may do first. */
export const alternativeService = (
  reason: string,
  action?: 'emergency-registration',
): AlternativeService => ({
  headers: 'Content-Type: application/3gpp-ims+xml\r\n',
  body:
    '<?xml version="1.0" encoding="UTF-8"?><ims-3gpp version="1"><alternative-service><type>emergency</type>' +
    `<reason>${reason}</reason>${action === undefined ? '' : `<action>${action}</action>`}</alternative-service></ims-3gpp>`,
});
