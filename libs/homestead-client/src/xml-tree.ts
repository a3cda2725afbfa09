// XML from outside as a plain tree: what profiles and criteria files are read with. Namespace prefixes are dropped, as
// names are compared without them. Readers: the parsers in this folder, Homestead Prov (request bodies).
import { readXml, XmlError, type XmlNode, type XmlOptions, type XmlValue } from './xml-reader.js';

export { XML_DEPTH_MAX, XML_LENGTH_MAX, type XmlNode, type XmlValue } from './xml-reader.js';

export type Parsed<T> = Readonly<{ ok: true; value: T }> | Readonly<{ ok: false; reason: string }>;

/** The root element by its name; never throws. */
export const parseXml = (xml: string, options?: XmlOptions): Parsed<XmlNode> => {
  try {
    return { ok: true, value: readXml(xml, options) };
  } catch (error) {
    if (error instanceof XmlError) return { ok: false, reason: error.message };
    throw error;
  }
};

/** The child elements of this name; those with text only are empty. */
export const children = (node: XmlNode, name: string): readonly XmlNode[] =>
  valuesOf(node, name).map((value) => (typeof value === 'string' ? EMPTY : value));

const EMPTY: XmlNode = {};

export const child = (node: XmlNode, name: string): XmlNode | undefined => children(node, name)[0];

/** Texts of the child elements of this name. */
export const texts = (node: XmlNode, name: string): readonly string[] => valuesOf(node, name).map(textOf);

/** Text of the first child element of this name; undefined when there is none. */
export const text = (node: XmlNode, name: string): string | undefined => texts(node, name)[0];

/** An attribute of the element, where attributes were kept. */
export const attribute = (node: XmlNode, name: string): string | undefined => {
  const value = Object.hasOwn(node, `@${name}`) ? node[`@${name}`] : undefined;
  return typeof value === 'string' ? value : undefined;
};

/** Names of the child elements, each once. */
export const childNames = (node: XmlNode): readonly string[] =>
  Object.keys(node).filter((name) => typeof node[name] === 'object');

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
