// PUT and DELETE of a document or a node of it (RFC 4825 §8.2, §8.4): read, judged by its conditions, edited, validated, and appended
// with the revision that was read. Whoever was overtaken is judged again: with a condition that is 412. Reader: homer.ts.
import { type DocumentCommand, documentStream, userDocument } from '#libs/domain';
import { RevisionConflict } from '#libs/event-log';
import { conflictOf, deleteNode, documentPath, type Edited, elementUri, judgeConditions, type NodeSelector, parseDocument, putNode, type XcapUri, type XmlElement } from '#libs/xcap'; // prettier-ignore
import type { DocumentRow } from '#projections/documents-by-user';
import {
  conflicting,
  notFound,
  refusal,
  tagged,
  unavailable,
  type XcapAnswer,
  type XcapRequest,
} from './answer.js';
import type { HomerContext } from './context.js';
import { conditionsOf, malformedConditions } from './read-document.js';
import type { Usage } from './usages.js';

/** Without a condition a change is tried again on what another process made of the document meanwhile. */
export const CHANGE_ATTEMPTS_MAX = 10;

export type ChangeTarget = Readonly<{
  uri: XcapUri;
  usage: Usage;
  xui: string;
  /** undefined: the whole document. */
  selector: NodeSelector | undefined;
}>;

const UTF_8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const decoded = (bytes: Uint8Array): string | undefined => {
  try {
    return UTF_8.decode(bytes);
  } catch {
    return undefined;
  }
};

const typeOf = ({ header }: XcapRequest): string =>
  (header('content-type') ?? '').split(';', 1)[0]!.trim().toLowerCase();

/** Asked for under the name that Clearwater's clients use. */
const isByOlderName = ({ usage, uri }: ChangeTarget): boolean =>
  usage.names.length > 1 && uri.document.auid === usage.names.at(-1);

/** §8.2.2; the older name of a usage takes what its clients have always sent. */
const isExpectedType = (request: XcapRequest, target: ChangeTarget): boolean => {
  const { usage, selector } = target;
  const type = typeOf(request);
  if (selector?.terminal?.kind === 'attribute') return type === 'application/xcap-att+xml';
  if (selector !== undefined) return type === 'application/xcap-el+xml';
  return type === usage.mimeType || (isByOlderName(target) && usage.olderMimeTypes.includes(type));
};

const home = ({ uri: { document } }: ChangeTarget): string => `${documentPath({ ...document, path: [] })}/`;

/** A place where no document can be (§8.2.1). */
const misplaced = ({ method }: XcapRequest, target: ChangeTarget): XcapAnswer | undefined => {
  const { usage, uri, selector } = target;
  const [name, ...below] = uri.document.path;
  if (name === usage.document && below.length === 0) return undefined;
  if (method === 'DELETE') return notFound();
  if (below.length > 0 || selector !== undefined)
    return conflicting({ kind: 'no-parent', ancestor: home(target) });
  return conflicting({
    kind: 'constraint-failure',
    phrase: `this usage has one document, ${usage.document}`,
  });
};

type Change =
  | Readonly<{ ok: true; xml: string; root: XmlElement; made: boolean }>
  | Readonly<{ ok: 'removed' }>
  | Readonly<{ ok: false; answer: XcapAnswer }>;

const no = (answer: XcapAnswer): Change => ({ ok: false, answer });

/** backend.md §4: Clearwater answers 204 whatever there was. */
const REMOVED: XcapAnswer = { status: 204, headers: {} };

const ofEdit = (edited: Edited): Change => {
  if (edited.ok) return edited;
  return no('missing' in edited ? notFound('no such node') : conflicting(edited.conflict));
};

const putDocument = (body: string, made: boolean): Change => {
  const parsed = parseDocument(body);
  if (!parsed.ok) return no(conflicting(conflictOf(parsed.fault, 'not-well-formed')));
  return { ok: true, xml: body, root: parsed.root, made };
};

/** What the request makes of the document as it is; `xml` undefined: there is none. */
const changed = (request: XcapRequest, target: ChangeTarget, xml: string | undefined): Change => {
  const { selector, uri } = target;
  const { document, bindings } = uri;
  const isPut = request.method === 'PUT';
  const body = isPut ? decoded(request.body) : '';
  if (selector === undefined && !isPut) {
    if (xml !== undefined) return { ok: 'removed' };
    return no(isByOlderName(target) ? REMOVED : notFound());
  }
  if (body === undefined) return no(conflicting({ kind: 'not-utf-8' }));
  if (selector === undefined) return putDocument(body, xml === undefined);
  if (xml === undefined)
    return no(isPut ? conflicting({ kind: 'no-parent', ancestor: home(target) }) : notFound());
  const parsed = parseDocument(xml);
  if (!parsed.ok) return no(conflicting(conflictOf(parsed.fault, 'cannot-insert')));
  const source = { xml, root: parsed.root };
  if (!isPut) return ofEdit(deleteNode(source, selector));
  return ofEdit(putNode(source, selector, body, (steps) => elementUri(document, steps, bindings)));
};

/** §8.2.6: an element or attribute has the tag of its document, also before it is there. */
const conditionFault = (request: XcapRequest, row: DocumentRow | undefined): XcapAnswer | undefined => {
  const revision = row?.state === undefined ? undefined : row.revision;
  switch (judgeConditions(conditionsOf(request), revision, false)) {
    case 'malformed':
      return malformedConditions();
    case 'failed':
      return refusal(412, 'the document is another one', revision === undefined ? {} : tagged(revision));
    default:
      return undefined;
  }
};

const append = async (
  { log, documents, clock }: HomerContext,
  stream: string,
  row: DocumentRow | undefined,
  command: DocumentCommand,
): Promise<number> => {
  const held = row?.revision ?? 0;
  const events = userDocument.decide(row?.state, command);
  if (events.length === 0) return held;
  const positions = await log.append(stream, events, { expected: held });
  const timeMs = clock.nowMs();
  const recorded = events.flatMap((event, index) => {
    const position = positions[index];
    return position === undefined ? [] : [{ event, stream, position, revision: held + index + 1, timeMs }];
  });
  await documents.apply(recorded);
  return held + events.length;
};

const succeeded = (
  request: XcapRequest,
  target: ChangeTarget,
  change: Change,
  revision: number,
): XcapAnswer => {
  if (change.ok !== true) return isByOlderName(target) ? REMOVED : { status: 200, headers: {} };
  if (!change.made) return { status: 200, headers: tagged(revision) };
  return { status: 201, headers: { ...tagged(revision), location: request.target } };
};

const attempt = async (
  context: HomerContext,
  request: XcapRequest,
  target: ChangeTarget,
): Promise<XcapAnswer> => {
  const { usage, xui: impu } = target;
  const stream = documentStream(`${impu}/${usage.auid}`);
  const row = await context.documents.head(stream);
  const before = conditionFault(request, row);
  // A node of a document that is not there has no parent, whatever the condition.
  if (before !== undefined && !(row?.state === undefined && target.selector !== undefined)) return before;
  const change = changed(request, target, row?.state?.xml);
  if (change.ok === false) return change.answer;
  if (change.ok === 'removed') {
    const revision = await append(context, stream, row, {
      type: 'RemoveDocument',
      data: { impu, auid: usage.auid },
    });
    return succeeded(request, target, change, revision);
  }
  const { xml, root } = change;
  const checked = await context.checks.check(usage, xml, root);
  if (checked === 'unknown') return unavailable('documents cannot be validated now');
  if (!checked.ok) return conflicting(checked.conflict);
  const data = { impu, auid: usage.auid, xml };
  return succeeded(request, target, change, await append(context, stream, row, { type: 'ChangeDocument', data })); // prettier-ignore
};

const untilDecided = async (
  context: HomerContext,
  request: XcapRequest,
  target: ChangeTarget,
): Promise<XcapAnswer> => {
  const stream = documentStream(`${target.xui}/${target.usage.auid}`);
  for (let attempts = 1; attempts <= CHANGE_ATTEMPTS_MAX; attempts++) {
    try {
      return await attempt(context, request, target);
    } catch (error) {
      if (!(error instanceof RevisionConflict) || error.stream !== stream) throw error;
      await context.documents.catchUp(stream);
    }
  }
  return unavailable('the document is changed by many at once');
};

export const changeDocument = async (
  context: HomerContext,
  request: XcapRequest,
  target: ChangeTarget,
): Promise<XcapAnswer> => {
  const wrong = misplaced(request, target);
  if (wrong !== undefined) return wrong;
  if (request.method === 'PUT' && !isExpectedType(request, target))
    return refusal(415, `takes ${target.selector === undefined ? target.usage.mimeType : 'application/xcap-el+xml or application/xcap-att+xml'}`); // prettier-ignore
  const id = `${target.xui}/${target.usage.auid}`;
  const done = context.queue.run(id, () => untilDecided(context, request, target));
  return done ?? unavailable('too many changes of this document wait');
};
