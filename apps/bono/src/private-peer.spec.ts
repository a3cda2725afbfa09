// What a client gets of a peer that hides, and what it can do with it. Whole calls: apps/clearwater/scenarios/privacy-path.txt.
import { Edits, parseMessage, type SipMessage } from '#libs/sip';
import { headerLines } from '#libs/testkit';
import { type Hidden, hiddenIn, keptOf, PrivatePeers, type Wish } from './private-peer.js';

const OWN = '10.1.0.1:5060';
const peers = new PrivatePeers(Buffer.alloc(32, 1), (uri) => uri.includes(`@${OWN}`));
const uriOf = (user: string): string => `sip:${user}@${OWN};transport=udp`;
const CALL_ID = '77@10.0.0.1';
const ROUTES = [
  '<sip:scscf.ims.test:5054;transport=tcp;lr;icid=1>',
  '<sip:10.1.0.1:5058;transport=tcp;lr>',
  '<sip:alices-flow@10.1.0.1:5060;transport=udp;lr>',
];
const SECRETS = /alice|10\.0\.0\.1(?!\d)/i;

const message = (firstLine: string, lines: readonly string[], callId = CALL_ID): SipMessage => {
  const parsed = parseMessage(
    `${firstLine}\r\nVia: SIP/2.0/UDP edge;branch=z9hG4bK1\r\nMax-Forwards: 70\r\nTo: <sip:bob@x>\r\n` +
      `Call-ID: ${callId}\r\nCSeq: 1 INVITE\r\n${lines.map((line) => `${line}\r\n`).join('')}Content-Length: 0\r\n\r\n`,
  );
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.message;
};

const invite = message('INVITE sip:bob@10.0.0.2 SIP/2.0', [
  'From: "Alice" <sip:alice@ims.test>;tag=a',
  'Contact: <sip:alice@10.0.0.1:5060>;+sip.instance="<urn:uuid:alices-phone>";audio',
  ...ROUTES.map((route) => `Record-Route: ${route}`),
  'Subject: Alice',
  'User-Agent: Alice',
  'Organization: Alice',
  'Call-Info: <http://alice.test>',
  'Warning: 399 10.0.0.1 "x"',
  'Remote-Party-ID: <sip:alice@ims.test>',
  'Proxy-Authorization: Digest username="alice"',
  'Accept: application/sdp',
]);

/** The first request as the client gets it. */
const first = (wish: Wish): Readonly<{ text: string; hidden: Hidden }> => {
  const edits = new Edits(invite);
  const hidden = peers.begin(invite, edits, wish);
  peers.hideRequest(invite, edits, hidden, uriOf);
  return { text: edits.render(), hidden };
};

const only = (text: string, name: string): string => headerLines(text, name).join();
const uriIn = (value: string): string => /<([^>]*)>/.exec(value)![1]!;

/** A request of the client's in that dialog, as the core gets it. */
const back = (text: string, hidden: Hidden, change: (line: string) => string = (line) => line): string => {
  const lines = headerLines(text, 'Record-Route').map((route) => change(`Route: ${route}`));
  const request = message(
    `INVITE ${uriIn(only(text, 'Contact'))} SIP/2.0`,
    ['From: <sip:bob@x>;tag=b', ...lines],
    only(text, 'Call-ID'),
  );
  const edits = new Edits(request);
  peers.reveal(request, edits, hidden);
  return edits.render();
};

it('leaves no trace of who calls or from where, and nothing else out', () => {
  const { text } = first('user');
  expect(text).not.toMatch(SECRETS);
  expect(text).not.toMatch(
    /^(?:Subject|User-Agent|Organization|Call-Info|Warning|Remote-Party-ID|Proxy-Auth)/m,
  );
  expect(only(text, 'From')).toBe('"Anonymous" <sip:anonymous@anonymous.invalid>;tag=a');
  expect(only(text, 'Contact')).toMatch(/^<sip:anonymous\.[\w-]+@10\.1\.0\.1:5060;transport=udp>;audio$/);
  expect(headerLines(text, 'Record-Route').slice(0, 2)).toEqual(ROUTES.slice(0, 2));
  expect(headerLines(text, 'Record-Route')).toHaveLength(3);
  expect(text).toMatch(/^To: <sip:bob@x>\r$/m);
  expect(text).toMatch(/^Accept: application\/sdp\r$/m);
});

it('for the way alone keeps who it is', () => {
  const { text } = first('path');
  expect(only(text, 'From')).toBe('"Alice" <sip:alice@ims.test>;tag=a');
  expect([only(text, 'Subject'), only(text, 'User-Agent')]).toEqual(['Alice', 'Alice']);
  expect(text).not.toMatch(/10\.0\.0\.1(?!\d)|alices-flow|alices-phone/);
});

it('answers go up as if nothing had been hidden', () => {
  const { text } = first('user');
  const answer = message(
    'SIP/2.0 200 OK',
    [
      `From: ${only(text, 'From')}`,
      ...headerLines(text, 'Record-Route').map((route) => `Record-Route: ${route}`),
    ],
    only(text, 'Call-ID'),
  );
  const edits = new Edits(answer);
  peers.restoreResponse(answer, edits, keptOf(invite));
  const restored = edits.render();
  expect(only(restored, 'From')).toBe('"Alice" <sip:alice@ims.test>;tag=a');
  expect(only(restored, 'Call-ID')).toBe(CALL_ID);
  expect(headerLines(restored, 'Record-Route')).toEqual(ROUTES);
});

it('what the client asks finds the peer, over a restart too', () => {
  const { text, hidden } = first('user');
  const asked = back(text, hidden);
  expect(asked.split(' ', 2)[1]).toBe('sip:alice@10.0.0.1:5060');
  expect(only(asked, 'Call-ID')).toBe(CALL_ID);
  expect(headerLines(asked, 'Route')).toEqual(ROUTES);
});

it('the peer’s answer to that hides it again', () => {
  const { text, hidden } = first('user');
  const answer = message('SIP/2.0 200 OK', ['From: <sip:bob@x>;tag=b', 'Contact: <sip:alice@10.0.0.1:5060>', 'Server: Alice', 'P-Asserted-Identity: <sip:alice@x>', 'Warning: 399 10.0.0.1 "x"']); // prettier-ignore
  const edits = new Edits(answer);
  peers.hideResponse(answer, edits, hidden, { callId: only(text, 'Call-ID'), uriOf });
  const told = edits.render();
  expect(told).not.toMatch(SECRETS);
  // The same contact as before: no other target.
  expect(uriIn(only(told, 'Contact'))).toBe(uriIn(only(text, 'Contact')));
  expect(only(told, 'Call-ID')).toBe(only(text, 'Call-ID'));
});

it('opens nothing on another way, or with another mark: nobody has a contact opened and sent to himself', () => {
  const { text, hidden } = first('user');
  const other = (line: string): string => line.replace('scscf.ims.test', 'mine.ims.test');
  const marked = { ...hidden, mark: hidden.mark.replace(/.$/, (last) => (last === '0' ? '1' : '0')) };
  for (const asked of [back(text, hidden, other), back(text, marked)]) expect(asked).not.toMatch(SECRETS);
});

it('two calls of one flow have nothing in common', () => {
  const again = message('INVITE sip:bob@10.0.0.2 SIP/2.0', ['From: <sip:alice@x>;tag=z', 'Contact: <sip:alice@10.0.0.1:5060>', ...ROUTES.map((route) => `Record-Route: ${route}`)], '78@10.0.0.1'); // prettier-ignore
  const edits = new Edits(again);
  peers.hideRequest(again, edits, peers.begin(again, edits, 'user'), uriOf);
  const sealsIn = (text: string): string[] => text.match(/anonymous\.[\w-]{20}/g)!.slice(1);
  const seals = [...sealsIn(first('user').text), ...sealsIn(edits.render())];
  expect(new Set(seals).size).toBe(seals.length);
});

it('hides a contact that is too long without a way back, and one that is hidden already not again', () => {
  const hide = (contact: string): string => {
    const request = message('INVITE sip:b@x SIP/2.0', ['From: <sip:a@x>;tag=1', `Contact: ${contact}`]);
    const edits = new Edits(request);
    peers.hideRequest(request, edits, { wish: 'path', mark: 'p1' }, uriOf);
    return only(edits.render(), 'Contact');
  };
  expect(hide(`<sip:${'a'.repeat(600)}@h>`)).toBe(`<sip:anonymous@${OWN};transport=udp>`);
  const hidden = `<sip:anonymous.${'A'.repeat(60)}@mmtel.test>`;
  expect(hide(hidden)).toBe(hidden);
});

it('reads its mark in its own URIs only', () => {
  expect(hiddenIn(['sip:a@b;lr', 'sip:b;lr;hidden=u12'])).toEqual({ wish: 'user', mark: 'u12' });
  expect(hiddenIn(['sip:hidden@b;lr'])).toBeUndefined();
  expect(hiddenIn([])).toBeUndefined();
});
