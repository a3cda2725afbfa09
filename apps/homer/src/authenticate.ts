// Who asks (RFC 4825 §8, §14; TS 24.623 §5.2, TS 33.222): a service by its API key, a user by the identity that a trusted proxy
// asserts, or by HTTP digest with the credentials of SIP, which Homestead knows. Who guesses is slowed down. Reader: homer.ts.
import { HttpDigest, isOfTarget, type NonceCounts, type Verdict } from '#libs/digest';
import type { Homestead } from '#libs/homestead-client';
import type { ApiKeys, Clock, Random } from '#libs/runtime';
import { parseAuthorization } from '#libs/sip';
import { refusal, throttled, unavailable, type XcapAnswer, type XcapRequest } from './answer.js';

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
  /** Nodes with one key take each other's nonces; absent: each its own. */
  nonceKey?: Buffer | undefined;
  /** Where they count together which were used; absent: each for itself. */
  nonceCounts?: NonceCounts | undefined;
  clock: Clock;
  random: Random;
}>;

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

const unavailableNow = refused(unavailable('credentials cannot be checked now'));

export class Authentication {
  private readonly digest: HttpDigest;

  constructor(private readonly ports: AuthenticationPorts) {
    this.digest = new HttpDigest({ ...ports, realm: ports.homeDomain, offersStoredOnly: true });
  }

  /** `xui`: whose document is asked for. Rejects with StoreUnavailable where nonces are counted in a store. */
  async authenticate(request: XcapRequest, xui: string | undefined): Promise<Authenticated> {
    const { apiKeys, mayAssert, isTrusted } = this.ports;
    const { header, remoteAddress } = request;
    const key = header('x-api-key') ?? header('ngv-api-key');
    if (key !== undefined && !apiKeys.open) {
      const verdict = apiKeys.check(key, 'homer');
      if (verdict === 'ok') return SERVICE;
      if (verdict === 'wrong-role') return refused(refusal(403, 'this key has another role'));
      return this.challenged(request, xui, 'X-API-Key is not known');
    }
    const asserted = header('x-3gpp-asserted-identity') ?? header('x-xcap-asserted-identity');
    if (asserted !== undefined && mayAssert(remoteAddress))
      return { ok: true, caller: { kind: 'user', identities: assertedIn(asserted) } };
    if (header('authorization') !== undefined) return this.byDigest(request, xui);
    if (apiKeys.open && isTrusted(remoteAddress)) return SERVICE;
    return this.challenged(request, xui);
  }

  private async byDigest(request: XcapRequest, xui: string | undefined): Promise<Authenticated> {
    const { asked, whose } = questionOf(request, xui);
    const credentials = parseAuthorization(asked.authorization ?? '');
    const isOurs = credentials?.scheme === 'digest' && credentials.realm === this.ports.homeDomain;
    if (isOurs && !isOfTarget(credentials.uri, request.target))
      return refused(refusal(400, 'the uri of Authorization is not the target of the request'));
    const verdict = await this.digest.judge(asked, whose);
    if (verdict.kind === 'ok') return { ok: true, caller: { kind: 'user', identities: [verdict.impu] } };
    // RFC 7616 §3.4: who was wrong may try again.
    return verdict.kind === 'refused' ? this.challenged(request, xui) : answerTo(verdict);
  }

  private async challenged(
    request: XcapRequest,
    xui: string | undefined,
    reason?: string,
  ): Promise<Authenticated> {
    const { asked, whose } = questionOf(request, xui);
    return answerTo(await this.digest.challenge(asked, whose), reason);
  }
}

/** Whose tree it is: one of the user's own identities, or else the one that goes with the user name. */
const questionOf = ({ method, target, header, clientAddress: address }: XcapRequest, xui: string | undefined) => ({
  asked: { method, target, authorization: header('authorization'), address },
  whose: { impu: xui, own: (impi: string) => `sip:${impi}` },
}); // prettier-ignore

/** A verdict that lets nobody in. */
const answerTo = (verdict: Verdict, reason = 'credentials are needed'): Authenticated => {
  if (verdict.kind === 'slowed') return refused(throttled('too many tries: come again', verdict.retryAfterS));
  if (verdict.kind !== 'challenged') return unavailableNow;
  const [first = '', ...more] = verdict.challenges;
  return refused(refusal(401, reason, { 'www-authenticate': more.length === 0 ? first : [first, ...more] }));
};
