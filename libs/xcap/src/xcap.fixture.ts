// Documents and short ways to ask for their nodes. Read by the tests of this lib only.
import { deleteNode, type Edited, putNode } from './edit.js';
import { parseBindings, parseNodeSelector } from './node-selector.js';
import { select, shownText } from './select.js';
import { parseDocument } from './xml-document.js';

export const sourceOf = (xml: string) => {
  const parsed = parseDocument(xml);
  if (!parsed.ok) throw new Error(parsed.fault.reason);
  return { xml, root: parsed.root };
};

export type Asked = Readonly<{ namespace?: string; query?: string }>;

export const selectorOf = (text: string, { namespace = '', query = '' }: Asked = {}) => {
  const parsed = parseNodeSelector(text, parseBindings(query) ?? new Map(), namespace);
  if (!parsed.ok) throw new Error(parsed.fault);
  return parsed.selector;
};

/** What a GET shows: the node's text, 'no-match' or 'invalid'. */
export const got = (xml: string, text: string, asked?: Asked): string => {
  const selected = select(sourceOf(xml).root, selectorOf(text, asked));
  return shownText(xml, selected) ?? selected.kind;
};

const outcome = (edited: Edited): string => {
  if (edited.ok) return edited.xml;
  return 'missing' in edited ? '404' : `409 ${edited.conflict.kind}`;
};

/** The document after a PUT, or what it is refused with. */
export const afterPut = (xml: string, text: string, body: string, asked?: Asked): string =>
  outcome(putNode(sourceOf(xml), selectorOf(text, asked), body, () => '/'));

export const afterDelete = (xml: string, text: string, asked?: Asked): string =>
  outcome(deleteNode(sourceOf(xml), selectorOf(text, asked)));
