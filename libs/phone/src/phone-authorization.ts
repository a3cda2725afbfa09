// The answer of the test phone to a challenge: digest (RFC 7616 §3.4, RFC 8760), with a SIM digest AKA (RFC 3310, RFC 4169).
// Writer: phone.ts.
import { AKA_ALGORITHMS, akaHa1, akaPassword, type AkaVersion, akaVersionOf, readAkaNonce } from '#libs/aka';
import { digestResponse, H, ha1, type SipMessage } from '#libs/sip';
import type { PhoneOptions } from './phone-options.js';

type Account = Pick<PhoneOptions, 'user' | 'domain' | 'password' | 'random' | 'sim'>;

/** HA1 of this answer, and what else stands in it; undefined: the SIM does not know who asks. */
type Proof = Readonly<{ algorithm: string; hashedWith: 'MD5' | 'SHA-256'; secret: string; more: string }>;

const proofOfSim = (
  { domain, sim }: Account,
  username: string,
  { nonce, version }: Readonly<{ nonce: string; version: AkaVersion }>,
): Proof | undefined => {
  const parts = readAkaNonce(nonce);
  const said = parts && sim?.usim.challenge(parts.rand, parts.autn);
  if (said === undefined || said.kind === 'not-ours') return undefined;
  const lost = said.kind === 'resynchronise';
  const password = lost ? Buffer.alloc(0) : akaPassword(version, said.res, said);
  const more = lost ? `,auts="${said.auts.toString('base64')}"` : '';
  const secret = akaHa1(username, domain, password);
  return { algorithm: AKA_ALGORITHMS[version], hashedWith: 'MD5', secret, more };
};

const proofOfPassword = (
  { domain, password }: Account,
  username: string,
  algorithm: 'MD5' | 'SHA-256',
): Proof => ({
  algorithm,
  hashedWith: algorithm,
  secret: ha1(algorithm, username, domain, password),
  more: '',
});

/** Of several challenges the first is answered: it is the one that the registrar likes best. '' where it is none to answer. */
export const authorizationLine = (
  account: Account,
  asked: Readonly<{ method: string; uri: string; challenge: SipMessage; count: number }>,
): string => {
  const { method, uri, challenge, count } = asked;
  const header = challenge.header(H.WwwAuthenticate) ?? '';
  const field = (name: string): string => new RegExp(`\\b${name}="([^"]*)"`).exec(header)?.[1] ?? '';
  const username = `${account.user}@${account.domain}`;
  const nc = count.toString(16).padStart(8, '0');
  const cnonce = account.random.token(8);
  const [realm, nonce] = [field('realm'), field('nonce')];
  const version = akaVersionOf(/algorithm=([\w-]+)/.exec(header)?.[1]);
  const proof =
    version === undefined
      ? proofOfPassword(account, username, /algorithm=SHA-256/.test(header) ? 'SHA-256' : 'MD5')
      : proofOfSim(account, username, { nonce, version });
  if (proof === undefined) return '';
  const { algorithm, hashedWith, secret, more } = proof;
  const given = { algorithm: hashedWith, ha1: secret, nonce, nc, cnonce, qop: 'auth', method, uri } as const;
  return (
    `Authorization: Digest username="${username}",realm="${realm}",nonce="${nonce}",uri="${uri}",` +
    `response="${digestResponse(given)}",algorithm=${algorithm},cnonce="${cnonce}",nc=${nc},qop=auth,opaque="${field('opaque')}"${more}\r\n`
  );
};

/** A phone with a SIM says who it is before it is asked (TS 24.229 §5.1.1.2.2). */
export const firstAuthorization = ({ user, domain, sim }: Account, uri: string): string => {
  if (sim === undefined) return '';
  const algorithm = sim.version === undefined ? '' : `,algorithm=${AKA_ALGORITHMS[sim.version]}`;
  return `Authorization: Digest username="${user}@${domain}",realm="${domain}",nonce="",uri="${uri}",response=""${algorithm}\r\n`;
};

export const saysAuts = (line: string): boolean => line.includes(',auts="');
