// Where requests inside dialogs go on, and by whose word; who routes strictly before and behind (RFC 3261 §16.4, §16.6).
import { dialogTag } from '#libs/domain';
import { addrUri, type Edits, H, type NextHop, parseMessage, type SipMessage, values } from '#libs/sip';
import { acknowledge } from './in-dialog.js';
import { DialogMarks } from './own-route.js';
import type { SessionContext } from './session.js';

const ROUTER = 'sip:scscf.ims.test:5054;transport=tcp';
const EDGE = '<sip:edge.ims.test:5058;transport=tcp;lr>';
const marks = new DialogMarks(Buffer.alloc(32, 1));
const own = marks.recordRoute(ROUTER, {
  role: 'charge-orig',
  icid: 'i1',
  dialog: dialogTag('call-1', 'a1'),
  open: false,
});

const parse = (raw: string): SipMessage => {
  const parsed = parseMessage(raw);
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.message;
};

type Sent = Readonly<{ requestUri: string; routes: readonly string[]; hop: NextHop }>;

/** What becomes of an ACK; undefined: it is dropped. */
const onward = (requestUri: string, routes: readonly string[]): Sent | undefined => {
  let sent: Sent | undefined;
  const sendStateless = (edits: Edits, hop: NextHop): void => {
    const message = parse(edits.render());
    sent = { requestUri: message.requestUri, routes: values(message, H.Route), hop };
  };
  const ports = {
    dialogMarks: marks,
    endpoint: () => ({ sendStateless }),
    observer: { count: () => undefined },
  };
  const context = {
    ports,
    settings: { ownHosts: new Set(['scscf.ims.test:5054']) },
  } as unknown as SessionContext;
  const lines = [
    `ACK ${requestUri} SIP/2.0`,
    'Via: SIP/2.0/TCP edge.ims.test:5058;branch=z9hG4bK1',
    'From: <sip:alice@ims.test>;tag=a1',
    'To: <sip:bob@ims.test>;tag=b1',
    'Call-ID: call-1',
    'CSeq: 1 ACK',
    ...routes.map((route) => `Route: ${route}`),
  ];
  acknowledge(context, parse(`${lines.join('\r\n')}\r\n\r\n`));
  return sent;
};

const to = (uri: string): NextHop => ({ kind: 'uri', uri, listener: 'scscf' });

it('goes along what is left of the Route', () => {
  expect(onward('sip:bob@10.0.0.2', [own, EDGE])).toEqual({
    requestUri: 'sip:bob@10.0.0.2',
    routes: [EDGE],
    hop: to(addrUri(EDGE)),
  });
});

it('takes the mark from the Request-URI, where a strict router puts it', () => {
  expect(onward(addrUri(own), [EDGE, '<sip:bob@10.0.0.2>'])).toEqual({
    requestUri: 'sip:bob@10.0.0.2',
    routes: [EDGE],
    hop: to(addrUri(EDGE)),
  });
});

it('gives a strict router what it expects', () => {
  expect(onward('sip:bob@10.0.0.2', [own, '<sip:old.test:5070>', EDGE])).toEqual({
    requestUri: 'sip:old.test:5070',
    routes: [EDGE, '<sip:bob@10.0.0.2>'],
    hop: to('sip:old.test:5070'),
  });
});

it('drops what no mark of this node vouches for, in either place', () => {
  expect(onward('sip:bob@10.0.0.2', [`<${ROUTER};lr>`, EDGE])).toBeUndefined();
  expect(onward(`${ROUTER};lr`, [EDGE, '<sip:bob@10.0.0.2>'])).toBeUndefined();
});
