// Asks who has to prove himself what proves it, and challenges with that: digest by password, or AKA by a SIM (RFC 7616, RFC 3310,
// RFC 4169, TS 24.229 §5.4.1.2.1). Writes challenges. Used by authenticate.ts and aka-answer.ts.
import { AKA_ALGORITHMS, akaHa1, akaPassword, akaSessionKeys, akaVersionOf } from '#libs/aka';
import { ha1For } from '#libs/digest';
import type { AkaVector, AuthenticationOptions, AuthScheme, AuthVector } from '#libs/homestead-client';
import {
  challengeHeader,
  decodeUtf8,
  detached,
  type DigestCredentials,
  type ServerTransaction,
} from '#libs/sip';
import { isInfrastructure, replyBackEndFault, replyFault } from '../faults.js';
import type { SproutPorts, SproutSettings } from '../ports.js';
import type { AkaChallenge, Challenges } from './challenges.js';
import type { FailureBrake, Source } from './failure-brake.js';

const NONCE_CHARACTERS = 26; // ≥ 128 bits
const OPAQUE_CHARACTERS = 16;

export type Authenticator = Readonly<{
  ports: SproutPorts;
  settings: SproutSettings;
  challenges: Challenges;
  brake: FailureBrake;
  /** Asked of whoever is nobody. */
  decoy: AuthVector;
}>;

/** Who a REGISTER says it is, and with what proof. */
export type Claim = Readonly<{ impi: string; impu: string; credentials: DigestCredentials | undefined }>;

/** The private identity that a request claims, or the one its public identity implies. A text of its own: rows keep it. */
export const claimedImpi = (credentials: DigestCredentials | undefined, impu: string): string => {
  const username = credentials?.username ?? '';
  // Messages are latin1 text here; identities are provisioned as UTF-8.
  return username === '' ? impu.slice(impu.indexOf(':') + 1) : decodeUtf8(detached(username));
};

/** A P-CSCF that protects the way to the phone with the keys of AKA says so (TS 24.229 §5.2.2.2): ours does not. */
const protectsByKeys = (credentials: DigestCredentials | undefined): boolean => {
  const mark = credentials?.integrityProtected;
  return mark === 'yes' || mark === 'no';
};

const schemeOf = (credentials: DigestCredentials | undefined): AuthScheme => {
  if (akaVersionOf(credentials?.algorithm) === 2) return 'akav2';
  return protectsByKeys(credentials) ? 'akav1' : 'any';
};

/** What the claimed user proves himself by, somebody's who does not exist where there is none such; undefined: answered. */
export const vectorFor = async (
  { ports, settings, decoy }: Authenticator,
  tx: ServerTransaction,
  { impi, impu, credentials }: Claim,
  resync?: Buffer,
): Promise<AuthVector | AkaVector | undefined> => {
  const scheme = schemeOf(credentials);
  const asked: AuthenticationOptions = { scheme, serverName: settings.scscfUri };
  const options = resync === undefined ? asked : { ...asked, resync };
  let answer = await ports.homestead.authentication(impi, impu, options);
  // What was wished for the user has not: what he has does.
  if (!answer.ok && scheme !== 'any' && (answer.failure === 'not-found' || answer.failure === 'hss-error'))
    answer = await ports.homestead.authentication(impi, impu, { ...options, scheme: 'any' });
  if (answer.ok) return answer.value;
  if (!isInfrastructure(answer.failure)) return decoy;
  replyBackEndFault(tx, answer.failure, ports);
  return undefined;
};

type Offer = Readonly<{ vector: AuthVector; nonce: string; stale: boolean }>;

export const offerDigest = (
  { ports, settings }: Authenticator,
  tx: ServerTransaction,
  { vector, nonce, stale }: Offer,
): void => {
  const opaque = ports.random.token(OPAQUE_CHARACTERS);
  let headers = '';
  for (const algorithm of settings.digestAlgorithms)
    if (ha1For(vector, algorithm) !== undefined)
      headers += `WWW-Authenticate: ${challengeHeader({ realm: vector.realm, nonce, opaque, algorithm, qop: vector.qop, stale })}\r\n`;
  ports.observer.count('challenge');
  tx.reply(401, 'Unauthorized', headers);
};

type AkaOffer = Readonly<{ nonce: string; version: AkaVector['version']; stale: boolean; keys?: string }>;

export const offerAka = (
  { ports, settings }: Authenticator,
  tx: ServerTransaction,
  { nonce, version, stale, keys }: AkaOffer,
): void => {
  const header = challengeHeader({
    realm: settings.homeDomain,
    nonce,
    opaque: ports.random.token(OPAQUE_CHARACTERS),
    algorithm: AKA_ALGORITHMS[version],
    qop: 'auth',
    stale,
    ...(keys === undefined ? {} : { extra: keys }),
  });
  ports.observer.count('challenge');
  tx.reply(401, 'Unauthorized', `WWW-Authenticate: ${header}\r\n`);
};

/** Of a vector only what judges the answer is kept; its keys go to a P-CSCF of the operator's that protects by them, and nowhere else. */
const akaParts = (
  { version, response, cryptkey, integritykey }: AkaVector,
  impi: string,
  realm: string,
): Readonly<{ kept: AkaChallenge; keys: string }> => {
  const both = { ck: Buffer.from(cryptkey, 'hex'), ik: Buffer.from(integritykey, 'hex') };
  const password = akaPassword(version, Buffer.from(response, 'hex'), both);
  const { ck, ik } = akaSessionKeys(version, both);
  return {
    kept: { version, ha1: akaHa1(impi, realm, password) },
    keys: `ck="${ck.toString('hex')}",ik="${ik.toString('hex')}"`,
  };
};

/** Always false: not let in, by this answer. */
export const challenge = async (
  authenticator: Authenticator,
  tx: ServerTransaction,
  { impi, address }: Source,
  {
    vector,
    stale,
    credentials,
  }: Readonly<{
    vector: AuthVector | AkaVector;
    stale: boolean;
    credentials: DigestCredentials | undefined;
  }>,
): Promise<false> => {
  const { ports, settings, challenges } = authenticator;
  const nowMs = ports.clock.nowMs();
  if (vector.kind === 'digest') {
    const nonce = ports.random.token(NONCE_CHARACTERS);
    if (await challenges.add(impi, nonce, nowMs, address))
      offerDigest(authenticator, tx, { vector, nonce, stale });
    else replyFault(tx, ports);
    return false;
  }
  const { kept, keys } = akaParts(vector, impi, settings.homeDomain);
  const { challenge: nonce, version } = vector;
  const shown = protectsByKeys(credentials) && settings.isPcscf(tx.flow.remoteAddress) ? { keys } : {};
  if (await challenges.add(impi, nonce, nowMs, address, kept))
    offerAka(authenticator, tx, { nonce, version, stale, ...shown });
  else replyFault(tx, ports);
  return false;
};
