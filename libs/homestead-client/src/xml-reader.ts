// A reader of the XML that profiles are written in (XML 1.0, namespaces by prefix only): elements and text, nothing else.
// Document types, and with them entities of the document's own, are refused; size and depth are bounded; one pass.
// A profile is read at a registration, so this is measured: bench/micro/filter-criteria.ts. Reader: xml-tree.ts.

/** Child elements by local name in order; the element's own text, if it has both, under `#text`; attributes under `@name`. */
export type XmlNode = Readonly<{ [name: string]: readonly XmlValue[] | string | undefined }>;
/** Text of an element without children (and without attributes that are read), else the element. */
export type XmlValue = string | XmlNode;

/** A longer document is refused. */
export const XML_LENGTH_MAX = 1_000_000;
/** A deeper document is refused. */
export const XML_DEPTH_MAX = 24;

/** The document is not one that this reader takes; the message says why and where. */
export class XmlError extends Error {}

/** Are attributes kept? Namespace declarations never are. */
export type XmlOptions = Readonly<{ attributes?: boolean }>;

/** The root element by its name. Throws XmlError. */
export const readXml = (xml: string, { attributes = false }: XmlOptions = {}): XmlNode => {
  if (xml.length > XML_LENGTH_MAX) throw new XmlError(`longer than ${XML_LENGTH_MAX} characters`);
  if (FORBIDDEN.test(xml)) throw new XmlError('has a character that XML forbids');
  return new XmlReader(xml, attributes).document();
};

/** XML 1.0 §2.2. */
const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/;

type Children = Record<string, XmlValue[] | string>;

class XmlReader {
  private at = 0;

  constructor(
    private readonly xml: string,
    private readonly keepAttributes: boolean,
  ) {}

  document(): XmlNode {
    if (this.xml.startsWith('\ufeff')) this.at = 1;
    this.betweenElements();
    const root: Children = {};
    this.element(root, 1);
    this.betweenElements();
    if (this.at < this.xml.length) throw this.fault('something follows the root element');
    return root;
  }

  /** White space, comments and processing instructions before and after the root. */
  private betweenElements(): void {
    for (;;) {
      this.skipSpace();
      if (this.xml.startsWith('<?', this.at)) this.skipPast('?>');
      else if (this.xml.startsWith('<!--', this.at)) this.skipPast('-->', 4);
      else return;
    }
  }

  /** Reads one element at its `<` into its parent. */
  private element(parent: Children, depth: number): void {
    if (depth > XML_DEPTH_MAX) throw this.fault(`nested deeper than ${XML_DEPTH_MAX}`);
    if (this.xml[this.at] !== '<') throw this.fault('an element is expected');
    if (this.xml[this.at + 1] === '!') throw this.declaration();
    this.at++;
    const name = this.name();
    const value = this.keepAttributes ? this.withAttributes(name, depth) : this.plain(name, depth);
    const local = name.slice(name.indexOf(':') + 1);
    // The one name that an object cannot hold; nothing that is read here has it.
    if (local === '__proto__') return;
    const siblings = parent[local];
    if (Array.isArray(siblings)) siblings.push(value);
    else parent[local] = [value];
  }

  private plain(name: string, depth: number): XmlValue {
    return this.skipAttributes() ? '' : this.content(name, depth);
  }

  private withAttributes(name: string, depth: number): XmlValue {
    const attributes: Children = {};
    const value = this.skipAttributes(attributes) ? '' : this.content(name, depth);
    if (Object.keys(attributes).length === 0) return value;
    if (typeof value === 'string') return withText(attributes, value);
    return { ...value, ...attributes };
  }

  /** A name, checked as far as it matters here: none is empty or holds markup. */
  private name(): string {
    const { xml } = this;
    const start = this.at;
    while (isNameCode(xml.charCodeAt(this.at))) this.at++;
    const name = xml.slice(start, this.at);
    const first = xml.charCodeAt(start);
    const colon = name.indexOf(':');
    const bad =
      name === '' ||
      first < 65 ||
      (colon >= 0 && (colon === name.length - 1 || name.includes(':', colon + 1)));
    if (bad) throw this.fault('a name is expected', start);
    return name;
  }

  /** To the end of a start tag, attributes unread unless there is something to keep them in. True when the element is empty (`/>`). */
  private skipAttributes(into?: Children): boolean {
    for (;;) {
      const before = this.at;
      this.skipSpace();
      const char = this.xml[this.at];
      if (char === '>') {
        this.at++;
        return false;
      }
      if (char === '/' && this.xml[this.at + 1] === '>') {
        this.at += 2;
        return true;
      }
      if (this.at === before) throw this.fault('a tag does not end');
      this.skipAttribute(into);
    }
  }

  private skipAttribute(into: Children | undefined): void {
    const start = this.at;
    const name = this.name();
    this.skipSpace();
    if (this.xml[this.at] !== '=') throw this.fault('an attribute without a value', start);
    this.at++;
    this.skipSpace();
    const quote = this.xml[this.at];
    const end = quote === '"' || quote === "'" ? this.xml.indexOf(quote, this.at + 1) : -1;
    if (end < 0 || this.xml.slice(this.at, end).includes('<'))
      throw this.fault('an attribute without a value', start);
    if (into !== undefined && !NAMESPACE.test(name)) {
      this.at++;
      into[`@${name.slice(name.indexOf(':') + 1)}`] = this.decoded(end);
    }
    this.at = end + 1;
  }

  /** What stands between the tags, end tag included. */
  private content(name: string, depth: number): XmlValue {
    const { xml } = this;
    const start = this.at;
    const text = new TextPieces();
    let children: Children | undefined;
    for (;;) {
      const markup = xml.indexOf('<', this.at);
      if (markup < 0) throw this.fault(`${name} does not end`, start);
      if (markup > this.at) text.add(this.decoded(markup));
      this.at = markup;
      if (xml[markup + 1] === '/') {
        this.endTag(name);
        return children ? withText(children, text.trimmed()) : text.trimmed();
      }
      if (xml.startsWith('<!--', markup)) this.skipPast('-->', 4);
      else if (xml.startsWith('<![CDATA[', markup)) {
        this.skipPast(']]>', 9);
        text.addVerbatim(xml.slice(markup + 9, this.at - 3));
      } else if (xml[markup + 1] === '?') this.skipPast('?>');
      else {
        children ??= {};
        this.element(children, depth + 1);
      }
    }
  }

  private endTag(name: string): void {
    const { xml } = this;
    const start = this.at;
    this.at += 2;
    if (!xml.startsWith(name, this.at)) throw this.fault(`${name} is not ended here`, start);
    this.at += name.length;
    this.skipSpace();
    if (xml[this.at] !== '>') throw this.fault(`${name} is not ended here`, start);
    this.at++;
  }

  /** Text from here to `end`, its references resolved. */
  private decoded(end: number): string {
    const raw = this.xml.slice(this.at, end);
    if (!raw.includes('&')) return raw;
    return raw.replace(/&([^;&]{0,12};)?/g, (reference: string, body: string | undefined) => {
      const char = body === undefined ? undefined : referenced(body.slice(0, -1));
      if (char === undefined) throw this.fault(`${reference} means nothing`);
      return char;
    });
  }

  private skipSpace(): void {
    const { xml } = this;
    for (;;) {
      const code = xml.charCodeAt(this.at);
      if (code !== 32 && code !== 10 && code !== 13 && code !== 9) return;
      this.at++;
    }
  }

  private skipPast(mark: string, from = 2): void {
    const end = this.xml.indexOf(mark, this.at + from);
    if (end < 0) throw this.fault(`${mark} is missing`);
    this.at = end + mark.length;
  }

  private declaration(): XmlError {
    return this.xml.startsWith('<!DOCTYPE', this.at)
      ? new XmlError('has a document type declaration')
      : this.fault('a declaration is not expected');
  }

  private fault(reason: string, at = this.at): XmlError {
    return new XmlError(`${reason} (line ${this.xml.slice(0, at).split('\n').length})`);
  }
}

const NAMESPACE = /^xmlns(:|$)/;

const withText = (children: Children, text: string): XmlNode => {
  if (text !== '') children['#text'] = text;
  return children;
};

/** Text in pieces; white space around it is layout, but not within CDATA. */
class TextPieces {
  private text = '';
  private verbatimStart = -1;
  private verbatimEnd = -1;

  add(piece: string): void {
    this.text += piece;
  }

  addVerbatim(piece: string): void {
    if (this.verbatimStart < 0) this.verbatimStart = this.text.length;
    this.text += piece;
    this.verbatimEnd = this.text.length;
  }

  trimmed(): string {
    const { text, verbatimStart, verbatimEnd } = this;
    if (verbatimStart < 0) return text.trim();
    const before = text.slice(0, verbatimStart).trimStart();
    return before + text.slice(verbatimStart, verbatimEnd) + text.slice(verbatimEnd).trimEnd();
  }
}

/** Letters, digits, `-._:` and everything beyond ASCII. */
const isNameCode = (code: number): boolean =>
  (code >= 97 && code <= 122) ||
  (code >= 65 && code <= 90) ||
  (code >= 45 && code <= 58 && code !== 47) ||
  code === 95 ||
  code > 127;

const NAMED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** XML 1.0 §4.1, §4.6: the five names, and characters by number. */
const referenced = (body: string): string | undefined => {
  if (!body.startsWith('#')) return Object.hasOwn(NAMED, body) ? NAMED[body] : undefined;
  const digits = /^#(?:x([0-9a-fA-F]+)|([0-9]+))$/.exec(body);
  const code = digits ? parseInt(digits[1] ?? digits[2] ?? '', digits[1] === undefined ? 10 : 16) : 0;
  const allowed =
    code > 31 ? code < 0xd800 || (code > 0xdfff && code < 0x110000) : code === 9 || code === 10 || code === 13;
  return allowed && code !== 0xfffe && code !== 0xffff ? String.fromCodePoint(code) : undefined;
}; // prettier-ignore
