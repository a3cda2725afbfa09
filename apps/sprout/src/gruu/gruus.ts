// Globally routable URIs of devices (RFC 5627): a public one says whose it is and of which device; a temporary one is sealed, so that
// nobody but this deployment's routers can tell, and nothing of it is remembered. Made in the answer to a REGISTER, read when called.
import { hash } from 'node:crypto';
import type { Binding } from '#libs/domain';
import type { Random } from '#libs/runtime';
import {
  escapePercent,
  hostPortOf,
  PARAM_CHARS,
  SEAL_IV_BYTES,
  TextSeal,
  unescapePercent,
  uriParam,
  userOf,
} from '#libs/sip';

const TEMPORARY = 'tgruu.';
const MARK_CHARACTERS = 16; // 96 bits
const IS_SIP = /^sips?:/i;

export type Gruu =
  | Readonly<{ kind: 'public'; instance: string }>
  /** `mark`: of the device and its registration. */
  | Readonly<{ kind: 'temporary'; impu: string; mark: string }>
  /** It looks like one of ours, and nobody here made it. */
  | Readonly<{ kind: 'forged' }>;

/** `<urn:uuid:…>` as `gr` has it; UUIDs are the same in either case (RFC 4122 §3). */
const bareInstance = (instance: string): string => {
  const bare = instance.startsWith('<') && instance.endsWith('>') ? instance.slice(1, -1) : instance;
  return /^urn:uuid:/i.test(bare) ? bare.toLowerCase() : bare;
};

const markOf = (instance: string, sinceMs: number): string =>
  hash('sha256', `${bareInstance(instance)}\n${sinceMs}`, 'base64url').slice(0, MARK_CHARACTERS);

/** Since when a device is registered: of its flows the latest counts, as what was before that is void (RFC 5627 §5.1). */
const registeredSinceMs = (instance: string, bindings: readonly Binding[]): number => {
  let latestMs = 0;
  for (const { instance: other, sinceMs = 0 } of bindings)
    if (other === instance && sinceMs > latestMs) latestMs = sinceMs;
  return latestMs;
};

/** The public one; undefined for an identity that is no SIP URI. */
export const publicGruu = (impu: string, instance: string): string | undefined =>
  IS_SIP.test(impu) ? `${impu};gr=${escapePercent(bareInstance(instance), PARAM_CHARS)}` : undefined;

/** Of all bindings of a registration those that a GRUU leads to: the flows of one device (RFC 5627 §5.4). */
export const ledTo = (gruu: Gruu, bindings: readonly Binding[]): readonly Binding[] =>
  bindings.filter(({ instance, emergency }) => {
    if (instance === undefined || emergency === true) return false;
    if (gruu.kind === 'public') return gruu.instance === bareInstance(instance);
    return gruu.kind === 'temporary' && gruu.mark === markOf(instance, registeredSinceMs(instance, bindings));
  });

export class Gruus {
  readonly #seal: TextSeal;

  /** `key`: at least 32 bytes that outlive the process, the same for all routers of a deployment. */
  constructor(
    key: Buffer,
    private readonly random: Pick<Random, 'bytes'>,
  ) {
    this.#seal = new TextSeal(key, 'temporary GRUUs');
  }

  /** A new one each time, for a device that is registered; all of a registration are good as long as it lasts. */
  temporary(impu: string, instance: string, bindings: readonly Binding[]): string {
    const mark = markOf(instance, registeredSinceMs(instance, bindings));
    const sealed = this.#seal.seal(`${mark}${impu}`, '', this.random.bytes(SEAL_IV_BYTES));
    return `sip:${TEMPORARY}${sealed}@${hostPortOf(impu)};gr`;
  }

  /** undefined: no GRUU, which nearly all are. */
  read(requestUri: string): Gruu | undefined {
    if (!requestUri.includes(';gr')) return undefined;
    const gr = uriParam(requestUri, 'gr');
    if (gr === undefined) return undefined;
    if (gr !== '') return { kind: 'public', instance: bareInstance(unescapePercent(gr)) };
    const user = userOf(requestUri);
    const text = user.startsWith(TEMPORARY) ? this.#seal.open(user.slice(TEMPORARY.length)) : undefined;
    if (text === undefined) return { kind: 'forged' };
    return { kind: 'temporary', mark: text.slice(0, MARK_CHARACTERS), impu: text.slice(MARK_CHARACTERS) };
  }
}

/**
 * Contact parameters of a 200 to REGISTER, of one of the bindings; '' for a contact that names no device, or whose client knows no GRUUs
 * (RFC 5627 §5.1, §5.2).
 */
export const gruuParams = (
  gruus: Gruus,
  impu: string,
  { instance, gruu }: Binding,
  bindings: readonly Binding[],
): string => {
  const uri = instance === undefined || gruu !== true ? undefined : publicGruu(impu, instance);
  if (instance === undefined || uri === undefined) return '';
  return `;pub-gruu="${uri}";temp-gruu="${gruus.temporary(impu, instance, bindings)}"`;
};
