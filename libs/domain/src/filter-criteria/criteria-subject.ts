// What a criterion may look at in a request, and how its Request-URI is read (TS 29.228 Annex F, Table F.1).
// Sprout gives a view of its parsed message; nothing here knows libs/sip.
import type { RegistrationType, SessionCase } from './service-profile.js';

export interface CriteriaSubject {
  readonly method: string;
  readonly requestUri: string;
  readonly sessionCase: SessionCase;
  /** Read for orig-cdiv only, where the session case does not tell: is the diverting user registered? Absent: yes. */
  readonly registered?: boolean;
  /** For REGISTER: what it does to the registration. */
  readonly registrationType?: RegistrationType | undefined;
  /** Names of the headers there are, each at least once, compact forms spelled out; asked at most once a trigger. */
  headerNames(): readonly string[];
  /** Values of the headers of this name, unfolded; the case of the name does not matter. */
  headerValues(name: string): readonly string[];
  /** The session description, '' when the body is something else. */
  sdp(): string;
}

/** TS 29.228 ProfilePartIndicator: the registration state of the served user. */
export const isRegistered = (subject: CriteriaSubject): boolean => {
  switch (subject.sessionCase) {
    case 'orig-reg':
    case 'term-reg':
      return true;
    case 'orig-cdiv':
      return subject.registered ?? true;
    default:
      return false;
  }
};

/**
 * Does the pattern hold for what Table F.1 takes of the URI? SIP: host[:port]. tel: the number, as written or without
 * its visual separators (RFC 3966 §5). URN: with or without `urn:`. Another scheme has nothing to match.
 */
export const requestUriMatches = (uri: string, test: (text: string) => boolean): boolean => {
  const colon = uri.indexOf(':');
  switch (uri.slice(0, colon).toLowerCase()) {
    case 'sip':
    case 'sips':
      return test(hostAndPort(uri, colon + 1));
    case 'tel': {
      const end = uri.indexOf(';');
      const number = uri.slice(colon + 1, end < 0 ? uri.length : end);
      return test(number) || (/[-.()]/.test(number) && test(number.replace(/[-.()]/g, '')));
    }
    case 'urn':
      return test(uri.slice(colon + 1)) || test(uri);
    default:
      return false;
  }
};

/** RFC 3261 §25: the host starts after the `@` of the user part, which may itself hold `;` and `?`. */
const hostAndPort = (uri: string, from: number): string => {
  const at = uri.indexOf('@', from);
  const start = at < 0 ? from : at + 1;
  let end = start;
  while (end < uri.length && !endsHost(uri.charCodeAt(end))) end++;
  return uri.slice(start, end);
};

const endsHost = (code: number): boolean => code === 0x3b || code === 0x3f || code === 0x3e; // ; ? >
