// Questions to the HSS: UAR, LIR, MAR, SAR as TS 29.229 §6.1 and backend.md §1.3 have them. LIR is asked once for all who ask at the
// same time; who the HSS does not know is not asked about again for a while. Used by hss-homestead.ts.
import type { Body, DiameterNode, Outcome } from '#libs/diameter';
import { resultWord, VENDOR_3GPP } from '#libs/diameter';
import type { AkaVector, Answer, AuthenticationOptions, DigestVector, HomesteadFailure, RegData, ServerAssignment } from '#libs/homestead-client'; // prettier-ignore
import type { Clock } from '#libs/runtime';
import { answered } from '../homestead-core.js';
import { AskedOnce } from './asked-once.js';
import { type CxAnswer, type CxQuestion, IN_ASSIGNMENT_TYPE, judgeAnswer, readAssignment, readChargingAddresses, readVector, SCHEME_NAMES, USER_UNKNOWN } from './cx-answers.js'; // prettier-ignore
import type { CxTally } from './cx-tally.js';
import { KnownAbsent } from './known-absent.js';

/** Server-Assignment-Type, TS 29.229 §6.3.15. */
export const ASSIGNMENT = {
  REGISTRATION: 1,
  RE_REGISTRATION: 2,
  UNREGISTERED_USER: 3,
  TIMEOUT_DEREGISTRATION: 4,
  USER_DEREGISTRATION: 5,
  ADMINISTRATIVE_DEREGISTRATION: 8,
  AUTHENTICATION_FAILURE: 9,
  AUTHENTICATION_TIMEOUT: 10,
} as const;
export type AssignmentType = (typeof ASSIGNMENT)[keyof typeof ASSIGNMENT];

const AUTHORIZATION = { REG: 0, DEREG: 1, CAPAB: 2 } as const;
const EMERGENCY_REGISTRATION = 1;
const ORIGINATING = 0;
/** Of the list of features that knows shared criteria: TS 29.229 §7.1.1. */
const SHARED_IFC_SETS = { 'Vendor-Id': VENDOR_3GPP, 'Feature-List-ID': 1, 'Feature-List': 1 } as const;
/** The only types that may carry a wildcard. */
const WITH_WILDCARD: ReadonlySet<number> = new Set([0, 3, 4, 6, 8, 11]);

export type Registering = Readonly<{
  impi: string;
  impu: string;
  visitedNetwork: string;
  authType: keyof typeof AUTHORIZATION;
  emergency?: boolean;
}>;

export type Assigning = Readonly<{
  type: AssignmentType;
  impi: string | undefined;
  impu: string;
  wildcard: string | undefined;
  serverName: string;
}>;

export type Assigned =
  | Readonly<{ kind: 'assigned'; userData: Buffer | undefined; chargingAddresses: RegData['chargingAddresses'] }>
  /** The identity belongs to this wildcard: to be asked again with it. */
  | Readonly<{ kind: 'wildcard'; wildcard: string }>
  | Readonly<{ kind: 'failed'; failure: HomesteadFailure }>; // prettier-ignore

export type CxClientPorts = Readonly<{
  node: Pick<DiameterNode, 'request'>;
  clock: Clock;
  tally: CxTally;
  destination: Readonly<{ realm: string; host?: string }>;
  /** Of one try. */
  timeoutMs: number;
  requestSharedIfcs: boolean;
}>;

export interface CxClient {
  userAuthorization(about: Registering): Promise<Answer<ServerAssignment>>;
  locationInfo(
    impu: string,
    about: Readonly<{ originating?: boolean; capabilities?: boolean }>,
  ): Promise<Answer<ServerAssignment>>;
  multimediaAuth(
    impi: string,
    impu: string,
    about: AuthenticationOptions & { serverName: string },
  ): Promise<Answer<DigestVector | AkaVector>>;
  serverAssignment(about: Assigning): Promise<Assigned>;
  /** The HSS has told something new. */
  forgetAbsent(): void;
}

const failed = (failure: HomesteadFailure): Answer<never> => ({ ok: false, failure });

const NO_CHARGING: RegData['chargingAddresses'] = { ccf: [], ecf: [] };

/** Sends, counts, times and judges; remembers who is unknown. */
const createAsk = (ports: CxClientPorts, absent: KnownAbsent) => {
  const { node, clock, tally, timeoutMs } = ports;
  const { realm, host } = ports.destination;
  const to: Body = {
    'Destination-Realm': realm,
    ...(host === undefined ? {} : { 'Destination-Host': host }),
  };
  return async (question: CxQuestion, about: string, body: Body): Promise<CxAnswer> => {
    const key = `${question} ${about}`;
    if (absent.has(key)) return { ok: false, failure: 'not-found', code: USER_UNKNOWN };
    const startedMs = clock.monotonicMs();
    const outcome: Outcome = await node.request(question, { ...to, ...body }, { timeoutMs });
    const peer = outcome.kind === 'not-sent' ? 'none' : outcome.peer;
    tally.count(peer, question, resultWord(outcome));
    if (outcome.kind === 'answered') tally.took(clock.monotonicMs() - startedMs);
    const judged = judgeAnswer(question, outcome);
    if (judged.code === USER_UNKNOWN) absent.add(key);
    return judged;
  };
};

export const createCxClient = (ports: CxClientPorts): CxClient => {
  const absent = new KnownAbsent(ports.clock);
  const ask = createAsk(ports, absent);
  const locations = new AskedOnce<Answer<ServerAssignment>>();

  return {
    async userAuthorization({ impi, impu, visitedNetwork, authType, emergency = false }) {
      const judged = await ask('UAR', `${impi} ${impu}`, {
        'User-Name': impi,
        'Public-Identity': impu,
        'Visited-Network-Identifier': Buffer.from(visitedNetwork),
        'User-Authorization-Type': AUTHORIZATION[authType],
        'UAR-Flags': emergency ? EMERGENCY_REGISTRATION : undefined,
      });
      return judged.ok ? answered(readAssignment(judged.resultCode, judged.answer)) : failed(judged.failure);
    },

    locationInfo: (impu, { originating = false, capabilities = false }) =>
      locations.ask(`${originating} ${capabilities} ${impu}`, async () => {
        const judged = await ask('LIR', impu, {
          'Originating-Request': originating ? ORIGINATING : undefined,
          'Public-Identity': impu,
          'User-Authorization-Type': capabilities ? AUTHORIZATION.CAPAB : undefined,
        });
        return judged.ok
          ? answered(readAssignment(judged.resultCode, judged.answer))
          : failed(judged.failure);
      }),

    async multimediaAuth(impi, impu, { scheme, resync, serverName }) {
      const judged = await ask('MAR', `${impi} ${impu}`, {
        'User-Name': impi,
        'Public-Identity': impu,
        'SIP-Auth-Data-Item': {
          'SIP-Authentication-Scheme': SCHEME_NAMES[scheme],
          'SIP-Authorization': resync,
        },
        'SIP-Number-Auth-Items': 1,
        'Server-Name': serverName,
      });
      if (!judged.ok) return failed(judged.failure);
      const vector = readVector(judged.answer);
      return typeof vector === 'string' ? failed(vector) : answered(vector);
    },

    async serverAssignment({ type, impi, impu, wildcard, serverName }) {
      const judged = await ask('SAR', `${impi ?? ''} ${impu}`, {
        'User-Name': impi,
        'Public-Identity': impu,
        'Wildcarded-Public-Identity': WITH_WILDCARD.has(type) ? wildcard : undefined,
        'Server-Name': serverName,
        'Server-Assignment-Type': type,
        'User-Data-Already-Available': 0,
        'Supported-Features': ports.requestSharedIfcs ? SHARED_IFC_SETS : undefined,
      });
      if (!judged.ok) return { kind: 'failed', failure: judged.failure };
      const { avps } = judged.answer;
      if (judged.code === IN_ASSIGNMENT_TYPE) {
        const told = avps.get('Wildcarded-Public-Identity');
        return told === undefined || told === wildcard
          ? { kind: 'failed', failure: 'hss-error' }
          : { kind: 'wildcard', wildcard: told };
      }
      const chargingAddresses = readChargingAddresses(judged.answer) ?? NO_CHARGING;
      return { kind: 'assigned', userData: avps.get('User-Data'), chargingAddresses };
    },

    forgetAbsent: () => absent.clear(),
  };
};
