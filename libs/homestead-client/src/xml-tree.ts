// XML from outside as a plain tree, safely: no DTD, no entities beyond the five of XML, bounded size and depth.
// Namespace prefixes are dropped, as names are compared without them. Readers: the parsers in this folder.
import { XMLParser, XMLValidator } from 'fast-xml-parser';

/** Child elements by name; text of leaf elements, entities decoded. */
export type XmlNode = Readonly<{ [name: string]: readonly XmlValue[] | string | undefined }>;
export type XmlValue = string | XmlNode;

export type Parsed<T> = Readonly<{ ok: true; value: T }> | Readonly<{ ok: false; reason: string }>;

/** A longer document is refused. */
export const XML_LENGTH_MAX = 1_000_000;
/** A deeper document is refused. */
export const XML_DEPTH_MAX = 24;

const parser = new XMLParser({
  ignoreAttributes: true,
  ignoreDeclaration: true,
  ignorePiTags: true,
  removeNSPrefix: true,
  parseTagValue: false,
  trimValues: true,
  maxNestedTags: XML_DEPTH_MAX,
  isArray: () => true,
  // Needed for numeric character references; documents cannot define entities.
  htmlEntities: true,
});

export const parseXml = (xml: string): Parsed<XmlNode> => {
  if (xml.length > XML_LENGTH_MAX) return { ok: false, reason: `longer than ${XML_LENGTH_MAX} characters` };
  if (/<!(?:DOCTYPE|ENTITY)/i.test(xml)) return { ok: false, reason: 'has a document type declaration' };
  try {
    const verdict = XMLValidator.validate(xml);
    if (verdict !== true) return { ok: false, reason: `${verdict.err.msg} (line ${verdict.err.line})` };
    const root = asNode(parser.parse(xml) as unknown);
    return root ? { ok: true, value: root } : { ok: false, reason: 'no element' };
  } catch (error) {
    return { ok: false, reason: error instanceof Error ? error.message : 'not XML' };
  }
};

/** What the parser gives, as far as it is a tree of lists and texts. */
const asNode = (value: unknown): XmlNode | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as XmlNode) : undefined;

/** The child elements of this name; those with text only are empty. */
export const children = (node: XmlNode, name: string): readonly XmlNode[] =>
  valuesOf(node, name).map((value) => (typeof value === 'string' ? EMPTY : value));

const EMPTY: XmlNode = {};

export const child = (node: XmlNode, name: string): XmlNode | undefined => children(node, name)[0];

/** Texts of the child elements of this name. */
export const texts = (node: XmlNode, name: string): readonly string[] => valuesOf(node, name).map(textOf);

/** Text of the first child element of this name; undefined when there is none. */
export const text = (node: XmlNode, name: string): string | undefined => texts(node, name)[0];

export const has = (node: XmlNode, name: string): boolean => valuesOf(node, name).length > 0;

const valuesOf = (node: XmlNode, name: string): readonly XmlValue[] => {
  const values = Object.hasOwn(node, name) ? node[name] : undefined;
  return typeof values === 'object' ? values : [];
};

/** An element with children keeps its own text under `#text`. */
const textOf = (value: XmlValue): string => {
  if (typeof value === 'string') return value;
  const own = value['#text'];
  return typeof own === 'string' ? own : '';
};
