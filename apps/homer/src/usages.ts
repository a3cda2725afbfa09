// The application usages that Homer knows (RFC 4825 §5): namespace, MIME type, name and schema of their documents, and what a
// schema cannot say. simservs: TS 24.623; resource-lists: RFC 4826. Readers: homer.ts, validate.ts, capabilities.ts.
import { SIMSERVS_AUID } from '#libs/domain';
import { parseSimservs } from '#libs/homestead-client';
import { elementsOf, type NotUnique, type XmlElement } from '#libs/xcap';
import { COMMON_POLICY_NAMESPACE, COMMON_POLICY_XSD, XML_XSD } from './schema/common-schemas.js';
import { RESOURCE_LISTS_NAMESPACE, RESOURCE_LISTS_XSD } from './schema/resource-lists-schema.js';
import type { SchemaFile } from './schema/schema-validator.port.js';
import { SIMSERVS_NAMESPACE, SIMSERVS_XSD } from './schema/simservs-schema.js';

export type Usage = Readonly<{
  /** As in the names of streams and rows. */
  auid: string;
  /** As in URIs; the first is the one that is written. */
  names: readonly string[];
  /** The default document namespace (§5.2). */
  namespace: string;
  mimeType: string;
  /** Taken beside it from clients that came before there was one: under the last name only. */
  olderMimeTypes: readonly string[];
  /** The one document of a user. */
  document: string;
  /** The schema first, then what it imports; none: documents are only well-formed. */
  schemas: readonly Readonly<SchemaFile & { namespace: string }>[];
  /** What has to be unique and is not (§8.2.5). */
  notUnique(root: XmlElement): readonly NotUnique[];
  /** What else is wrong; undefined: nothing. */
  constraint(xml: string, root: XmlElement): string | undefined;
}>;

/** Clearwater's clients name no type, or any of these. */
const OLDER_MIME_TYPES = ['', 'application/xml', 'text/xml', 'application/octet-stream', 'application/x-www-form-urlencoded']; // prettier-ignore

const simservs: Usage = {
  auid: SIMSERVS_AUID,
  names: ['simservs.ngn.etsi.org', SIMSERVS_AUID],
  namespace: SIMSERVS_NAMESPACE,
  mimeType: 'application/vnd.etsi.simservs+xml',
  olderMimeTypes: OLDER_MIME_TYPES,
  document: 'simservs.xml',
  schemas: [
    { fileName: 'simservs.xsd', contents: SIMSERVS_XSD, namespace: SIMSERVS_NAMESPACE },
    { fileName: 'common-policy.xsd', contents: COMMON_POLICY_XSD, namespace: COMMON_POLICY_NAMESPACE },
  ],
  notUnique: () => [],
  constraint(xml) {
    const parsed = parseSimservs(xml);
    return parsed.ok ? undefined : parsed.reason;
  },
};

/** RFC 4826 §3.4.5: what names a child of a list among its siblings. */
const KEYS: Readonly<Record<string, string>> = { list: 'name', entry: 'uri', 'entry-ref': 'ref', external: 'anchor' }; // prettier-ignore

const listKey = (element: XmlElement): { key: string; value: string } | undefined => {
  const key = element.uri === RESOURCE_LISTS_NAMESPACE ? KEYS[element.local] : undefined;
  const value = element.attributes.find(({ local, uri }) => local === key && uri === '')?.value;
  return key === undefined || value === undefined ? undefined : { key, value };
};

/** Of one parent's, what a report tells; the others are told once these are mended. */
const TWINS_TOLD_MAX = 100;

/** A way to an element by places: it holds whatever the prefixes in the document are. */
const placeOf = (element: XmlElement): string => {
  const steps = [];
  for (let one: XmlElement | undefined = element; one !== undefined; one = one.parent) {
    const step = one.parent === undefined ? one.local : `*%5b${one.parent.children.indexOf(one) + 1}%5d`;
    steps.unshift(step);
  }
  return steps.join('/');
};

/** A value like this one that nobody has. */
const freeValue = (id: string, taken: ReadonlySet<string>): string => {
  let n = 2;
  while (taken.has(`${id}-${n}`)) n++;
  return `${id}-${n}`;
};

/** Each child is looked at once, and each value that is taken sought another for once: a document may be nothing but twins. */
const twinsIn = (parent: XmlElement): readonly NotUnique[] => {
  const seen = new Set<string>();
  const twins: { child: XmlElement; key: string; id: string }[] = [];
  for (const child of parent.children) {
    const found = listKey(child);
    if (found === undefined) continue;
    const id = `${child.local} ${found.value}`;
    if (seen.has(id)) twins.push({ child, key: found.key, id });
    else seen.add(id);
  }
  const free = new Map<string, string>();
  return twins.slice(0, TWINS_TOLD_MAX).map(({ child, key, id }) => {
    const other = free.get(id) ?? freeValue(id, seen);
    free.set(id, other);
    return { field: `${placeOf(child)}/@${key}`, alternatives: [other.slice(child.local.length + 1)] };
  });
};

const ABSOLUTE_URI = /^[A-Za-z][A-Za-z0-9+.-]*:\S+$/;

/** RFC 4826 §3.4.5: entries are absolute URIs, external lists absolute HTTP URIs, references relative paths to an entry. */
const uriFault = (element: XmlElement): string | undefined => {
  const found = listKey(element);
  if (found === undefined || element.local === 'list') return undefined;
  const { key, value } = found;
  const holds =
    key === 'uri' ? ABSOLUTE_URI.test(value)
    : key === 'anchor' ? /^https?:\/\/\S+$/i.test(value)
    : !value.startsWith('/') && !ABSOLUTE_URI.test(value) && value !== ''; // prettier-ignore
  return holds
    ? undefined
    : `${key} of ${element.local} takes another kind of URI than ${value.slice(0, 100)}`;
};

const resourceLists: Usage = {
  auid: 'resource-lists',
  names: ['resource-lists'],
  namespace: RESOURCE_LISTS_NAMESPACE,
  mimeType: 'application/resource-lists+xml',
  olderMimeTypes: [],
  document: 'index',
  schemas: [
    { fileName: 'resource-lists.xsd', contents: RESOURCE_LISTS_XSD, namespace: RESOURCE_LISTS_NAMESPACE },
    { fileName: 'xml.xsd', contents: XML_XSD, namespace: '' },
  ],
  notUnique: (root) => elementsOf(root).flatMap(twinsIn),
  constraint(_xml, root) {
    for (const element of elementsOf(root)) {
      const fault = uriFault(element);
      if (fault !== undefined) return fault;
    }
    return undefined;
  },
};

export const USAGES: readonly Usage[] = [simservs, resourceLists];

export const usageNamed = (usages: readonly Usage[], name: string): Usage | undefined =>
  usages.find(({ names }) => names.includes(name));
