// The subscribers of the HSS, from a file: JSON (all there is to say of each) or Clearwater's bulk CSV (public_id,private_id,realm,
// password). Checked field by field: what is wrong is said with where it is. Pure.
import { hash } from 'node:crypto';

/** One private identity, and the set of public ones that are registered together. */
export type Subscriber = Readonly<{
  impi: string;
  /** The first one that is not barred is the default. */
  impus: readonly string[];
  barred: ReadonlySet<string>;
  realm: string;
  /** MD5 of impi:realm:password (RFC 2617). */
  ha1?: string;
  /** Milenage (TS 35.206), hexadecimal. */
  aka?: Readonly<{ k: string; opc: string; amf: string; sqn: string }>;
  /** Where it may register from; absent: anywhere. */
  visitedNetworks?: ReadonlySet<string>;
  mandatoryCapabilities: readonly number[];
  optionalCapabilities: readonly number[];
  chargingFunctions?: Readonly<{ primary: string; secondary?: string }>;
  /** Whole IMSSubscription; otherwise one is made of the identities and `filterCriteria`. */
  userData?: string;
  /** InitialFilterCriteria elements, as XML. */
  filterCriteria: string;
}>;

export type SubscribersRead =
  Readonly<{ ok: true; subscribers: readonly Subscriber[] }> | Readonly<{ ok: false; reason: string }>;

export const SUBSCRIBERS_MAX = 1_000_000;

const ha1Of = (impi: string, realm: string, password: string): string =>
  hash('md5', `${impi}:${realm}:${password}`);

class Unreadable extends Error {}

type Fields = Readonly<Record<string, unknown>>;

const text = (fields: Fields, name: string): string | undefined => {
  const value = fields[name];
  if (value === undefined) return undefined;
  if (typeof value === 'string' && value !== '') return value;
  throw new Unreadable(`${name} is no text`);
};
const list = <T>(fields: Fields, name: string, is: (one: unknown) => one is T): readonly T[] => {
  const value = fields[name] ?? [];
  if (Array.isArray(value) && value.every(is)) return value;
  throw new Unreadable(`${name} is no such list`);
};
const isText = (one: unknown): one is string => typeof one === 'string' && one !== '';
const isWhole = (one: unknown): one is number => Number.isInteger(one) && (one as number) >= 0;
const hexadecimal = (fields: Fields, name: string, bytes: number, standard?: string): string => {
  const value = text(fields, name) ?? standard ?? '';
  if (value.length === 2 * bytes && /^[0-9a-fA-F]*$/.test(value)) return value.toLowerCase();
  throw new Unreadable(`${name} is not ${bytes} bytes in hexadecimal`);
};

const KNOWN = new Set(['impi', 'impus', 'barred', 'realm', 'password', 'ha1', 'aka', 'visitedNetworks', 'mandatoryCapabilities', 'optionalCapabilities', 'chargingFunctions', 'userData', 'filterCriteria']); // prettier-ignore

const secrets = (fields: Fields, impi: string, realm: string): Pick<Subscriber, 'ha1' | 'aka'> => {
  const password = text(fields, 'password');
  const ha1 = password === undefined ? text(fields, 'ha1') : ha1Of(impi, realm, password);
  const aka = fields['aka'] as Fields | undefined;
  return {
    ...(ha1 === undefined ? {} : { ha1 }),
    ...(aka && {
      aka: {
        k: hexadecimal(aka, 'k', 16),
        opc: hexadecimal(aka, 'opc', 16),
        amf: hexadecimal(aka, 'amf', 2, '8000'),
        sqn: hexadecimal(aka, 'sqn', 6, '000000000000'),
      },
    }),
  };
};

const subscriberOf = (fields: Fields, realmOfAll: string): Subscriber => {
  const unknown = Object.keys(fields).find((name) => !KNOWN.has(name));
  if (unknown !== undefined) throw new Unreadable(`${unknown} is not a field`);
  const impi = text(fields, 'impi');
  if (impi === undefined) throw new Unreadable('impi is missing');
  const impus = list(fields, 'impus', isText);
  if (impus.length === 0) throw new Unreadable('impus is empty');
  const realm = text(fields, 'realm') ?? realmOfAll;
  const visited = fields['visitedNetworks'] === undefined ? undefined : list(fields, 'visitedNetworks', isText);
  const charging = fields['chargingFunctions'] as Fields | undefined;
  const primary = charging && text(charging, 'primary');
  const secondary = charging && text(charging, 'secondary');
  const userData = text(fields, 'userData');
  return {
    impi,
    impus,
    barred: new Set(list(fields, 'barred', isText)),
    realm,
    ...secrets(fields, impi, realm),
    ...(visited && { visitedNetworks: new Set(visited) }),
    mandatoryCapabilities: list(fields, 'mandatoryCapabilities', isWhole),
    optionalCapabilities: list(fields, 'optionalCapabilities', isWhole),
    ...(primary !== undefined && { chargingFunctions: { primary, ...(secondary !== undefined && { secondary }) } }),
    ...(userData !== undefined && { userData }),
    filterCriteria: text(fields, 'filterCriteria') ?? '',
  };
}; // prettier-ignore

const readJson = (content: string, realm: string): SubscribersRead => {
  let parsed: unknown;
  try {
    parsed = JSON.parse(content);
  } catch (error) {
    return { ok: false, reason: (error as Error).message };
  }
  const all: unknown = Array.isArray(parsed) ? parsed : (parsed as Fields | null)?.['subscribers'];
  if (!Array.isArray(all)) return { ok: false, reason: 'takes a list of subscribers' };
  return readEach(all as unknown[], (one) => {
    if (typeof one !== 'object' || one === null) throw new Unreadable('is no object');
    return subscriberOf(one as Fields, realm);
  });
};

const readEach = <T>(all: readonly T[], read: (one: T) => Subscriber): SubscribersRead => {
  if (all.length > SUBSCRIBERS_MAX) return { ok: false, reason: `more than ${SUBSCRIBERS_MAX} subscribers` };
  const subscribers: Subscriber[] = [];
  const owners = new Map<string, string>();
  for (const [index, one] of all.entries())
    try {
      const subscriber = read(one);
      for (const name of [subscriber.impi, ...subscriber.impus.map((impu) => `impu ${impu}`)]) {
        const owner = owners.get(name);
        if (owner !== undefined) throw new Unreadable(`${name} is also ${owner}'s`);
        owners.set(name, subscriber.impi);
      }
      subscribers.push(subscriber);
    } catch (error) {
      if (error instanceof Unreadable)
        return { ok: false, reason: `subscriber ${index + 1}: ${error.message}` };
      throw error;
    }
  return { ok: true, subscribers };
};

const readCsv = (content: string): SubscribersRead => {
  const lines = content.split(/\r?\n/).filter((line) => line.trim() !== '' && !line.startsWith('#'));
  if (lines[0]?.toLowerCase().startsWith('public_id,')) lines.shift();
  return readEach(lines, (line) => {
    const [impu, impi, realm, password, ...more] = line.split(',').map((part) => part.trim());
    if (!impu || !impi || !realm || !password || more.length > 0)
      throw new Unreadable('takes public_id,private_id,realm,password');
    return subscriberOf({ impi, impus: [impu], realm, password }, realm);
  });
};

/** By how it begins: `[` or `{` is JSON. `realm` counts where a subscriber names none. */
export const readSubscribers = (content: string, realm: string): SubscribersRead =>
  /^\s*[[{]/.test(content) ? readJson(content, realm) : readCsv(content);
