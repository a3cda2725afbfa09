// Requests inside dialogs: along their Route set, with the charging facts that they mean (RFC 3261 §16.4–16.6, §12.2).
import { dialogTag } from '#libs/domain';
import {
  addrUri,
  Edits,
  H,
  type NextHop,
  prepareRoute,
  type ProxyUser,
  type ServerTransaction,
  type SipMessage,
  tagOf,
  tracedUser,
  values,
} from '#libs/sip';
import { chargeInterim, chargeStop, noteEnd } from './call-record.js';
import { type DialogMark, isOwn } from './own-route.js';
import { SessionTiming, tooSmall } from './session-timing.js';
import type { SessionContext } from './session.js';

type Side = 'caller' | 'callee';

/** Whose request it is in the dialog that a mark was made for; undefined: it is of another dialog. */
const sideOf = (request: SipMessage, { dialog }: DialogMark): Side | undefined => {
  const callId = request.header(H.CallId)!;
  if (dialogTag(callId, tagOf(request.header(H.From)!)) === dialog) return 'caller';
  return dialogTag(callId, tagOf(request.header(H.To)!)) === dialog ? 'callee' : undefined;
};

/** A session of this domain has two marks, for both of its sides, in one dialog: it is looked up once. */
const sideOfMarks = (request: SipMessage) => {
  let known: Readonly<{ dialog: string; side: Side | undefined }> | undefined;
  return (mark: DialogMark): Side | undefined => {
    if (known?.dialog !== mark.dialog) known = { dialog: mark.dialog, side: sideOf(request, mark) };
    return known.side;
  };
};

/** What an in-dialog request becomes: own Routes off, where it goes next, and the marks that vouch for the dialog. */
type Onward = Readonly<{ edits: Edits; hop: NextHop; marks: readonly DialogMark[]; by: Side }>;

/**
 * Takes our Record-Route values off the top; the rest of the Route set says where to. undefined: no mark of ours vouches
 * for this dialog, or nothing but the peer's own words would say where it goes.
 */
const onward = ({ ports, settings }: SessionContext, request: SipMessage): Onward | undefined => {
  const edits = new Edits(request);
  const { popped, next, nextHopUri } = prepareRoute(edits, {
    isOwn: (uri) => isOwn(uri, settings.ownHosts),
  });
  const marks: DialogMark[] = [];
  const sideIn = sideOfMarks(request);
  let by: Side | undefined;
  for (const uri of popped) {
    const mark = ports.dialogMarks.read(uri);
    const side = mark === undefined ? undefined : sideIn(mark);
    if (mark === undefined || side === undefined) continue;
    marks.push(mark);
    by = side;
  }
  if (by === undefined || (next === undefined && !marks.some(({ open }) => open))) return undefined;
  return { edits, marks, by, hop: { kind: 'uri', uri: nextHopUri, listener: 'scscf' } };
};

/** Methods that mean something for charging. */
const RECORDED: ReadonlySet<string> = new Set(['BYE', 'INVITE', 'UPDATE']);

/** Will the request come by here again, from a server that stays in the dialog? */
const comesBack = ({ ports, settings }: SessionContext, request: SipMessage, { marks }: Onward): boolean => {
  const left = values(request, H.Route).filter((route) => {
    const uri = addrUri(route);
    return isOwn(uri, settings.ownHosts) && ports.dialogMarks.read(uri)?.icid === marks[0]?.icid;
  });
  return left.length > marks.length;
};

/** What a request in a dialog means for the records of its call, once it is answered. */
const record = (
  context: SessionContext,
  request: SipMessage,
  on: Onward,
  status: number,
  refreshS: number | undefined,
): void => {
  const { ports } = context;
  const { marks, by } = on;
  const { method } = request;
  if (!RECORDED.has(method) || (method !== 'BYE' && status >= 300)) return;
  const [first] = marks;
  if (first === undefined) return;
  const nowMs = ports.clock.nowMs();
  if (method !== 'BYE') return chargeInterim(ports, marks, method, nowMs, refreshS);
  // A call ends once: told where its end has passed last, or got no further.
  if (status >= 300 || !comesBack(context, request, on)) noteEnd(ports, first, by, request.header(H.Reason));
  chargeStop(ports, marks, nowMs);
};

/** 430 is between us and the edge (RFC 5626 §11.6): to the other side its peer is not reachable. */
export const callersStatus = (status: number): number | undefined => (status === 430 ? 480 : undefined);

const userOf = (
  context: SessionContext,
  request: SipMessage,
  on: Onward,
  timing: SessionTiming | undefined,
): ProxyUser<undefined> => {
  if (timing === undefined)
    return {
      completed: (status) => record(context, request, on, status, undefined),
      chosen: callersStatus,
    };
  timing.writeTo(on.edits);
  return {
    response: (response, edits) => timing.response(response, edits),
    laterAnswers: timing,
    completed: (status, _branch, response) => {
      const refreshS = response === undefined ? undefined : (timing.intervalOf(response) ?? 0);
      record(context, request, on, status, refreshS);
    },
    chosen: callersStatus,
  };
};

const traced = (
  { ports }: SessionContext,
  { method }: SipMessage,
  { marks: [first] }: Onward,
  user: ProxyUser<undefined>,
) =>
  first === undefined
    ? user
    : tracedUser(user, ports, { part: 'sprout', place: 'below', method, icid: first.icid });

/** A request in a dialog that this router recorded; of another dialog it knows nothing: 481. */
export const inDialogRequest = (context: SessionContext, tx: ServerTransaction): void => {
  const { request } = tx;
  const on = onward(context, request);
  if (on === undefined) return tx.reply(481, 'Call/Transaction Does Not Exist');
  const timing = SessionTiming.of(request, context.settings.sessionTimer);
  if (timing?.kind === 'too-small') return tx.reply(422, 'Session Interval Too Small', tooSmall(timing.minS));
  const { ports } = context;
  const user = userOf(context, request, on, timing);
  const proxy = ports
    .endpoint()
    .proxy(tx, ports.traces === undefined ? user : traced(context, request, on, user));
  proxy.fork(on.edits, on.hop, undefined);
  proxy.seal();
};

/** ACK for a 2xx: outside transactions, along the same way; one of no dialog of ours is dropped. */
export const acknowledge = (context: SessionContext, ack: SipMessage): void => {
  const on = onward(context, ack);
  if (on === undefined) return context.ports.observer.count('ack-dropped');
  context.ports.endpoint().sendStateless(on.edits, on.hop);
};
