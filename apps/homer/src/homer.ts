// Homer: an XCAP server (RFC 4825 §8) for the documents of users, without HTTP. Documents are streams in expect mode; their revision is
// their entity tag. A change is answered when it is in the log and in the view that calls are served from.
import { crc32 } from 'node:zlib';
import { CommandRejected } from '#libs/decider';
import { documentId, documentStream } from '#libs/domain';
import { parseXcapUri, type XcapUri } from '#libs/xcap';
import { notFound, readOnly, refusal, unavailable, type XcapAnswer, type XcapRequest } from './answer.js';
import { Authentication, type Caller } from './authenticate.js';
import {
  CAPS_AUID,
  CAPS_MIME_TYPE,
  CAPS_NAMESPACE,
  capabilitiesXml,
  DIRECTORY_AUID,
} from './capabilities.js';
import { changeDocument } from './change-document.js';
import type { HomerContext, HomerPorts } from './context.js';
import { DocumentQueue } from './document-queue.js';
import { faultAnswer } from './faults.js';
import { readDirectory, showDocument } from './read-document.js';
import { nodeOf } from './target-node.js';
import { usageNamed } from './usages.js';
import { DocumentChecks } from './validate.js';

export interface Homer {
  /** Never rejects. */
  handle(request: XcapRequest): Promise<XcapAnswer>;
}

/** TS 23.003 §13.4; what cannot stand in the name of a stream is nobody's. */
const XUI = /^(?:sips?:.|tel:.)[^\u0000-\u0020\u007f"<>]{0,500}$/iu;

/** RFC 4825 §5.7: a user has its own tree; a service has all. */
const isOwn = (caller: Caller, xui: string): boolean =>
  caller.kind === 'service' || caller.identities.includes(xui);

/** The capabilities: one document for all, which only Homer writes (§12.7). */
const capabilities = (context: HomerContext, request: XcapRequest, uri: XcapUri): XcapAnswer => {
  const { xui, path } = uri.document;
  if (xui !== undefined || path.length !== 1 || path[0] !== 'index') return notFound();
  if (request.method !== 'GET') return readOnly('the server writes this document');
  const xml = capabilitiesXml(context.usages);
  // Another start may know other usages: the tag is of what is said.
  return showDocument(request, uri, { xml, revision: crc32(xml) }, CAPS_NAMESPACE, CAPS_MIME_TYPE);
};

/** Who is not known has no home directory (§8). Services name users; users have been asked who they are. */
const isKnownUser = async ({ homestead }: HomerContext, xui: string): Promise<boolean | 'unknown'> => {
  const answer = await homestead.location(xui);
  if (answer.ok) return true;
  return answer.failure === 'unavailable' || answer.failure === 'timeout' ? 'unknown' : false;
};

const ofUser = async (
  context: HomerContext,
  request: XcapRequest,
  uri: XcapUri,
  xui: string,
): Promise<XcapAnswer> => {
  if (uri.document.auid === DIRECTORY_AUID) return readDirectory(context, request, uri, xui);
  const usage = usageNamed(context.usages, uri.document.auid);
  if (usage === undefined) return notFound('no such application usage');
  const node = nodeOf(uri, usage.namespace);
  if (!node.ok) return node.answer;
  if (request.method !== 'GET') {
    if (node.selector?.terminal?.kind === 'namespaces') return readOnly('namespace bindings are not set');
    if (request.method === 'PUT') {
      const known = await isKnownUser(context, xui);
      if (known === 'unknown') return unavailable('it cannot be told whether there is such a user');
      if (!known) return notFound('no such user');
    }
    return changeDocument(context, request, { uri, usage, xui, selector: node.selector });
  }
  const [name, ...below] = uri.document.path;
  if (name !== usage.document || below.length > 0) return notFound();
  const row = await context.documents.head(documentStream(documentId({ impu: xui, auid: usage.auid })));
  if (row?.state === undefined) return notFound();
  const { revision, state } = row;
  return showDocument(request, uri, { xml: state.xml, revision }, usage.namespace, usage.mimeType);
};

export const createHomer = (ports: HomerPorts): Homer => {
  const authentication = new Authentication(ports);
  const context: HomerContext = { ...ports, checks: new DocumentChecks(ports.validator), queue: new DocumentQueue() }; // prettier-ignore

  const answer = async (request: XcapRequest): Promise<XcapAnswer> => {
    const parsed = parseXcapUri(request.target);
    if (!parsed.ok && parsed.fault === 'malformed') return refusal(400, 'the URI or its query is malformed');
    const uri = parsed.ok ? parsed.uri : undefined;
    const xui = uri?.document.xui;
    // Who asks is told what is here only once it is known who that is.
    const who = await authentication.authenticate(request, xui);
    if (!who.ok) return who.answer;
    if (uri === undefined) return notFound('no such resource');
    if (uri.document.auid === CAPS_AUID) return capabilities(context, request, uri);
    if (xui === undefined || !XUI.test(xui)) return notFound('no such resource');
    if (!isOwn(who.caller, xui)) return refusal(403, 'this is the tree of another user');
    return ofUser(context, request, uri, xui);
  };

  return {
    handle: (request) =>
      answer(request).catch((error: unknown) => {
        if (!(error instanceof CommandRejected)) ports.onFault?.(error);
        return faultAnswer(error);
      }),
  };
};
