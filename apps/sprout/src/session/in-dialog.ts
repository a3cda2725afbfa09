// Requests inside dialogs: along their Route set, with the charging facts that they mean (RFC 3261 §16.4–16.6, §12.2).
import { addrUri, Edits, H, type NextHop, type ServerTransaction, type SipMessage, tagOf } from '#libs/sip';
import { chargeInterim, chargeStop, noteEnd } from './call-record.js';
import { dialogMark, type DialogMark, isOwn } from './own-route.js';
import { dialogTag, type SessionContext } from './session.js';

/** What an in-dialog request becomes: own Routes off, marks read, and where it goes next. */
type Onward = Readonly<{ edits: Edits; hop: NextHop; marks: readonly DialogMark[] }>;

/** Takes our Record-Route values off the top; the rest of the Route set, else the Request-URI, says where to. */
const onward = ({ settings }: SessionContext, request: SipMessage): Onward => {
  const edits = new Edits(request);
  const marks: DialogMark[] = [];
  let next = edits.topValue(H.Route);
  while (next !== undefined && isOwn(addrUri(next), settings.ownHosts)) {
    const mark = dialogMark(addrUri(next));
    if (mark !== undefined) marks.push(mark);
    edits.popValue(H.Route);
    next = edits.topValue(H.Route);
  }
  const uri = next === undefined ? request.requestUri : addrUri(next);
  return { edits, marks, hop: { kind: 'uri', uri, listener: 'scscf' } };
};

const byCaller = (request: SipMessage, { dialog }: DialogMark): boolean =>
  dialogTag(request.header(H.CallId)!, tagOf(request.header(H.From)!)) === dialog;

export const inDialogRequest = (context: SessionContext, tx: ServerTransaction): void => {
  const { ports } = context;
  const { request } = tx;
  const { edits, hop, marks } = onward(context, request);
  const proxy = ports.endpoint().proxy(tx, {
    completed: (status) => {
      const [mark] = marks;
      if (mark === undefined) return;
      if (request.method === 'BYE') {
        noteEnd(ports, mark, byCaller(request, mark) ? 'caller' : 'callee', request.header(H.Reason));
        chargeStop(ports, marks, ports.clock.nowMs());
      } else if (status < 300 && (request.method === 'INVITE' || request.method === 'UPDATE'))
        chargeInterim(ports, marks, request.method, ports.clock.nowMs());
    },
  });
  proxy.fork(edits, hop, undefined);
  proxy.seal();
};

/** ACK for a 2xx: outside transactions, along the same way. */
export const acknowledge = (context: SessionContext, ack: SipMessage): void => {
  const { edits, hop } = onward(context, ack);
  context.ports.endpoint().sendStateless(edits, hop);
};
