// Who asks over HTTP? Digest with a user's SIP credentials (RFC 7616), judged by Homestead's authentication data at every request, for one
// public identity: the private identity has to be one of its own. Nothing is kept of who has not proved itself (signed-nonces.ts); who
// guesses is slowed down. Used by Homer and by the call list.
import type { AuthVector, Homestead } from '#libs/homestead-client';
import { type Clock, Guesses, lineOf, type Random, Throttle } from '#libs/runtime';
import { challengeHeader, decodeUtf8, digestAlgorithm, type DigestCredentials, nonceCount, parseAuthorization } from '#libs/sip'; // prettier-ignore
import { createDecoy } from './decoy.js';
import { ha1For, isAnswer } from './is-answer.js';
import type { NonceCounts } from './nonce-counts.js';
import { SignedNonces } from './signed-nonces.js';

const USERNAME_LENGTH_MAX = 256;
const RETRY_S = 5;
/** Challenges of one address that Homestead is asked about; further ones offer everything. */
const OFFERS_ASKED = { burst: 50, everyMs: 200 } as const;

export type Asked = Readonly<{
  method: string;
  /** As it stands in the request line. */
  target: string;
  authorization: string | undefined;
  /** Whose failures are counted. */
  address: string;
}>;

/** Whom it has to be: one of these public identities has to be the private one's. */
export type Whose = Readonly<{
  /** Whose it is that is asked for; absent: nobody's. */
  impu?: string | undefined;
  /** Beside it, the one that goes with a private identity: who it is matters then, not whose this is. */
  own?: (impi: string) => string;
}>;

export type Verdict =
  /** `impu`: the one that was found to be the user's. */
  | Readonly<{ kind: 'ok'; impu: string }>
  /** Values of WWW-Authenticate. */
  | Readonly<{ kind: 'challenged'; challenges: readonly string[] }>
  /** The wrong password, nobody, or somebody else's: which of them is not told. */
  | Readonly<{ kind: 'refused' }>
  | Readonly<{ kind: 'slowed'; retryAfterS: number }>
  /** Who it is cannot be said now. */
  | Readonly<{ kind: 'away'; isLate: boolean; retryAfterS: number }>;

export type HttpDigestPorts = Readonly<{
  homestead: Pick<Homestead, 'authVector'>;
  clock: Pick<Clock, 'nowMs' | 'monotonicMs'>;
  random: Pick<Random, 'token' | 'bytes'>;
  realm: string;
  /** Homestead is asked before the challenge, too, and only what the user's credential can be judged by is offered, as over SIP. */
  offersStoredOnly?: boolean;
  /** Shared with other nodes; absent: each node's nonces are its own. */
  nonceKey?: Buffer | undefined;
  nonceCounts?: NonceCounts | undefined;
}>;

type Algorithm = 'MD5' | 'SHA-256';

/** The strongest first: clients take the first that they know (RFC 7616 §3.7). */
const ALGORITHMS: readonly Algorithm[] = ['SHA-256', 'MD5'];

/** RFC 7616 §3.4.6: credentials for another request are of no use here. */
export const isOfTarget = (uri: string | undefined, target: string): boolean =>
  uri !== undefined && (uri === target || uri.replace(/^https?:\/\/[^/]*/i, '') === target);

type Proof = Readonly<{ auth: DigestCredentials; nonce: string; algorithm: Algorithm; impi: string }>;

const isOffered = (algorithm: string | undefined): algorithm is Algorithm =>
  algorithm === 'MD5' || algorithm === 'SHA-256';

/** What is one, whether right or wrong; undefined: it is none, or not for this request. */
const proofIn = (auth: DigestCredentials | undefined, target: string): Proof | undefined => {
  if (auth === undefined || auth.nonce === undefined || auth.response === undefined) return undefined;
  if (auth.cnonce === undefined || auth.nc === undefined || auth.qop !== 'auth') return undefined;
  const algorithm = digestAlgorithm(auth.algorithm);
  const { username = '', nonce, uri } = auth;
  if (!isOffered(algorithm) || !isOfTarget(uri, target) || username.length > USERNAME_LENGTH_MAX)
    return undefined;
  return { auth, nonce, algorithm, impi: decodeUtf8(username) };
};

const away = (failure: string): Verdict => ({ kind: 'away', isLate: failure === 'timeout', retryAfterS: RETRY_S }); // prettier-ignore
const isAway = (failure: string): boolean => failure === 'unavailable' || failure === 'timeout';
const impusOf = ({ impu, own }: Whose, impi: string): ReadonlySet<string> =>
  new Set([...(impu === undefined ? [] : [impu]), ...(own === undefined ? [] : [own(impi)])]);
/** The private identity that goes with a public one. */
const impliedBy = (impu = ''): string => impu.slice(impu.indexOf(':') + 1);

export class HttpDigest {
  readonly #decoy: AuthVector;
  readonly #guesses: Guesses;
  readonly #offersAsked: Throttle;
  readonly #nonces: SignedNonces;

  constructor(private readonly ports: HttpDigestPorts) {
    const { random, realm, clock, nonceKey: key, nonceCounts: counts } = ports;
    this.#decoy = createDecoy(random, realm);
    this.#guesses = new Guesses(clock);
    this.#offersAsked = new Throttle(OFFERS_ASKED, clock);
    this.#nonces = new SignedNonces({ clock, random, key, counts });
  }

  /** May who sent this have what is `whose`? Rejects with StoreUnavailable where nonces are counted in a store. */
  async judge(asked: Asked, whose: Whose): Promise<Verdict> {
    const { authorization, target, method } = asked;
    const auth = authorization === undefined ? undefined : parseAuthorization(authorization);
    const isOurs = auth?.scheme === 'digest' && auth.realm === this.ports.realm;
    const proof = isOurs ? proofIn(auth, target) : undefined;
    if (proof === undefined) return this.challenge(asked, whose);
    if (!this.#nonces.isFresh(proof.nonce)) return this.challenge(asked, whose, true);
    return this.#judged(proof, { method, line: lineOf(asked.address) }, whose);
  }

  /** Asks for a proof. */
  async challenge(asked: Asked, whose: Whose, stale = false): Promise<Verdict> {
    if (this.ports.offersStoredOnly !== true || this.#offersAsked.take(lineOf(asked.address)) > 0)
      return this.#challenged(stale, ALGORITHMS);
    const claimed = parseAuthorization(asked.authorization ?? '')?.username ?? '';
    const impi = claimed === '' ? impliedBy(whose.impu) : decodeUtf8(claimed);
    if (impi === '' || impi.length > USERNAME_LENGTH_MAX) return this.#challenged(stale, ALGORITHMS);
    for (const impu of impusOf(whose, impi)) {
      const answer = await this.ports.homestead.authVector(impi, impu);
      if (!answer.ok && isAway(answer.failure)) return away(answer.failure);
      if (!answer.ok) continue;
      const { value } = answer;
      return this.#challenged(stale, ALGORITHMS.filter((algorithm) => ha1For(value, algorithm) !== undefined)); // prettier-ignore
    }
    return this.#challenged(stale, ALGORITHMS);
  }

  async #judged(
    { auth, nonce, algorithm, impi }: Proof,
    { method, line }: Readonly<{ method: string; line: string }>,
    whose: Whose,
  ): Promise<Verdict> {
    const who = `${line} ${impi}`;
    // Only who knows the password has a nonce that it answered right, from there: whatever others guess, it does not wait.
    const guess = this.#nonces.isOf(nonce, who) ? undefined : this.#guesses.begin(impi, line);
    if (guess !== undefined && guess.waitS > 0) return { kind: 'slowed', retryAfterS: guess.waitS };
    let lacksAlgorithm = false;
    for (const impu of impusOf(whose, impi)) {
      const answer = await this.ports.homestead.authVector(impi, impu);
      if (!answer.ok && isAway(answer.failure)) {
        guess?.forgive();
        return away(answer.failure);
      }
      // Nobody is judged like somebody.
      const vector = answer.ok ? answer.value : this.#decoy;
      const ha1 = ha1For(vector, algorithm);
      lacksAlgorithm ||= ha1 === undefined;
      const isRight = ha1 !== undefined && isAnswer(auth, { algorithm, ha1 }, method);
      if (!answer.ok || !isRight || vector.realm !== this.ports.realm) continue;
      guess?.proved();
      // Judged after the digest: nobody without the password can use up a nonce count.
      const isNew = await this.#nonces.use(nonce, nonceCount(auth.nc), who);
      return isNew ? { kind: 'ok', impu } : this.#challenged(true, ALGORITHMS.filter((one) => ha1For(vector, one) !== undefined)); // prettier-ignore
    }
    if (!lacksAlgorithm) return { kind: 'refused' };
    // Provisioned by its MD5 alone: it is asked for that.
    guess?.forgive();
    return this.#challenged(true, ['MD5']);
  }

  #challenged(stale: boolean, algorithms: readonly Algorithm[]): Verdict {
    const { realm } = this.ports;
    const nonce = this.#nonces.make();
    const challenges = algorithms.map((algorithm) =>
      challengeHeader({ realm, nonce, algorithm, qop: 'auth', stale }),
    );
    return { kind: 'challenged', challenges };
  }
}
