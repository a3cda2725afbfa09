// Elements and attributes put into a document, replaced and removed by their node selector (RFC 4825 §8.2, §8.4). Pure: text in,
// text out; what is beside the node stays byte for byte. Before a change counts, the selector is tried on what came of it: a GET
// after a PUT has to show the body of the PUT, and a GET after a DELETE nothing. Reader: Homer.
import type { Conflict, ConflictKind } from './conflict.js';
import { attributeValue, type NodeSelector, type SelectorName, type Step } from './node-selector.js';
import { attributeNamed, descend, sameName, select, type Selected, takenBy } from './select.js';
import {
  namespacesInScope,
  parseDocument,
  parseFragment,
  type XmlElement,
  type XmlFault,
} from './xml-document.js';

export type Edited =
  | Readonly<{ ok: true; xml: string; root: XmlElement; made: boolean }>
  /** DELETE: nothing is there. */
  | Readonly<{ ok: false; missing: true }>
  | Readonly<{ ok: false; conflict: Conflict }>;

export type Source = Readonly<{ xml: string; root: XmlElement }>;

/** The URI of what these steps take, for who has to look further up. */
export type UriOf = (steps: readonly Step[]) => string;

const conflict = (kind: ConflictKind, phrase: string): Edited => ({ ok: false, conflict: { kind, phrase } });

/** How a fault of a body is told: a bound is a constraint of ours. */
export const conflictOf = (fault: XmlFault, malformed: ConflictKind): Conflict => {
  const kind = { 'not-well-formed': malformed, 'not-utf-8': 'not-utf-8', bounds: 'constraint-failure' } as const;
  return { kind: kind[fault.kind], phrase: fault.reason };
}; // prettier-ignore

const noParent = ({ root }: Source, steps: readonly Step[], uriOf: UriOf): Edited => {
  const { steps: found } = descend(root, steps);
  return { ok: false, conflict: { kind: 'no-parent', ancestor: uriOf(steps.slice(0, found)) } };
};

/** The changed text, when it is a document and the selector takes in it what was meant. */
const accepted = (
  xml: string,
  selector: NodeSelector,
  made: boolean,
  isMeant: (selected: Selected) => boolean,
): Edited => {
  const parsed = parseDocument(xml);
  if (!parsed.ok) return { ok: false, conflict: conflictOf(parsed.fault, 'not-xml-frag') };
  if (!isMeant(select(parsed.root, selector)))
    return conflict('cannot-insert', 'the request URI would not select what was put');
  return { ok: true, xml, root: parsed.root, made };
};

const splice = (xml: string, start: number, end: number, text: string): string =>
  xml.slice(0, start) + text + xml.slice(end);

// ---- Elements ----

/** Where a new element goes among its siblings (§8.2.3); undefined: nowhere that the selector would find it. */
const insertionPoint = (parent: XmlElement, { name, position }: Step): number | 'last' | undefined => {
  const { children } = parent;
  const alike = name === '*' ? children : children.filter((element) => sameName(element, name));
  if (position === 0) return undefined;
  if (position === undefined) return name === '*' ? 'last' : (alike.at(-1)?.end ?? 'last');
  if (position === 1) return alike[0]?.start ?? 'last';
  return alike[position - 2]?.end;
};

/** The document with an element put last into another, which may have been written as an empty tag. */
const appended = (xml: string, parent: XmlElement, text: string): { xml: string; at: number } => {
  if (parent.closeStart !== undefined)
    return { xml: splice(xml, parent.closeStart, parent.closeStart, text), at: parent.closeStart };
  const open = `${xml.slice(0, parent.openEnd).replace(/\s*\/>$/, '')}>`;
  return { xml: `${open}${text}</${parent.name}>${xml.slice(parent.openEnd)}`, at: open.length };
};

const putElement = (source: Source, selector: NodeSelector, body: string, uriOf: UriOf): Edited => {
  const { xml, root } = source;
  const { steps } = selector;
  const target = steps.at(-1);
  const above = steps.slice(0, -1);
  const parent = descend(root, above);
  if (target === undefined || parent.ended !== undefined) return noParent(source, above, uriOf);
  const siblings = parent.element === undefined ? [root] : parent.element.children;
  const fragment = parseFragment(body, namespacesInScope(parent.element));
  if (!fragment.ok) return { ok: false, conflict: conflictOf(fragment.fault, 'not-xml-frag') };
  const text = body.slice(fragment.root.start, fragment.root.end);
  const [old, ...more] = takenBy(target, siblings);
  const put = (changed: string, at: number, made: boolean): Edited =>
    accepted(changed, selector, made, (selected) => {
      return (
        selected.kind === 'element' &&
        selected.element.start === at &&
        selected.element.end === at + text.length
      );
    });
  if (old !== undefined && more.length === 0)
    return put(splice(xml, old.start, old.end, text), old.start, false);
  const at = parent.element === undefined ? undefined : insertionPoint(parent.element, target);
  if (parent.element === undefined || at === undefined)
    return conflict('cannot-insert', 'there is no such place for a new element');
  if (at !== 'last') return put(splice(xml, at, at, text), at, true);
  const grown = appended(xml, parent.element, text);
  return put(grown.xml, grown.at, true);
};

// ---- Attributes ----

/** AttValue of XML 1.0 §2.3: quoted, without `<`, references known. */
export const isAttValue = (text: string): boolean => {
  const quote = text.charAt(0);
  if ((quote !== '"' && quote !== "'") || text.length < 2 || !text.endsWith(quote)) return false;
  const inner = text.slice(1, -1);
  return !inner.includes(quote) && attributeValue(inner) !== undefined;
};

const CHARACTERS = /^[\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]*$/u;

/** The attribute's name as it is written here, with a declaration where no prefix of its namespace is in scope. */
const writtenName = (element: XmlElement, name: SelectorName): string => {
  if (name.uri === '') return name.local;
  if (name.prefix === 'xml') return `xml:${name.local}`;
  const inScope = namespacesInScope(element);
  const known = Object.entries(inScope).find(([prefix, uri]) => prefix !== '' && uri === name.uri);
  if (known !== undefined) return `${known[0]}:${name.local}`;
  let prefix = name.prefix;
  for (let n = 1; prefix in inScope; n++) prefix = `ns${n}`;
  const uri = name.uri.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/"/g, '&quot;');
  return `xmlns:${prefix}="${uri}" ${prefix}:${name.local}`;
};

const putAttribute = (
  source: Source,
  selector: NodeSelector,
  name: SelectorName,
  body: string,
  uriOf: UriOf,
): Edited => {
  const { xml, root } = source;
  const { element, ended } = descend(root, selector.steps);
  if (element === undefined || ended !== undefined) return noParent(source, selector.steps, uriOf);
  if (!isAttValue(body) || !CHARACTERS.test(body))
    return conflict('not-xml-att-value', 'takes a value in quotes, as "value"');
  const old = attributeNamed(element, name);
  const changed =
    old === undefined
      ? splice(xml, element.attributesEnd, element.attributesEnd, ` ${writtenName(element, name)}=${body}`)
      : splice(xml, old.valueStart, old.end, body);
  return accepted(changed, selector, old === undefined, (selected) => {
    return (
      selected.kind === 'attribute' &&
      selected.element.start === element.start &&
      changed.slice(selected.attribute.valueStart, selected.attribute.end) === body
    );
  });
};

/** Creates or replaces what the selector names. */
export const putNode = (source: Source, selector: NodeSelector, body: string, uriOf: UriOf): Edited => {
  const { terminal } = selector;
  if (terminal?.kind === 'attribute') return putAttribute(source, selector, terminal.name, body, uriOf);
  return putElement(source, selector, body, uriOf);
};

/** Removes what the selector names; the white space around an element stays (§8.4). */
export const deleteNode = ({ xml, root }: Source, selector: NodeSelector): Edited => {
  const selected = select(root, selector);
  if (selected.kind === 'element' && selected.element === root)
    return conflict('schema-validation-error', 'a document without an element is none');
  if (selected.kind !== 'element' && selected.kind !== 'attribute') return { ok: false, missing: true };
  const { start, end } = selected.kind === 'element' ? selected.element : selected.attribute;
  const from = selected.kind === 'element' ? start : xml.slice(0, start).trimEnd().length;
  const changed = splice(xml, from, end, '');
  const parsed = parseDocument(changed);
  if (!parsed.ok) return { ok: false, conflict: conflictOf(parsed.fault, 'cannot-delete') };
  if (select(parsed.root, selector).kind !== 'no-match')
    return conflict('cannot-delete', 'the request URI would select something else afterwards');
  return { ok: true, xml: changed, root: parsed.root, made: false };
};
