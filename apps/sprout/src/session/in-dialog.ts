// Requests inside dialogs: along their Route set, with the charging facts that they mean (RFC 3261 §16.4–16.6, §12.2).
import {
  addrUri,
  Edits,
  H,
  type NextHop,
  routeStrictly,
  type ServerTransaction,
  type SipMessage,
  tagOf,
  undoStrictRouting,
} from '#libs/sip';
import { chargeInterim, chargeStop, noteEnd } from './call-record.js';
import { type DialogMark, isOwn } from './own-route.js';
import { dialogTag, type SessionContext } from './session.js';

/** What an in-dialog request becomes: own Routes off, and where it goes next. */
type Onward = Readonly<{ edits: Edits; hop: NextHop; ownRoutes: readonly string[] }>;

/** Takes our Record-Route values off the top; the rest of the Route set, else the Request-URI, says where to. */
const onward = ({ settings }: SessionContext, request: SipMessage): Onward => {
  const edits = new Edits(request);
  const requestUri = undoStrictRouting(edits, (uri) => isOwn(uri, settings.ownHosts));
  const ownRoutes: string[] = [];
  let next = edits.topValue(H.Route);
  while (next !== undefined && isOwn(addrUri(next), settings.ownHosts)) {
    ownRoutes.push(addrUri(next));
    edits.popValue(H.Route);
    next = edits.topValue(H.Route);
  }
  const uri = next === undefined ? requestUri : addrUri(next);
  routeStrictly(edits, requestUri);
  return { edits, ownRoutes, hop: { kind: 'uri', uri, listener: 'scscf' } };
};

type Side = 'caller' | 'callee';

/** Whose request it is in the dialog that a mark was made for; undefined: it is of another dialog. */
const sideOf = (request: SipMessage, { dialog }: DialogMark): Side | undefined => {
  const callId = request.header(H.CallId)!;
  if (dialogTag(callId, tagOf(request.header(H.From)!)) === dialog) return 'caller';
  return dialogTag(callId, tagOf(request.header(H.To)!)) === dialog ? 'callee' : undefined;
};

/** Methods that mean something for charging. */
const RECORDED: ReadonlySet<string> = new Set(['BYE', 'INVITE', 'UPDATE']);

/** What a request in a dialog means for the records of its call, once it is answered. */
const record = (
  { ports }: SessionContext,
  request: SipMessage,
  ownRoutes: readonly string[],
  status: number,
): void => {
  const { method } = request;
  if (!RECORDED.has(method) || (method !== 'BYE' && status >= 300)) return;
  const marks: DialogMark[] = [];
  let by: Side | undefined;
  for (const uri of ownRoutes) {
    const mark = ports.dialogMarks.read(uri);
    const side = mark === undefined ? undefined : sideOf(request, mark);
    if (mark === undefined || side === undefined) continue;
    marks.push(mark);
    by = side;
  }
  const [first] = marks;
  if (first === undefined || by === undefined) return;
  const nowMs = ports.clock.nowMs();
  if (method !== 'BYE') return chargeInterim(ports, marks, method, nowMs);
  noteEnd(ports, first, by, request.header(H.Reason));
  chargeStop(ports, marks, nowMs);
};

export const inDialogRequest = (context: SessionContext, tx: ServerTransaction): void => {
  const { request } = tx;
  const { edits, hop, ownRoutes } = onward(context, request);
  const completed = (status: number): void => record(context, request, ownRoutes, status);
  const proxy = context.ports.endpoint().proxy(tx, { completed });
  proxy.fork(edits, hop, undefined);
  proxy.seal();
};

/** ACK for a 2xx: outside transactions, along the same way. */
export const acknowledge = (context: SessionContext, ack: SipMessage): void => {
  const { edits, hop } = onward(context, ack);
  context.ports.endpoint().sendStateless(edits, hop);
};
