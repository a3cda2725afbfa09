// GET (RFC 4825 §8.3, §7.3, §7.6, §7.9, §7.10): a document or a node of it, under the document's entity tag. Reader: homer.ts.
import { entityTag, judgeConditions, parseDocument, select, type Selected, shownText, type XcapUri } from '#libs/xcap'; // prettier-ignore
import { notFound, readOnly, refusal, shown, tagged, type XcapAnswer, type XcapRequest } from './answer.js';
import {
  DIRECTORY_DOCUMENT,
  DIRECTORY_MIME_TYPE,
  DIRECTORY_NAMESPACE,
  directoryXml,
} from './capabilities.js';
import type { HomerContext } from './context.js';
import { nodeOf } from './target-node.js';

const TYPES: Readonly<Partial<Record<Selected['kind'], string>>> = {
  element: 'application/xcap-el+xml',
  attribute: 'application/xcap-att+xml',
  namespaces: 'application/xcap-ns+xml',
};

export const conditionsOf = ({ header }: XcapRequest) => {
  const [ifMatch, ifNoneMatch] = [header('if-match'), header('if-none-match')];
  return {
    ...(ifMatch === undefined ? {} : { ifMatch }),
    ...(ifNoneMatch === undefined ? {} : { ifNoneMatch }),
  };
};

export const malformedConditions = (): XcapAnswer =>
  refusal(400, 'If-Match and If-None-Match take entity tags, as "3"');

const conditional = (request: XcapRequest, revision: number, show: () => XcapAnswer): XcapAnswer => {
  const found = show();
  if (found.status !== 200) return found;
  switch (judgeConditions(conditionsOf(request), revision, true)) {
    case 'malformed':
      return malformedConditions();
    case 'failed':
      return refusal(412, 'the document is another one');
    case 'not-modified':
      return { status: 304, headers: tagged(revision) };
    case 'go-on':
      return found;
  }
};

const shownNode = (xml: string, uri: XcapUri, namespace: string, revision: number): XcapAnswer => {
  const node = nodeOf(uri, namespace);
  if (!node.ok || node.selector === undefined) return node.ok ? notFound() : node.answer;
  const parsed = parseDocument(xml);
  if (!parsed.ok) return notFound('the document is from before documents had nodes');
  const selected = select(parsed.root, node.selector);
  const [text, type] = [shownText(xml, selected), TYPES[selected.kind]];
  if (text === undefined || type === undefined) return notFound('no such node');
  return shown(text, type, tagged(revision));
};

export const showDocument = (
  request: XcapRequest,
  uri: XcapUri,
  { xml, revision }: Readonly<{ xml: string; revision: number }>,
  namespace: string,
  mimeType: string,
): XcapAnswer =>
  conditional(request, revision, () =>
    uri.node === undefined
      ? shown(xml, mimeType, tagged(revision))
      : shownNode(xml, uri, namespace, revision),
  );

/** What the user has, as it is now; its revision is the sum of theirs, which each change raises. */
export const readDirectory = async (
  { usages, documents }: HomerContext,
  request: XcapRequest,
  uri: XcapUri,
  xui: string,
): Promise<XcapAnswer> => {
  const { path } = uri.document;
  if (path.length !== 1 || path[0] !== DIRECTORY_DOCUMENT) return notFound();
  if (request.method !== 'GET') return readOnly('the server writes this document');
  const rows = await Promise.all(
    usages.map(async (usage) => ({ usage, row: await documents.head(`document-${xui}/${usage.auid}`) })),
  );
  const revision = rows.reduce((sum, { row }) => sum + (row?.revision ?? 0), 1);
  const entries = rows.flatMap(
    ({ usage, row }) =>
    row?.state === undefined
      ? []
      : [{ usage, tag: entityTag(row.revision), lastModifiedMs: row.atMs, size: Buffer.byteLength(row.state.xml) }], // prettier-ignore
  );
  const xml = directoryXml(xui, entries);
  return showDocument(request, uri, { xml, revision }, DIRECTORY_NAMESPACE, DIRECTORY_MIME_TYPE);
};
