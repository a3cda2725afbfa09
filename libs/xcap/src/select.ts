// Evaluates a node selector against a document (RFC 4825 §6.3): every step takes exactly one element. Pure.
// Readers: edit.ts, Homer's GET.
import type { NodeSelector, SelectorName, Step, Terminal } from './node-selector.js';
import { namespacesInScope, type XmlAttribute, type XmlElement } from './xml-document.js';

export type Selected =
  | Readonly<{ kind: 'element'; element: XmlElement }>
  | Readonly<{ kind: 'attribute'; element: XmlElement; attribute: XmlAttribute }>
  | Readonly<{ kind: 'namespaces'; element: XmlElement }>
  /** Nothing is there. */
  | Readonly<{ kind: 'no-match' }>
  /** A step takes more than one. */
  | Readonly<{ kind: 'invalid' }>;

type Named = Readonly<{ uri: string; local: string }>;
export const sameName = (a: Named, b: Named): boolean => a.local === b.local && a.uri === b.uri;

export const attributeNamed = (element: XmlElement, name: SelectorName): XmlAttribute | undefined =>
  element.attributes.find((attribute) => sameName(attribute, name));

/** The elements that a step takes among these siblings: zero, one or more. */
export const takenBy = (step: Step, siblings: readonly XmlElement[]): readonly XmlElement[] => {
  const { name, position, attribute } = step;
  const named = name === '*' ? siblings : siblings.filter((element) => sameName(element, name));
  const placed = position === undefined ? named : named.slice(position - 1, position);
  if (position === 0) return [];
  if (attribute === undefined) return placed;
  return placed.filter((element) => attributeNamed(element, attribute.name)?.value === attribute.value);
};

/** How many steps take one element each, from the root down, and the last element taken. */
export const descend = (
  root: XmlElement,
  steps: readonly Step[],
): Readonly<{ steps: number; element: XmlElement | undefined; ended?: 'no-match' | 'invalid' }> => {
  let element: XmlElement | undefined;
  for (const [index, step] of steps.entries()) {
    const taken = takenBy(step, element === undefined ? [root] : element.children);
    if (taken.length !== 1)
      return { steps: index, element, ended: taken.length === 0 ? 'no-match' : 'invalid' };
    [element] = taken;
  }
  return { steps: steps.length, element };
};

const terminalAt = (element: XmlElement, terminal: Terminal | undefined): Selected => {
  if (terminal === undefined) return { kind: 'element', element };
  if (terminal.kind === 'namespaces') return { kind: 'namespaces', element };
  const attribute = attributeNamed(element, terminal.name);
  return attribute === undefined ? { kind: 'no-match' } : { kind: 'attribute', element, attribute };
};

export const select = (root: XmlElement, { steps, terminal }: NodeSelector): Selected => {
  const { element, ended } = descend(root, steps);
  if (ended !== undefined) return { kind: ended };
  return element === undefined ? { kind: 'no-match' } : terminalAt(element, terminal);
};

const escaped = (value: string): string =>
  value.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/"/g, '&quot;');

/** The namespace bindings in scope (RFC 4825 §10): the element's own name, empty, with each of them declared. */
export const namespaceBindings = (element: XmlElement): string => {
  const declarations = Object.entries(namespacesInScope(element))
    .filter(([prefix]) => prefix !== 'xml' && prefix !== 'xmlns')
    .filter(([prefix, uri]) => prefix === '' || uri !== '')
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([prefix, uri]) => ` xmlns${prefix === '' ? '' : `:${prefix}`}="${escaped(uri)}"`);
  return `<${element.name}${declarations.join('')}/>`;
};

/** What a GET of the node shows: its text as it stands in the document. */
export const shownText = (xml: string, selected: Selected): string | undefined => {
  switch (selected.kind) {
    case 'element':
      return xml.slice(selected.element.start, selected.element.end);
    case 'attribute':
      return xml.slice(selected.attribute.valueStart, selected.attribute.end);
    case 'namespaces':
      return namespaceBindings(selected.element);
    default:
      return undefined;
  }
};
