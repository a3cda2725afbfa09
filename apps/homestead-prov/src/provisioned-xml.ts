// The two documents that provisioning takes, checked: PublicIdentity and ServiceProfile (TS 29.228 annex E).
// No DTD, no entities, bounded size and depth (libs/homestead-client reads XML). Read by the handlers.
import { compileCriteria, type ProvisionedIdentity } from '#libs/domain';
import { child, children, parseServiceProfile, parseXml, text, type XmlNode } from '#libs/homestead-client';
import { rootElement } from '#projections/subscriber-profiles';
import { badRequest } from './outcome.js';

/** PublicIdentity elements are a few lines. */
export const PUBLIC_IDENTITY_LENGTH_MAX = 16_384;
/** Of all the initial filter criteria of one profile. */
export const SERVICE_PROFILE_LENGTH_MAX = 262_144;
const PROBLEMS_SHOWN_MAX = 5;

const IDENTITY_TYPES_MAX = 4;

const barredBy = (node: XmlNode): boolean => {
  const value = text(node, 'BarringIndication')?.toLowerCase() ?? '0';
  if (['0', 'false', ''].includes(value)) return false;
  if (['1', 'true'].includes(value)) return true;
  throw badRequest('PublicIdentity: BarringIndication takes 0 or 1');
};

const identityTypeOf = (node: XmlNode): number | undefined => {
  const value = text(child(node, 'Extension') ?? {}, 'IdentityType');
  if (value === undefined) return undefined;
  const type = Number(value);
  if (!/^\d$/.test(value) || type > IDENTITY_TYPES_MAX) {
    throw badRequest(`PublicIdentity: IdentityType takes 0 to ${IDENTITY_TYPES_MAX}`);
  }
  return type;
};

/** The one element of a document, which must have this name: what is kept is put into another document as it stands. */
const onlyElement = (body: string, name: string, lengthMax: number): XmlNode => {
  if (body.trim() === '') throw badRequest(`empty body: takes a ${name} element`);
  if (body.length > lengthMax) throw badRequest(`${name}: at most ${lengthMax} characters`);
  const parsed = parseXml(body);
  if (!parsed.ok) throw badRequest(`${name}: ${parsed.reason}`);
  const node = child(parsed.value, name);
  if (!node || Object.keys(parsed.value).length > 1 || children(parsed.value, name).length > 1) {
    throw badRequest(`takes one ${name} element and nothing beside it`);
  }
  return node;
};

/** A PublicIdentity element with the identity that it names; 400 when it is none. */
export const readPublicIdentity = (body: string): ProvisionedIdentity => {
  const node = onlyElement(body, 'PublicIdentity', PUBLIC_IDENTITY_LENGTH_MAX);
  const impu = text(node, 'Identity');
  if (!impu) throw badRequest('PublicIdentity: no Identity');
  const identityType = identityTypeOf(node);
  return {
    impu,
    xml: rootElement(body),
    barred: barredBy(node),
    ...(identityType === undefined ? {} : { identityType }),
  };
};

/** Checks a ServiceProfile document with initial filter criteria; 400 with what is wrong in which criterion. */
export const checkFilterCriteria = (body: string): string => {
  onlyElement(body, 'ServiceProfile', SERVICE_PROFILE_LENGTH_MAX);
  const parsed = parseServiceProfile(body);
  if (!parsed.ok) throw badRequest(`ServiceProfile: ${parsed.reason}`);
  const { criteria, publicIdentities, problems: misread } = parsed.value;
  // Compiling tells patterns that are no regular expressions.
  const { problems } = compileCriteria(criteria, misread);
  if (problems.length > 0) {
    const shown = problems.slice(0, PROBLEMS_SHOWN_MAX).map(({ where, reason }) => `${where}: ${reason}`);
    throw badRequest(`initial filter criteria: ${shown.join('; ')}`, { problems });
  }
  if (publicIdentities.length > 0) {
    throw badRequest('ServiceProfile: public identities are provisioned by themselves, not in it');
  }
  return body;
};

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

export const escapeXml = (value: string): string =>
  value.replace(/[&<>"]/g, (character) => ESCAPES[character] ?? character);

/** The element for an identity that has nothing but its name. */
export const publicIdentityXml = (impu: string): string =>
  `<PublicIdentity><Identity>${escapeXml(impu)}</Identity></PublicIdentity>`;
