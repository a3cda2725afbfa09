// Who asks over HTTP? Digest with a user's SIP credentials (RFC 7616), judged by Homestead's authentication data at every request, for the
// identity whose list is asked for: the private identity has to be one of its own. Nothing is kept of who has not proved itself: a
// nonce says itself when it was given out. Read by http/access.ts.
import { createHmac } from 'node:crypto';
import type { DigestVector, Homestead } from '#libs/homestead-client';
import { type Clock, Guesses, lineOf, type Random } from '#libs/runtime';
import { challengeHeader, decodeUtf8, digestAlgorithm, digestResponse, nonceCount, parseAuthorization, sameDigest } from '#libs/sip'; // prettier-ignore

export const NONCE_LIFE_MS = 300_000;
/** Nonces that were answered right; with the oldest, all go that were given out before it. */
export const NONCES_USED_MAX = 10_000;
const USERNAME_LENGTH_MAX = 256;
const KEY_LENGTH = 43; // 256 bits
const SALT_LENGTH = 22; // 128 bits
const RETRY_S = 5;

export type Asked = Readonly<{
  method: string;
  /** As it stands in the request line. */
  target: string;
  authorization: string | undefined;
  address: string;
}>;

export type Verdict =
  | Readonly<{ kind: 'ok' }>
  /** Values of WWW-Authenticate. */
  | Readonly<{ kind: 'challenged'; challenges: readonly string[] }>
  /** The wrong password, nobody, or somebody else's list: which of them is not told. */
  | Readonly<{ kind: 'refused' }>
  | Readonly<{ kind: 'slowed'; retryAfterS: number }>
  /** Who it is cannot be said now. */
  | Readonly<{ kind: 'away'; isLate: boolean; retryAfterS: number }>;

export type HttpDigestPorts = Readonly<{
  homestead: Pick<Homestead, 'authVector'>;
  clock: Pick<Clock, 'nowMs' | 'monotonicMs'>;
  random: Pick<Random, 'token'>;
  realm: string;
}>;

type Algorithm = 'MD5' | 'SHA-256';

/** The strongest first: clients take the first that they know (RFC 7616 §3.7). */
const ALGORITHMS: readonly Algorithm[] = ['SHA-256', 'MD5'];

export class HttpDigest {
  readonly #key: string;
  readonly #decoy: DigestVector;
  readonly #guesses: Guesses;
  /** Highest nonce count, by nonce, in the order of their first use. */
  readonly #used = new Map<string, number>();
  /** Nonces given out before are taken no more. */
  #fromMs = 0;

  constructor(private readonly ports: HttpDigestPorts) {
    const { random, realm } = ports;
    this.#key = random.token(KEY_LENGTH);
    this.#guesses = new Guesses(ports.clock);
    const ha1Md5 = random.token(KEY_LENGTH);
    this.#decoy = { kind: 'digest', realm, qop: 'auth', ha1Md5, ha1Sha256: ha1Md5, version: '' };
  }

  /** May who sent this read what is `impu`'s? */
  async judge(asked: Asked, impu: string): Promise<Verdict> {
    const { authorization, address, target, method } = asked;
    const auth = authorization === undefined ? undefined : parseAuthorization(authorization);
    if (auth?.scheme !== 'digest' || auth.realm !== this.ports.realm) return this.#challenge(false);
    const { nonce, response, uri, cnonce, nc, qop, username = '' } = auth;
    const algorithm = digestAlgorithm(auth.algorithm);
    if (nonce === undefined || response === undefined || cnonce === undefined || nc === undefined)
      return this.#challenge(false);
    if (algorithm !== 'MD5' && algorithm !== 'SHA-256') return this.#challenge(false);
    // The request line is what was asked for: credentials for another one are of no use here (RFC 7616 §3.4.6).
    if (qop !== 'auth' || uri !== target || username.length > USERNAME_LENGTH_MAX)
      return this.#challenge(false);
    if (!this.#isFresh(nonce)) return this.#challenge(true);
    const impi = decodeUtf8(username);
    const { waitS, forgive, proved } = this.#guesses.begin(impi, lineOf(address));
    if (waitS > 0) return { kind: 'slowed', retryAfterS: waitS };

    const answer = await this.ports.homestead.authVector(impi, impu);
    if (!answer.ok && (answer.failure === 'unavailable' || answer.failure === 'timeout')) {
      forgive();
      return { kind: 'away', isLate: answer.failure === 'timeout', retryAfterS: RETRY_S };
    }
    // Nobody is judged like somebody.
    const vector = answer.ok ? answer.value : this.#decoy;
    const ha1 = algorithm === 'SHA-256' ? vector.ha1Sha256 : vector.ha1Md5;
    // Provisioned by its MD5 alone: it is asked for that.
    if (ha1 === undefined) {
      forgive();
      return this.#challenge(true, ['MD5']);
    }
    const expected = digestResponse({ algorithm, ha1, nonce, nc, cnonce, qop, method, uri });
    if (!answer.ok || vector.realm !== this.ports.realm || !sameDigest(expected, response))
      return { kind: 'refused' };
    proved();
    // Judged after the digest: nobody without the password can use up a nonce count.
    return this.#use(nonce, nonceCount(nc)) ? { kind: 'ok' } : this.#challenge(true);
  }

  #challenge(stale: boolean, algorithms = ALGORITHMS): Verdict {
    const { clock, random, realm } = this.ports;
    const unsigned = `${clock.nowMs().toString(36)}.${random.token(SALT_LENGTH)}`;
    const nonce = `${unsigned}.${this.#signature(unsigned)}`;
    const challenges = algorithms.map((algorithm) =>
      challengeHeader({ realm, nonce, algorithm, qop: 'auth', stale }),
    );
    return { kind: 'challenged', challenges };
  }

  #signature(unsigned: string): string {
    return createHmac('sha256', this.#key).update(unsigned).digest('hex');
  }

  /** Given out by this process, and not too long ago. */
  #isFresh(nonce: string): boolean {
    const dot = nonce.lastIndexOf('.');
    const unsigned = nonce.slice(0, Math.max(0, dot));
    if (!sameDigest(this.#signature(unsigned), nonce.slice(dot + 1))) return false;
    const atMs = givenOutMs(nonce);
    return atMs >= this.#fromMs && this.ports.clock.nowMs() - atMs < NONCE_LIFE_MS;
  }

  /** Each nonce count once, rising. */
  #use(nonce: string, count: number): boolean {
    if (count <= (this.#used.get(nonce) ?? 0)) return false;
    if (!this.#used.has(nonce)) this.#makeRoom();
    this.#used.set(nonce, count);
    return true;
  }

  #makeRoom(): void {
    const nowMs = this.ports.clock.nowMs();
    for (const nonce of this.#used.keys()) {
      const atMs = givenOutMs(nonce);
      if (this.#used.size < NONCES_USED_MAX && nowMs - atMs < NONCE_LIFE_MS) return;
      this.#used.delete(nonce);
      this.#fromMs = Math.max(this.#fromMs, atMs + 1);
    }
  }
}

const givenOutMs = (nonce: string): number => Number.parseInt(nonce, 36);
