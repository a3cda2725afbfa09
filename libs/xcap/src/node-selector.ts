// Node selectors (RFC 4825 §6.3) and the namespace bindings that a URI's query gives them (§6.4), read into steps. Pure.
// Readers: select.ts, edit.ts; written back for conflict reports.

/** A name in a selector, expanded. */
export type SelectorName = Readonly<{ prefix: string; local: string; uri: string }>;
export type AttributeTest = Readonly<{ name: SelectorName; value: string }>;

/** One element among its siblings: by name ('*': any), then by place, then by an attribute. Predicates in their order. */
export type Step = Readonly<{
  name: SelectorName | '*';
  position?: number;
  attribute?: AttributeTest;
}>;

export type Terminal = Readonly<{ kind: 'attribute'; name: SelectorName }> | Readonly<{ kind: 'namespaces' }>;

export type NodeSelector = Readonly<{ steps: readonly Step[]; terminal?: Terminal }>;

/** `unbound`: a prefix that the query does not declare; `unknown`: an extension, or nothing that can be read. */
export type SelectorParsed =
  Readonly<{ ok: true; selector: NodeSelector }> | Readonly<{ ok: false; fault: 'unbound' | 'unknown' }>;

/** Steps of a selector; more than a document may be deep match nothing. */
export const STEPS_MAX = 64;
/** Bindings in a query; the rest is passed over. */
export const BINDINGS_MAX = 64;

export type Bindings = ReadonlyMap<string, string>;

const NAME = '[A-Za-z_\\u00b7\\u00c0-\\ufffd][-.0-9A-Za-z_\\u00b7\\u00c0-\\ufffd]*';
const QNAME = new RegExp(`^(?:(${NAME}):)?(${NAME})$`, 'u');
const XML_NAMESPACE = 'http://www.w3.org/XML/1998/namespace';

class Unreadable extends Error {
  constructor(readonly fault: 'unbound' | 'unknown') {
    super(fault);
  }
}

const expanded = (qname: string, bindings: Bindings, unprefixed: string): SelectorName => {
  const [, prefix, local = ''] = QNAME.exec(qname) ?? [];
  if (local === '') throw new Unreadable('unknown');
  if (prefix === undefined) return { prefix: '', local, uri: unprefixed };
  const uri = prefix === 'xml' ? XML_NAMESPACE : bindings.get(prefix);
  if (uri === undefined) throw new Unreadable('unbound');
  return { prefix, local, uri };
};

const ENTITIES: ReadonlyMap<string, string> = new Map([['lt', '<'], ['gt', '>'], ['amp', '&'], ['quot', '"'], ['apos', "'"]]); // prettier-ignore

/** AttValue without its quotes (XML 1.0 §3.3.3): references are characters, each white space is a space. */
export const attributeValue = (raw: string): string | undefined => {
  let isKnown = !raw.includes('<');
  const value = raw
    .replace(/\r\n|[\t\n\r]/g, ' ')
    .replace(/&(?:#(\d{1,7})|#x([0-9A-Fa-f]{1,6})|(\w{1,8}));|&/g, (_all, decimal, hex, name) => {
      const code = decimal === undefined ? parseInt(hex as string, 16) : Number(decimal);
      const char = name === undefined ? character(code) : ENTITIES.get(name as string);
      if (char === undefined) isKnown = false;
      return char ?? '';
    });
  return isKnown ? value : undefined;
};

/** XML 1.0 §2.2. */
const character = (code: number): string | undefined => {
  const is =
    code === 9 || code === 10 || code === 13 || (code >= 32 && code < 0xd800) ||
    (code > 0xdfff && code < 0xfffe) || (code > 0xffff && code < 0x110000); // prettier-ignore
  return is ? String.fromCodePoint(code) : undefined;
};

/** Splits at the slashes that stand outside of quotes. */
const segmentsOf = (text: string): string[] => {
  const segments = [''];
  let quote = '';
  for (const char of text) {
    if (quote !== '') quote = char === quote ? '' : quote;
    else if (char === '"' || char === "'") quote = char;
    if (char === '/' && quote === '') segments.push('');
    else segments[segments.length - 1] += char;
  }
  return segments;
};

const STEP =
  /^(?<name>[^[\]/@=]+)(?:\[(?<position>\d{1,9})\])?(?:\[@(?<attribute>[^=[\]]+)=(?:"(?<double>[^"]*)"|'(?<single>[^']*)')\])?$/u;

const stepOf = (text: string, bindings: Bindings, defaultNamespace: string): Step => {
  const { name = '', position, attribute, double, single } = STEP.exec(text)?.groups ?? {};
  if (name === '') throw new Unreadable('unknown');
  const value = attributeValue(double ?? single ?? '');
  if (value === undefined) throw new Unreadable('unknown');
  return {
    name: name === '*' ? '*' : expanded(name, bindings, defaultNamespace),
    ...(position === undefined ? {} : { position: Number(position) }),
    ...(attribute === undefined ? {} : { attribute: { name: expanded(attribute, bindings, ''), value } }),
  };
};

const terminalOf = (text: string, bindings: Bindings): Terminal | undefined => {
  if (text === 'namespace::*') return { kind: 'namespaces' };
  // `@*` and the like are extensions.
  if (!text.startsWith('@')) return undefined;
  return { kind: 'attribute', name: expanded(text.slice(1), bindings, '') };
};

/** Reads a selector that is percent-decoded already. Names without a prefix are in the usage's default document namespace. */
export const parseNodeSelector = (
  text: string,
  bindings: Bindings,
  defaultNamespace: string,
): SelectorParsed => {
  try {
    const segments = segmentsOf(text);
    if (segments.at(-1) === '' && segments.length > 1) segments.pop();
    if (segments.length > STEPS_MAX) throw new Unreadable('unknown');
    const last = segments.at(-1) ?? '';
    const terminal = segments.length > 1 ? terminalOf(last, bindings) : undefined;
    if (terminal !== undefined) segments.pop();
    const steps = segments.map((segment) => stepOf(segment, bindings, defaultNamespace));
    return { ok: true, selector: { steps, ...(terminal === undefined ? {} : { terminal }) } };
  } catch (error) {
    if (error instanceof Unreadable) return { ok: false, fault: error.fault };
    throw error;
  }
};

/** The end of a parenthesised part, `^` escaping (XPointer framework §3.1); -1: it does not end. */
const partEnd = (text: string, open: number): number => {
  let depth = 0;
  for (let at = open; at < text.length; at++) {
    if (text[at] === '^') at++;
    else if (text[at] === '(') depth++;
    else if (text[at] === ')' && --depth === 0) return at;
  }
  return -1;
};

/** `xmlns(a=urn:x)xmlns(b=urn:y)`, percent-decoded; other schemes are passed over (§6.4). undefined: not an XPointer. */
export const parseBindings = (query: string): Bindings | undefined => {
  const bindings = new Map<string, string>();
  for (let at = 0; at < query.length;) {
    const open = query.indexOf('(', at);
    const close = open < 0 ? -1 : partEnd(query, open);
    if (close < 0) return query.slice(at).trim() === '' ? bindings : undefined;
    const scheme = query.slice(at, open).trim();
    const [prefix = '', ...uri] = query.slice(open + 1, close).split('=');
    if (scheme === 'xmlns' && bindings.size < BINDINGS_MAX) {
      const written = uri.join('=').trim().replace(/\^(.)/gs, '$1');
      bindings.set(prefix.trim(), written);
    }
    at = close + 1;
  }
  return bindings;
};

const quoted = (value: string): string => {
  const escaped = value.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/"/g, '&quot;');
  return `"${escaped}"`;
};

const qname = ({ prefix, local }: SelectorName): string => (prefix === '' ? local : `${prefix}:${local}`);

/** A step as it would be written, before percent-encoding. */
export const stepText = ({ name, position, attribute }: Step): string =>
  (name === '*' ? '*' : qname(name)) +
  (position === undefined ? '' : `[${position}]`) +
  (attribute === undefined ? '' : `[@${qname(attribute.name)}=${quoted(attribute.value)}]`);
