// What Sprout asks Homestead: the Cx questions in the shapes of Homestead's HTTP API (backend.md §1.1).
// Adapters: in memory (Homestead's own functions, in one process), HTTP (libs/http-pool).

/** Why there is no answer. Each caller maps it to its own SIP status; only the first three are facts about the user. */
export type HomesteadFailure =
  | 'not-found' // the identity or its pairing does not exist: HTTP 404
  | 'forbidden' // the HSS refuses the pairing or roaming: HTTP 403
  | 'bad-request' // HTTP 400
  | 'unavailable' // 503, 500, connection refused: infrastructure
  | 'timeout' // 504 or no answer in time: infrastructure
  | 'hss-unreachable' // 503 that says so: another Homestead may reach the HSS
  | 'hss-error'; // 500: the HSS answered, and nothing about the user

export type Answer<T> = Readonly<{ ok: true; value: T }> | Readonly<{ ok: false; failure: HomesteadFailure }>;

/** Digest authentication data of a private identity. */
export type DigestVector = Readonly<{
  kind: 'digest';
  realm: string;
  qop: string;
  ha1Md5: string;
  ha1Sha256?: string;
  /** Changes whenever the credential does. */
  version: string;
}>;
export type AuthVector = DigestVector;

/** An AKA vector of a private identity (TS 33.203): used once. Base64 challenge (RAND and AUTN), the others lower-case hexadecimal. */
export type AkaVector = Readonly<{
  kind: 'aka';
  challenge: string;
  response: string;
  cryptkey: string;
  integritykey: string;
  version: 1 | 2;
}>;

/** `any`: as the subscriber has it. */
export type AuthScheme = 'any' | 'digest' | 'akav1' | 'akav2';

export type AuthenticationOptions = Readonly<{
  scheme: AuthScheme;
  /** Of a phone that has counted further: RAND and AUTS (TS 33.203 §6.1.3). */
  resync?: Buffer;
  serverName?: string;
}>;

/** UAR and LIR answer alike. resultCode: Diameter (2001, 2002, 2003 unregistered service, 5003 not registered). */
export type ServerAssignment = Readonly<{
  resultCode: number;
  /** The S-CSCF that serves the user, a SIP URI. */
  scscf?: string;
  mandatoryCapabilities?: readonly number[];
  optionalCapabilities?: readonly number[];
  wildcardIdentity?: string;
}>;

export type RegDataRequest =
  | 'reg'
  | 'call'
  | 'dereg-user'
  | 'dereg-admin'
  | 'dereg-timeout'
  | 'dereg-auth-failed'
  | 'dereg-auth-timeout';

export type RegData = Readonly<{
  state: 'REGISTERED' | 'UNREGISTERED' | 'NOT_REGISTERED';
  previousState?: 'REGISTERED' | 'UNREGISTERED' | 'NOT_REGISTERED';
  /** The IMSSubscription document. The same string object while unchanged when asked in one process: parse once a string. */
  imsSubscriptionXml: string;
  chargingAddresses: Readonly<{ ccf: readonly string[]; ecf: readonly string[] }>;
}>;

export interface Homestead {
  /** MAR: what proves that somebody is `impi`, which must be allowed to use `impu`. Each AKA vector is a new one. */
  authentication(
    impi: string,
    impu: string,
    options: AuthenticationOptions,
  ): Promise<Answer<AuthVector | AkaVector>>;
  /** The same for digest with a password; not-found where the subscriber has none. */
  authVector(impi: string, impu: string, options?: { serverName?: string }): Promise<Answer<AuthVector>>;
  /** UAR: may the user register, and where. */
  registrationStatus(
    impi: string,
    impu: string,
    options: { visitedNetwork: string; authType: 'REG' | 'DEREG' | 'CAPAB'; emergency?: boolean },
  ): Promise<Answer<ServerAssignment>>;
  /** LIR: who serves the identity. */
  location(
    impu: string,
    options?: { originating?: boolean; authType?: 'CAPAB' },
  ): Promise<Answer<ServerAssignment>>;
  /** SAR: assigns or releases the server and returns the profile. */
  regData(
    impu: string,
    request: Readonly<{
      reqtype: RegDataRequest;
      serverName?: string;
      impi?: string;
      wildcardIdentity?: string;
      /** What is cached does not do: the HSS is asked. */
      noCache?: boolean;
    }>,
  ): Promise<Answer<RegData>>;
}
