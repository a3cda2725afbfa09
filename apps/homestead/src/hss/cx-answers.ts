// Answers of the HSS as Homestead's own: which result codes are answers, which are which failure, and what is read of each
// (backend.md §1.2, §1.3; TS 29.229 §6.1). Used by cx-client.ts. Pure.
import { type Avps, type Message, type Outcome, type Result, VENDOR_3GPP } from '#libs/diameter';
import type { AkaVector, DigestVector, HomesteadFailure, RegData, ServerAssignment } from '#libs/homestead-client'; // prettier-ignore

export type CxQuestion = 'UAR' | 'LIR' | 'MAR' | 'SAR';

const SUCCESS = '2001';
const EXPERIMENTAL = `${VENDOR_3GPP}/`;
export const USER_UNKNOWN = `${EXPERIMENTAL}5001`;
export const IN_ASSIGNMENT_TYPE = `${EXPERIMENTAL}5007`;

const codeOf = ({ code, vendorId }: Result): string =>
  vendorId === 0 ? String(code) : `${vendorId}/${code}`;

const ANSWERS: Readonly<Record<CxQuestion, readonly string[]>> = {
  UAR: [SUCCESS, `${EXPERIMENTAL}2001`, `${EXPERIMENTAL}2002`],
  LIR: [SUCCESS, `${EXPERIMENTAL}2003`, `${EXPERIMENTAL}5003`],
  MAR: [SUCCESS],
  SAR: [SUCCESS, IN_ASSIGNMENT_TYPE],
};

const TOO_BUSY = { '3004': 'timeout' } as const;
const COMMON = { '3002': 'hss-unreachable', [USER_UNKNOWN]: 'not-found' } as const;
/** What is in no row is `hss-error`. */
const FAILURES: Readonly<Record<CxQuestion, Readonly<Record<string, HomesteadFailure>>>> = {
  UAR: {
    ...COMMON,
    ...TOO_BUSY,
    [`${EXPERIMENTAL}5002`]: 'not-found',
    '5003': 'forbidden',
    [`${EXPERIMENTAL}5004`]: 'forbidden',
  },
  LIR: { ...COMMON, ...TOO_BUSY },
  MAR: COMMON,
  SAR: COMMON,
};

export type CxAnswer =
  | Readonly<{ ok: true; code: string; resultCode: number; answer: Message }>
  | Readonly<{ ok: false; failure: HomesteadFailure; code: string }>;

export const judgeAnswer = (question: CxQuestion, outcome: Outcome): CxAnswer => {
  if (outcome.kind === 'not-sent' && outcome.reason === 'cannot-write')
    return { ok: false, failure: 'hss-error', code: '' };
  if (outcome.kind !== 'answered') return { ok: false, failure: 'hss-unreachable', code: '' };
  const { answer, result } = outcome;
  if (!result) return { ok: false, failure: 'hss-error', code: '' };
  const code = codeOf(result);
  return ANSWERS[question].includes(code)
    ? { ok: true, code, resultCode: result.code, answer }
    : { ok: false, failure: FAILURES[question][code] ?? 'hss-error', code };
};

/** UAA and LIA. Without a server its capabilities, none too: any S-CSCF will do (TS 29.228 §6.7). */
export const readAssignment = (resultCode: number, { avps }: Message): ServerAssignment => {
  const wildcard = avps.get('Wildcarded-Public-Identity');
  const wildcardIdentity = wildcard === undefined ? {} : { wildcardIdentity: wildcard };
  const server = avps.get('Server-Name');
  if (server !== undefined) return { resultCode, scscf: server, ...wildcardIdentity };
  const group = avps.group('Server-Capabilities');
  const preferred = group?.get('Server-Name');
  return {
    resultCode,
    ...(preferred === undefined ? {} : { scscf: preferred }),
    mandatoryCapabilities: group?.all('Mandatory-Capability') ?? [],
    optionalCapabilities: group?.all('Optional-Capability') ?? [],
    ...wildcardIdentity,
  };
};

export const SCHEME_NAMES = {
  any: 'Unknown',
  digest: 'SIP Digest',
  akav1: 'Digest-AKAv1-MD5',
  akav2: 'Digest-AKAv2-SHA-256',
} as const;

const hex = (octets: Buffer | undefined): string => octets?.toString('hex') ?? '';

const readDigest = (item: Avps): DigestVector | 'hss-error' => {
  const digest = item.group('SIP-Digest-Authenticate');
  const [ha1, realm] = [digest?.get('Digest-HA1'), digest?.get('Digest-Realm')];
  if (ha1 === undefined || realm === undefined) return 'hss-error';
  const qop = digest?.get('Digest-QoP') || 'auth';
  // The HSS numbers no versions: another HA1 is another one.
  return { kind: 'digest', ha1Md5: ha1, realm, qop, version: ha1 };
};

const readAka = (item: Avps, version: 1 | 2): AkaVector | 'hss-error' => {
  const challenge = item.get('SIP-Authenticate');
  const response = item.get('SIP-Authorization');
  if (!challenge || !response) return 'hss-error';
  return {
    kind: 'aka',
    challenge: challenge.toString('base64'),
    response: hex(response),
    cryptkey: hex(item.get('Confidentiality-Key')),
    integritykey: hex(item.get('Integrity-Key')),
    version,
  };
};

/** The first item: one is asked for. A scheme that is not known here is as if there were none. */
export const readVector = ({ avps }: Message): DigestVector | AkaVector | 'not-found' | 'hss-error' => {
  const item = avps.group('SIP-Auth-Data-Item');
  switch (item?.get('SIP-Authentication-Scheme')) {
    case SCHEME_NAMES.digest:
      return readDigest(item);
    case SCHEME_NAMES.akav1:
      return readAka(item, 1);
    case SCHEME_NAMES.akav2:
      return readAka(item, 2);
    default:
      return 'not-found';
  }
};

/** undefined: the message says nothing of charging. */
export const readChargingAddresses = ({ avps }: Pick<Message, 'avps'>): RegData['chargingAddresses'] | undefined => {
  const group = avps.group('Charging-Information');
  if (!group) return undefined;
  const named = (...functions: readonly (string | undefined)[]): readonly string[] =>
    functions.filter((one) => one !== undefined);
  return {
    ccf: named(
      group.get('Primary-Charging-Collection-Function-Name'),
      group.get('Secondary-Charging-Collection-Function-Name'),
    ),
    ecf: named(
      group.get('Primary-Event-Charging-Function-Name'),
      group.get('Secondary-Event-Charging-Function-Name'),
    ),
  };
}; // prettier-ignore
