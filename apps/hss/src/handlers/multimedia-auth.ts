// MAR: what the S-CSCF needs to challenge a user: SIP Digest (RFC 2617 HA1) or an AKA vector. TS 29.228 §6.3.1, in its order.
import { nextSqn, resumedSqn, sqnOf, sqnOfAuts, vectorOf } from '#libs/aka';
import type { Avps, Body, Message } from '#libs/diameter';
import type { Random } from '#libs/runtime';
import type { Assignment, Subscribers } from '../assignments.js';
import type { Subscriber } from '../subscriber-file.js';
import { base, experimental } from './answers.js';

const DIGEST = 'SIP Digest';
const AKA = 'Digest-AKAv1-MD5';
/** The vector is the same; how the password is made of it is the S-CSCF's and the phone's (RFC 4169). */
const AKA_SCHEMES: ReadonlySet<string> = new Set([AKA, 'Digest-AKAv2-SHA-256']);
const RAND_BYTES = 16;

const digestItem = ({ realm, ha1 }: Subscriber): Body | undefined =>
  ha1 === undefined
    ? undefined
    : {
        'SIP-Item-Number': 1,
        'SIP-Authentication-Scheme': DIGEST,
        'SIP-Digest-Authenticate': {
          'Digest-Realm': realm,
          'Digest-Algorithm': 'MD5',
          'Digest-QoP': 'auth',
          'Digest-HA1': ha1,
        },
      };

const akaItem = (
  { aka }: Subscriber,
  assignment: Assignment,
  { scheme, item }: Readonly<{ scheme: string; item: Avps | undefined }>,
  random: Pick<Random, 'bytes'>,
): Body | undefined => {
  if (!aka) return undefined;
  const [k, opc, amf] = [aka.k, aka.opc, aka.amf].map((hexadecimal) => Buffer.from(hexadecimal, 'hex'));
  if (!k || !opc || !amf) return undefined;
  // RAND and AUTS of a phone that has counted further (TS 29.228 §6.3.1, SIP-Authorization).
  const lost = item?.get('SIP-Authorization');
  const theirs = lost && sqnOfAuts({ k, opc }, lost.subarray(0, RAND_BYTES), lost.subarray(RAND_BYTES));
  const own = assignment.sqn ?? sqnOf(Buffer.from(aka.sqn, 'hex'));
  const sqn = nextSqn(theirs === undefined ? own : resumedSqn(own, theirs));
  assignment.sqn = sqn;
  const { rand, xres, ck, ik, autn } = vectorOf({ k, opc }, random.bytes(RAND_BYTES), sqn, amf);
  return {
    'SIP-Item-Number': 1,
    'SIP-Authentication-Scheme': scheme,
    'SIP-Authenticate': Buffer.concat([rand, autn]),
    'SIP-Authorization': xres,
    'Confidentiality-Key': ck,
    'Integrity-Key': ik,
  };
};

export const multimediaAuth = (
  subscribers: Subscribers,
  { avps }: Message,
  random: Pick<Random, 'bytes'>,
): Body => {
  const impu = avps.get('Public-Identity') ?? '';
  const subscriber = subscribers.byImpi(avps.get('User-Name') ?? '');
  const owner = subscribers.byImpu(impu);
  if (!subscriber || !owner) return experimental('DIAMETER_ERROR_USER_UNKNOWN');
  if (owner !== subscriber) return experimental('DIAMETER_ERROR_IDENTITIES_DONT_MATCH');
  const item = avps.group('SIP-Auth-Data-Item');
  const asked = item?.get('SIP-Authentication-Scheme') ?? 'Unknown';
  const scheme = asked === 'Unknown' ? (subscriber.aka ? AKA : DIGEST) : asked;
  const assignment = subscribers.assignment(subscriber);
  const found =
    scheme === DIGEST
      ? digestItem(subscriber)
      : AKA_SCHEMES.has(scheme)
        ? akaItem(subscriber, assignment, { scheme, item }, random)
        : undefined;
  if (!found) return experimental('DIAMETER_ERROR_AUTH_SCHEME_NOT_SUPPORTED');
  // The one that challenges is the one that will be assigned.
  const serverName = avps.get('Server-Name');
  if (assignment.serverName !== serverName) {
    assignment.serverName = serverName;
    assignment.isAuthenticationPending = true;
  }
  return {
    ...base('DIAMETER_SUCCESS'),
    'User-Name': subscriber.impi,
    'Public-Identity': impu,
    'SIP-Number-Auth-Items': 1,
    'SIP-Auth-Data-Item': found,
  };
};
