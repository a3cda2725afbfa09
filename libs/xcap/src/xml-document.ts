// An XML document as elements and attributes that know where in the text they stand (XML 1.0, Namespaces in XML 1.0), so that a
// node is shown as it was written and an edit touches nothing beside it. Document types, and with them entities of the
// document's own, are refused; length, depth and nodes are bounded. Readers: select.ts, edit.ts, the usages of Homer.
import { SaxesParser, type SaxesTagNS } from 'saxes';

/** Characters of a document; a longer one is not read at all. */
export const XML_LENGTH_MAX = 100_000;
/** Elements within elements. */
export const XML_DEPTH_MAX = 32;
/** Elements, attributes and namespace declarations together. */
export const XML_NODES_MAX = 4_000;

export type XmlAttribute = Readonly<{
  name: string;
  uri: string;
  local: string;
  value: string;
  /** From its name to its closing quote. */
  start: number;
  /** Of the value with its quotes. */
  valueStart: number;
  end: number;
}>;

export type XmlElement = Readonly<{
  name: string;
  prefix: string;
  local: string;
  uri: string;
  parent: XmlElement | undefined;
  /** Without namespace declarations: those are no attributes. */
  attributes: readonly XmlAttribute[];
  /** Declared on this element, by prefix; '' is the default. */
  declared: Readonly<Record<string, string>>;
  children: readonly XmlElement[];
  /** Character data directly within. */
  text: string;
  /** From `<` of the start tag to behind `>` of the end tag. */
  start: number;
  end: number;
  /** Behind the last attribute of the start tag, or its name. */
  attributesEnd: number;
  /** Behind the start tag. */
  openEnd: number;
  /** Of `</`; undefined: the element is written as one empty tag. */
  closeStart: number | undefined;
}>;

/** Why text is no document that is taken. `bounds`: well-formed as far as it was read. */
export type XmlFault = Readonly<{ kind: 'not-well-formed' | 'not-utf-8' | 'bounds'; reason: string }>;
export type XmlParsed = Readonly<{ ok: true; root: XmlElement }> | Readonly<{ ok: false; fault: XmlFault }>;

/** While it is read. */
type Building = { -readonly [Key in keyof Omit<XmlElement, 'children' | 'parent'>]: XmlElement[Key] } & {
  children: Building[];
  parent: Building | undefined;
};

class Refused extends Error {
  constructor(readonly fault: XmlFault) {
    super(fault.reason);
  }
}

const refuse = (kind: XmlFault['kind'], reason: string): never => {
  throw new Refused({ kind, reason });
};

const XMLNS = 'http://www.w3.org/2000/xmlns/';
const SPACE = /[\t\n\r ]/;

/** Where the attributes of a start tag stand that saxes has found well-formed: name, `=`, quoted value. */
const attributeSpans = (xml: string, from: number): { name: string; start: number; valueStart: number; end: number }[] => {
  const spans = [];
  for (let at = from; ; ) {
    while (SPACE.test(xml.charAt(at))) at++;
    if (xml[at] === '>' || xml[at] === '/' || at >= xml.length) return spans;
    const start = at;
    while (xml[at] !== '=' && !SPACE.test(xml.charAt(at))) at++;
    const name = xml.slice(start, at);
    while (xml[at] !== '"' && xml[at] !== "'") at++;
    const valueStart = at;
    at = xml.indexOf(xml.charAt(at), at + 1) + 1;
    spans.push({ name, start, valueStart, end: at });
  }
}; // prettier-ignore

const bounded = (count: number): void => {
  if (count > XML_NODES_MAX) refuse('bounds', `more than ${XML_NODES_MAX} elements and attributes`);
};

/** Follows saxes through the text and keeps where things stand. */
class TreeBuilder {
  root: Building | undefined;
  private current: Building | undefined;
  private depth = 0;
  private nodes = 0;
  private attributesSeen = 0;
  private tagStart = 0;

  constructor(
    private readonly xml: string,
    private readonly position: () => number,
  ) {}

  /** The name of a start tag is read: it began at the `<` before. */
  tagBegins(): void {
    this.tagStart = this.xml.lastIndexOf('<', this.position() - 1);
    this.attributesSeen = 0;
    this.depth += 1;
    this.nodes += 1;
    if (this.depth > XML_DEPTH_MAX) refuse('bounds', `nested deeper than ${XML_DEPTH_MAX}`);
    bounded(this.nodes);
  }

  /** saxes resolves an element's attributes only at its end: they are counted as they come. */
  attribute(): void {
    this.attributesSeen += 1;
    bounded(this.nodes + this.attributesSeen);
  }

  tagEnds(tag: SaxesTagNS): void {
    const { xml, tagStart: start, current: parent } = this;
    const spans = attributeSpans(xml, start + 1 + tag.name.length);
    this.nodes += spans.length;
    const attributes = spans.flatMap(({ name, ...span }): XmlAttribute[] => {
      const found = tag.attributes[name];
      if (found === undefined || found.uri === XMLNS) return [];
      return [{ name, uri: found.uri, local: found.local, value: found.value, ...span }];
    });
    const openEnd = this.position();
    const { name, prefix, local, uri, ns: declared, isSelfClosing } = tag;
    const attributesEnd = spans.at(-1)?.end ?? start + 1 + name.length;
    const element: Building = { name, prefix, local, uri, parent, attributes, declared: { ...declared }, children: [], text: '', start, end: openEnd, attributesEnd, openEnd, closeStart: isSelfClosing ? undefined : openEnd }; // prettier-ignore
    if (parent === undefined) this.root = element;
    else parent.children.push(element);
    this.current = element;
  }

  closes(): void {
    const element = this.current;
    if (element === undefined) return;
    element.end = this.position();
    if (element.closeStart !== undefined) element.closeStart = this.xml.lastIndexOf('<', element.end - 1);
    this.depth -= 1;
    this.current = element.parent;
  }

  text(text: string): void {
    if (this.current !== undefined) this.current.text += text;
  }
}

const UTF_8 = /^utf-?8$/i;

/** Reads a document or a single element whose prefixes may be declared where it goes. */
const read = (xml: string, around: Readonly<Record<string, string>>): XmlElement => {
  if (xml.length > XML_LENGTH_MAX) refuse('bounds', `longer than ${XML_LENGTH_MAX} characters`);
  const parser = new SaxesParser({
    xmlns: true,
    defaultXMLVersion: '1.0',
    forceXMLVersion: true,
    additionalNamespaces: { ...around },
  });
  const tree = new TreeBuilder(xml, () => parser.position);
  parser.on('error', (error) => refuse('not-well-formed', error.message));
  parser.on('doctype', () => refuse('not-well-formed', 'has a document type declaration'));
  parser.on('xmldecl', ({ encoding, version }) => {
    if (version !== '1.0') refuse('not-well-formed', 'is not XML 1.0');
    if (encoding !== undefined && !UTF_8.test(encoding))
      refuse('not-utf-8', `says that it is in ${encoding}`);
  });
  parser.on('opentagstart', () => tree.tagBegins());
  parser.on('attribute', () => tree.attribute());
  parser.on('opentag', (tag) => tree.tagEnds(tag));
  parser.on('closetag', () => tree.closes());
  parser.on('text', (piece) => tree.text(piece));
  parser.on('cdata', (piece) => tree.text(piece));
  parser.write(xml).close();
  return tree.root ?? refuse('not-well-formed', 'has no element');
};

const guarded = (run: () => XmlElement): XmlParsed => {
  try {
    return { ok: true, root: run() };
  } catch (error) {
    if (error instanceof Refused) return { ok: false, fault: error.fault };
    throw error;
  }
};

/** A whole document. */
export const parseDocument = (xml: string): XmlParsed => guarded(() => read(xml, {}));

/** One element with nothing but white space around it, as it would stand where these namespaces are in scope. */
export const parseFragment = (xml: string, inScope: Readonly<Record<string, string>> = {}): XmlParsed =>
  guarded(() => {
    const root = read(xml, inScope);
    if (xml.slice(0, root.start).trim() !== '' || xml.slice(root.end).trim() !== '')
      refuse('not-well-formed', 'is not a single element');
    return root;
  });

/** The namespaces in scope for an element by prefix, '' for the default; without the two that always are. */
export const namespacesInScope = (element: XmlElement | undefined): Record<string, string> => {
  // Prefixes are people's: `constructor` and `__proto__` are some.
  const inScope = Object.create(null) as Record<string, string>;
  for (let one = element; one !== undefined; one = one.parent)
    for (const [prefix, uri] of Object.entries(one.declared)) inScope[prefix] ??= uri;
  return inScope;
};

/** All elements in document order. */
export const elementsOf = (root: XmlElement): readonly XmlElement[] => {
  const found: XmlElement[] = [];
  const pending = [root];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    found.push(next);
    for (let at = next.children.length - 1; at >= 0; at--) pending.push(next.children[at]!);
  }
  return found;
};
