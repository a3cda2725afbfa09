// The bodies of Homestead's HTTP API (backend.md §1.1): answers as they travel, written by Homestead's controller and read
// by http.homestead.ts. What Clearwater did not have (SHA-256 HA1, version of the credential) is added beside.
import type {
  AkaVector,
  AuthVector,
  HomesteadFailure,
  RegData,
  RegDataRequest,
  ServerAssignment,
} from './homestead.port.js';

export const REG_DATA_REQUESTS = [
  'reg',
  'call',
  'dereg-user',
  'dereg-admin',
  'dereg-timeout',
  'dereg-auth-failed',
  'dereg-auth-timeout',
] as const satisfies readonly RegDataRequest[];

export const AUTH_TYPES = ['REG', 'DEREG', 'CAPAB'] as const;
export type AuthType = (typeof AUTH_TYPES)[number];

/** backend.md §1.2. */
export const STATUS_OF_FAILURE: Readonly<Record<HomesteadFailure, number>> = {
  'bad-request': 400,
  forbidden: 403,
  'not-found': 404,
  unavailable: 503,
  timeout: 504,
  'hss-unreachable': 503,
  'hss-error': 500,
};

/** In the `detail` of a 503: the HSS is what cannot be reached, and not Homestead's own store. */
export const HSS_UNREACHABLE = { hss: 'unreachable' } as const;

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const saysHssUnreachable = (body: unknown): boolean =>
  isObject(body) && isObject(body['detail']) && body['detail']['hss'] === HSS_UNREACHABLE.hss;

/** Only 400, 403 and 404 say something about the user; all else is infrastructure. */
export const failureOfStatus = (status: number, body?: unknown): HomesteadFailure => {
  switch (status) {
    case 400:
      return 'bad-request';
    case 403:
      return 'forbidden';
    case 404:
      return 'not-found';
    case 503:
      return saysHssUnreachable(body) ? 'hss-unreachable' : 'unavailable';
    case 504:
      return 'timeout';
    default:
      return 'unavailable';
  }
};

export type AuthVectorJson = Readonly<{
  digest: Readonly<{ ha1: string; realm: string; qop: string; ha1_sha256?: string; version: string }>;
}>;

export const authVectorToJson = (vector: AuthVector): AuthVectorJson => ({
  digest: {
    ha1: vector.ha1Md5,
    realm: vector.realm,
    qop: vector.qop,
    ...(vector.ha1Sha256 === undefined ? {} : { ha1_sha256: vector.ha1Sha256 }),
    version: vector.version,
  },
});

/** The names as in the code of Clearwater; its documents have others (docs/clearwater/backend.md §1.1). */
export const akaVectorToJson = ({
  kind: _kind,
  ...aka
}: AkaVector): Readonly<{ aka: Omit<AkaVector, 'kind'> }> => ({
  aka,
});

const isVersion = (value: unknown): value is AkaVector['version'] => value === 1 || value === 2;

const akaVectorFromJson = (aka: unknown): AkaVector | undefined => {
  if (!isObject(aka)) return undefined;
  const { challenge, response, cryptkey, integritykey, version = 1 } = aka;
  if (typeof challenge !== 'string' || typeof response !== 'string' || !isVersion(version)) return undefined;
  if (typeof cryptkey !== 'string' || typeof integritykey !== 'string') return undefined;
  return { kind: 'aka', challenge, response, cryptkey, integritykey, version };
};

/** What GET av answers; undefined: not the shape of either. */
export const vectorFromJson = (body: unknown): AuthVector | AkaVector | undefined =>
  isObject(body) && 'aka' in body ? akaVectorFromJson(body['aka']) : authVectorFromJson(body);

/** undefined: not the shape that Homestead answers. An older Homestead gives no version: then the HA1 stands for it. */
export const authVectorFromJson = (body: unknown): AuthVector | undefined => {
  const digest = isObject(body) ? body['digest'] : undefined;
  if (!isObject(digest)) return undefined;
  const { ha1, realm, qop, ha1_sha256: ha1Sha256, version } = digest;
  if (typeof ha1 !== 'string' || typeof realm !== 'string') return undefined;
  return {
    kind: 'digest',
    ha1Md5: ha1,
    realm,
    qop: typeof qop === 'string' ? qop : 'auth',
    ...(typeof ha1Sha256 === 'string' ? { ha1Sha256 } : {}),
    version: typeof version === 'string' ? version : ha1,
  };
};

export type ServerAssignmentJson = Readonly<{
  'result-code': number;
  scscf?: string;
  'mandatory-capabilities'?: readonly number[];
  'optional-capabilities'?: readonly number[];
  'wildcard-identity'?: string;
}>;

export const assignmentToJson = (assignment: ServerAssignment): ServerAssignmentJson => {
  const { resultCode, scscf, mandatoryCapabilities, optionalCapabilities, wildcardIdentity } = assignment;
  return {
    'result-code': resultCode,
    ...(scscf === undefined ? {} : { scscf }),
    ...(mandatoryCapabilities ? { 'mandatory-capabilities': mandatoryCapabilities } : {}),
    ...(optionalCapabilities ? { 'optional-capabilities': optionalCapabilities } : {}),
    ...(wildcardIdentity === undefined ? {} : { 'wildcard-identity': wildcardIdentity }),
  };
};

const numbers = (value: unknown): readonly number[] | undefined =>
  Array.isArray(value) && value.every((item) => typeof item === 'number') ? value : undefined;

export const assignmentFromJson = (body: unknown): ServerAssignment | undefined => {
  if (!isObject(body) || typeof body['result-code'] !== 'number') return undefined;
  const { scscf, 'wildcard-identity': wildcardIdentity } = body;
  const mandatoryCapabilities = numbers(body['mandatory-capabilities']);
  const optionalCapabilities = numbers(body['optional-capabilities']);
  return {
    resultCode: body['result-code'],
    ...(typeof scscf === 'string' ? { scscf } : {}),
    ...(mandatoryCapabilities ? { mandatoryCapabilities } : {}),
    ...(optionalCapabilities ? { optionalCapabilities } : {}),
    ...(typeof wildcardIdentity === 'string' ? { wildcardIdentity } : {}),
  };
};

const STATES: readonly RegData['state'][] = ['REGISTERED', 'UNREGISTERED', 'NOT_REGISTERED'];

export const asRegistrationState = (value: string | undefined): RegData['state'] | undefined =>
  STATES.find((state) => state === value);
