// Who asks (RFC 4825 §8, §14; TS 24.623 §5.2, TS 33.222): a service by its API key, a user by the identity that a trusted proxy
// asserts, or by HTTP digest with the credentials of SIP, which Homestead knows. Who guesses is slowed down. Reader: homer.ts.
import type { DigestVector, Homestead } from '#libs/homestead-client';
import { type ApiKeys, type Clock, Guesses, lineOf, type Random } from '#libs/runtime';
import {
  challengeHeader,
  type DigestCredentials,
  digestAlgorithm,
  digestResponse,
  nonceCount,
  parseAuthorization,
  sameDigest,
} from '#libs/sip';
import { refusal, throttled, unavailable, type XcapAnswer, type XcapRequest } from './answer.js';
import { Nonces } from './nonces.js';

/** A user may have several identities of one set. */
export type Caller =
  Readonly<{ kind: 'service' }> | Readonly<{ kind: 'user'; identities: readonly string[] }>;
export type Authenticated =
  Readonly<{ ok: true; caller: Caller }> | Readonly<{ ok: false; answer: XcapAnswer }>;

export type AuthenticationPorts = Readonly<{
  homestead: Pick<Homestead, 'authVector'>;
  apiKeys: ApiKeys;
  /** Who may assert identities. */
  mayAssert: (address: string) => boolean;
  /** Who needs no key while there are none. */
  isTrusted: (address: string) => boolean;
  homeDomain: string;
  clock: Clock;
  random: Random;
}>;

/** Longer names are provisioned for nobody. */
const IMPI_LENGTH_MAX = 1_024;

const SERVICE: Authenticated = { ok: true, caller: { kind: 'service' } };
const refused = (answer: XcapAnswer): Authenticated => ({ ok: false, answer });

/** Identities that one header may assert; the rest is passed over. */
const ASSERTED_MAX = 16;

/** `"sip:alice@ims.test", "tel:+49…"`. */
const assertedIn = (value: string): readonly string[] =>
  value
    .split(',', ASSERTED_MAX)
    .map((one) => one.trim().replace(/^"(.*)"$/, '$1'))
    .filter((one) => one !== '');

/** RFC 7616 §3.4: the target of this request and no other. */
const isOfTarget = (uri: string | undefined, target: string): boolean =>
  uri !== undefined && (uri === target || uri.replace(/^https?:\/\/[^/]*/i, '') === target);

const isRight = (credentials: DigestCredentials, vector: DigestVector, method: string): boolean => {
  const { nonce, nc, cnonce, uri, response, qop } = credentials;
  const algorithm = digestAlgorithm(credentials.algorithm);
  const ha1 = algorithm === 'MD5' ? vector.ha1Md5 : algorithm === 'SHA-256' ? vector.ha1Sha256 : undefined;
  const given = [nonce, nc, cnonce, uri, response];
  if (algorithm === undefined || ha1 === undefined || qop !== 'auth' || given.includes(undefined))
    return false;
  const expected = digestResponse({ algorithm, ha1, nonce: nonce!, nc: nc!, cnonce: cnonce!, qop, method, uri: uri! }); // prettier-ignore
  return sameDigest(expected, response!);
};

export class Authentication {
  private readonly nonces: Nonces;
  private readonly guesses: Guesses;

  constructor(private readonly ports: AuthenticationPorts) {
    this.nonces = new Nonces(ports.clock, ports.random);
    this.guesses = new Guesses(ports.clock);
  }

  /** `xui`: whose document is asked for. */
  async authenticate(request: XcapRequest, xui: string | undefined): Promise<Authenticated> {
    const { apiKeys, mayAssert, isTrusted } = this.ports;
    const { header, remoteAddress } = request;
    const key = header('x-api-key') ?? header('ngv-api-key');
    if (key !== undefined && !apiKeys.open) {
      const verdict = apiKeys.check(key, 'homer');
      if (verdict === 'ok') return SERVICE;
      if (verdict === 'wrong-role') return refused(refusal(403, 'this key has another role'));
      return refused(refusal(401, 'X-API-Key is not known', this.challenge(false)));
    }
    const asserted = header('x-3gpp-asserted-identity') ?? header('x-xcap-asserted-identity');
    if (asserted !== undefined && mayAssert(remoteAddress))
      return { ok: true, caller: { kind: 'user', identities: assertedIn(asserted) } };
    const authorization = header('authorization');
    if (authorization !== undefined) return this.byDigest(request, authorization, xui);
    if (apiKeys.open && isTrusted(remoteAddress)) return SERVICE;
    return this.challenged(false);
  }

  private async byDigest(
    request: XcapRequest,
    value: string,
    xui: string | undefined,
  ): Promise<Authenticated> {
    const credentials = parseAuthorization(value);
    const impi = credentials?.username;
    if (credentials?.scheme !== 'digest' || impi === undefined || impi === '') return this.challenged(false);
    if (impi.length > IMPI_LENGTH_MAX) return this.challenged(false);
    if (credentials.realm !== this.ports.homeDomain) return this.challenged(false);
    if (!isOfTarget(credentials.uri, request.target))
      return refused(refusal(400, 'the uri of Authorization is not the target of the request'));
    const guess = this.guesses.begin(impi, lineOf(request.clientAddress));
    if (guess.waitS > 0) return refused(throttled('too many tries: come again', guess.waitS));
    // Whose tree it is: one of the user's own identities, or else the one that goes with the user name.
    for (const impu of new Set([xui ?? `sip:${impi}`, `sip:${impi}`])) {
      const answer = await this.ports.homestead.authVector(impi, impu);
      if (!answer.ok && (answer.failure === 'unavailable' || answer.failure === 'timeout')) {
        guess.forgive();
        return refused(unavailable('credentials cannot be checked now'));
      }
      if (!answer.ok || !isRight(credentials, answer.value, request.method)) continue;
      guess.proved();
      const count = nonceCount(credentials.nc);
      if (!this.nonces.use(credentials.nonce ?? '', count)) return this.challenged(true);
      return { ok: true, caller: { kind: 'user', identities: [impu] } };
    }
    return this.challenged(false);
  }

  private challenged(stale: boolean): Authenticated {
    return refused(refusal(401, 'credentials are needed', this.challenge(stale)));
  }

  private challenge(stale: boolean): Record<string, string> {
    const { homeDomain: realm } = this.ports;
    const nonce = this.nonces.make();
    return { 'www-authenticate': challengeHeader({ realm, nonce, algorithm: 'MD5', qop: 'auth', stale }) };
  }
}
