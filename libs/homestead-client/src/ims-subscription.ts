// The IMSSubscription document of Cx User-Data and of Homestead's reg-data answers (TS 29.228 Annex E).
// Readers: Sprout (profiles, default identity), Homestead and Homestead Prov (checks on what is provisioned).
import {
  compilePattern,
  type CriteriaProblem,
  type IdentityKind,
  type ImsSubscription,
  type PublicIdentity,
  type ServiceProfile,
} from '#libs/domain';
import { parseCriteria } from './filter-criteria-xml.js';
import { child, children, parseXml, text, texts, type Parsed, type XmlNode } from './xml-tree.js';

/** The subscription in a document whose root, or a child of it (ClearwaterRegData), is IMSSubscription. Parse once a string. */
export const parseImsSubscription = (xml: string): Parsed<ImsSubscription> => {
  const parsed = parseXml(xml);
  if (!parsed.ok) return parsed;
  const node = findElement(parsed.value, 'IMSSubscription');
  if (!node) return { ok: false, reason: 'no IMSSubscription' };
  const privateId = text(node, 'PrivateID');
  const serviceProfiles = children(node, 'ServiceProfile').map((profile, index) =>
    parseProfile(profile, `profile ${index}`),
  );
  return { ok: true, value: { ...(privateId ? { privateId } : {}), serviceProfiles } };
};

/** A ServiceProfile by itself, as provisioning takes it. */
export const parseServiceProfile = (xml: string): Parsed<ServiceProfile> => {
  const parsed = parseXml(xml);
  if (!parsed.ok) return parsed;
  const node = child(parsed.value, 'ServiceProfile');
  return node
    ? { ok: true, value: parseProfile(node, 'profile') }
    : { ok: false, reason: 'no ServiceProfile' };
};

const findElement = (document: XmlNode, name: string): XmlNode | undefined => {
  const direct = child(document, name);
  if (direct) return direct;
  for (const root of Object.keys(document))
    for (const node of children(document, root)) {
      const nested = child(node, name);
      if (nested) return nested;
    }
  return undefined;
};

const parseProfile = (node: XmlNode, where: string): ServiceProfile => {
  const { criteria, problems } = parseCriteria(node, where);
  const identityProblems: CriteriaProblem[] = [];
  const publicIdentities = children(node, 'PublicIdentity').flatMap((identity, index) => {
    const parsed = parseIdentity(identity);
    if (parsed) return [parsed];
    identityProblems.push({ where: `${where}, public identity ${index}`, reason: 'no Identity' });
    return [];
  });
  const sharedSetIds = children(node, 'Extension')
    .flatMap((extension) => texts(extension, 'SharedIFCSetID'))
    .filter((id) => /^[0-9]{1,10}$/.test(id))
    .map(Number);
  return { publicIdentities, criteria, sharedSetIds, problems: [...identityProblems, ...problems] };
};

/** TS 29.228 IdentityType; absent or unknown: an ordinary identity. */
const KINDS: Readonly<Record<string, IdentityKind>> = {
  '2': 'wildcarded-psi',
  '3': 'non-distinct',
  '4': 'wildcarded-impu',
};

const parseIdentity = (node: XmlNode): PublicIdentity | undefined => {
  const identity = text(node, 'Identity');
  if (!identity) return undefined;
  const kind = KINDS[deepText(node, 'IdentityType') ?? ''] ?? 'distinct';
  const wildcard = deepText(node, kind === 'wildcarded-psi' ? 'WildcardedPSI' : 'WildcardedIMPU');
  const displayName = deepText(node, 'DisplayName');
  return {
    identity,
    barred: !['', '0', 'false'].includes(text(node, 'BarringIndication')?.toLowerCase() ?? '0'),
    kind,
    ...(wildcard && kind !== 'distinct' ? { wildcard } : {}),
    ...(displayName ? { displayName } : {}),
  };
};

/** Later releases nest Extension in Extension; servers differ in how deep they put an element. */
const deepText = (node: XmlNode, name: string): string | undefined => {
  for (const extension of children(node, 'Extension')) {
    const found = text(extension, name) ?? deepText(extension, name);
    if (found !== undefined) return found;
  }
  return undefined;
};

export type ImpuOfSubscription = Readonly<{ impu: string; barred: boolean }>;

/** TS 29.228 §6.1.2: a non-distinct identity is kept under the wildcard that it belongs to. */
const impuOf = ({ identity, kind, wildcard }: PublicIdentity): string =>
  kind === 'non-distinct' && wildcard !== undefined ? wildcard : identity;

/** Every identity of the implicit registration set, in document order, each once. */
export const impusOf = (subscription: ImsSubscription): readonly ImpuOfSubscription[] => {
  const found = new Map<string, ImpuOfSubscription>();
  for (const { publicIdentities } of subscription.serviceProfiles)
    for (const identity of publicIdentities) {
      const impu = impuOf(identity);
      if (!found.has(impu)) found.set(impu, { impu, barred: identity.barred });
    }
  return [...found.values()];
};

/** The first identity that is not barred; undefined when all are. */
export const defaultImpu = (subscription: ImsSubscription): string | undefined =>
  impusOf(subscription).find(({ barred }) => !barred)?.impu;

/** The profile and identity that serve an IMPU: named there, else as a wildcard, else matching one. */
export const serviceProfileOf = (
  subscription: ImsSubscription,
  impu: string,
  wildcard?: string,
): Readonly<{ profile: ServiceProfile; identity: PublicIdentity }> | undefined => {
  const rules: readonly ((identity: PublicIdentity) => boolean)[] = [
    ({ identity }) => identity === impu,
    (identity) => wildcard !== undefined && [identity.identity, identity.wildcard].includes(wildcard),
    ({ kind, identity, wildcard: own }) => kind !== 'distinct' && matchesWildcard(own ?? identity, impu),
  ];
  for (const rule of rules)
    for (const profile of subscription.serviceProfiles) {
      const identity = profile.publicIdentities.find(rule);
      if (identity) return { profile, identity };
    }
  return undefined;
};

/** TS 23.003 §13.4A.3: what stands between the exclamation marks is an extended regular expression. */
export const matchesWildcard = (wildcard: string, impu: string): boolean => {
  const [first, last] = [wildcard.indexOf('!'), wildcard.lastIndexOf('!')];
  if (first < 0 || last === first) return false;
  const [head, tail] = [wildcard.slice(0, first), wildcard.slice(last + 1)];
  if (!impu.startsWith(head) || !impu.endsWith(tail) || impu.length < head.length + tail.length) return false;
  const pattern = compilePattern(`^(${wildcard.slice(first + 1, last)})$`);
  return pattern.ok && pattern.value.test(impu.slice(head.length, impu.length - tail.length));
};
