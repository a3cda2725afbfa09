// The control port of applications, by an application that says anything: whatever comes, however it is cut, nothing throws, what
// it is told can be framed and named, and what leaves for the network is SIP. Applications are not trusted with the wire.
import { createDrachtioServer, frame, Framer } from '#libs/drachtio';
import { type Endpoint, H, ownRequest, parseMessage, type ServerTransaction } from '#libs/sip';
import { createFakeClock, createSeededRandom } from '#libs/testkit';
import { must, mustEqual, type Target } from '../target.js';

const INVITE = 'INVITE sip:a@ims.test SIP/2.0\r\nVia: SIP/2.0/TCP a;branch=z9hG4bK1\r\nRecord-Route: <sip:r;lr>\r\nFrom: <sip:a>;tag=1\r\nTo: <sip:b>\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\nContact: <sip:a>\r\nContent-Length: 0\r\n\r\n'; // prettier-ignore
const ACK = INVITE.replaceAll('INVITE', 'ACK').replace('To: <sip:b>', 'To: <sip:b>;tag=t');
const AUTHENTICATE = 'a|authenticate||demo';
const say = (...messages: readonly string[]): string => [AUTHENTICATE, 'b|route|invite', ...messages].map(frame).join(''); // prettier-ignore
const answer = (status: number, more = ''): string => `c|sip|TX|\r\nSIP/2.0 ${status} X\r\n${more}\r\n`;

type Seen = Readonly<{ told: readonly string[]; sent: readonly string[] }>;

const run = (pieces: readonly string[]): Seen => {
  const clock = createFakeClock();
  const told: string[] = [];
  const sent: string[] = [];
  const parsed = parseMessage(INVITE);
  if (!parsed.ok) throw new Error(parsed.reason);
  const out = (text: string): void => {
    const via = ownRequest(text).renderWithVia('SIP/2.0/TCP us;branch=z9hG4bK2');
    must(parseMessage(via).ok, 'what leaves is SIP', text);
    sent.push(text);
  };
  const endpoint = {
    request(text: string) {
      out(text);
      return { cancel: () => undefined };
    },
    sendStateless: (edits: { render(): string }) => void sent.push(edits.render()),
    proxy: () => ({ fork: () => undefined, seal: () => undefined, branches: [] }),
  } as unknown as Endpoint;
  const tx = {
    request: parsed.message,
    flow: { transport: 'tcp', remoteAddress: '10.0.0.1', remotePort: 5060 },
    answered: false,
    toTag: 't',
    render: (status: number, reason = 'X', headers = '', body = '') =>
      `SIP/2.0 ${status} ${reason}\r\nVia: SIP/2.0/TCP a\r\nFrom: <sip:a>;tag=1\r\nTo: <sip:b>;tag=t\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\n${headers}Content-Length: ${body.length}\r\n\r\n${body}`,
    forward(status: number, text: string) {
      tx.answered ||= status >= 200;
      must(parseMessage(text).ok, 'an answer is SIP', text);
      sent.push(text);
    },
    reply: (status: number) => void (tx.answered ||= status >= 200),
    onCancel: undefined,
  };
  let count = 0;
  const random = { ...createSeededRandom(1), token: () => `T${++count}` };
  const server = createDrachtioServer(
    { clock, random, count: () => undefined, endpoint: () => endpoint },
    {
      homeDomain: 'ims.test',
      ownHosts: new Set(['drachtio.ims.test']),
      address: { host: '10.0.0.2', port: 5056, hostPort: '10.0.0.2:5056' },
      listener: 'drachtio',
      hostports: 'tcp/10.0.0.2:5056',
      secret: '',
    },
  );
  const framer = new Framer({
    message(message) {
      must(/^[^|]+\|(sip|response)\|/.test(message), 'what is told has an id and a type', message);
      told.push(message);
    },
    failed: (fault) => must(false, 'what is told can be framed', fault),
  });
  const application = server.connected({
    send: (text) => framer.push(text),
    close: () => void told.push('closed'),
  });
  for (const piece of pieces) {
    application.receive(piece);
    if (server.attached > 0 && !tx.answered && sent.length === 0 && told.length === 2)
      server.request(tx as unknown as ServerTransaction);
  }
  const ack = parseMessage(ACK);
  if (ack.ok) server.ack(ack.message, tx.flow as never);
  application.closed();
  clock.advance(64_000);
  mustEqual('nothing of it stays', server.dialogs, 0);
  return { told, sent };
};

/** The transaction id that the server gives the one request: known, as randomness is counted here. */
const TX = 'T3';

export const drachtioTarget = (): Target => ({
  name: 'drachtio',
  seeds: [
    say(answer(180), answer(200, 'Contact: <sip:x@localhost>;audio\r\n')),
    say(answer(183, 'Require: 100rel\r\n'), answer(486)),
    say('d|sip||\r\nINVITE sip:b@ims.test SIP/2.0\r\nfrom: sip:a@localhost\r\nroute: <sip:d@drachtio.ims.test;lr>,<sip:r;lr>\r\n\r\nv=0\r\n', 'e|ping'), // prettier-ignore
    say(answer(200), 'f|sip||1;from-tag=1\r\nBYE sip:placeholder SIP/2.0\r\nCSeq: 9 BYE\r\n\r\n', 'g|sip||1;from-tag=1\r\nACK sip:placeholder SIP/2.0\r\n\r\n'), // prettier-ignore
    say('h|proxy|TX|remainInDialog|fullResponse||serial|2s||sip:b@ims.test|sip:c\r\nINVITE sip:b SIP/2.0\r\nX: y\r\n\r\n', 'i|remove_route|invite', 'j|sip|TX|\r\nCANCEL sip:b SIP/2.0\r\n\r\n'), // prettier-ignore
  ],
  tokens: ['|', '\r\n', '\r\n\r\n', '#', 'sip', 'TX', 'To: <sip:b>;tag=q\r\n', 'm: <sip:a>\r\n', 'Via: x\r\n', ': ', '\0', '\n', 'CSeq: 1 BYE\r\n'], // prettier-ignore
  run(input) {
    const text = input.replaceAll('TX', TX);
    const half = Math.floor(text.length / 2);
    const whole = run([frame(AUTHENTICATE), frame('b|route|invite'), text]);
    const cut = run([frame(AUTHENTICATE), frame('b|route|invite'), text.slice(0, half), text.slice(half)]);
    mustEqual('the same however it is cut', cut.sent, whole.sent);
    const first = (of: readonly string[], at: number): string =>
      of.map((one) => one.split(/[|\s]/, at + 1)[at]).join();
    return `${first(whole.told, 3).slice(0, 60)} ${whole.sent
      .map((one) => one.slice(0, 11))
      .join()
      .slice(0, 60)} ${parsedHeaders(whole.sent)}`;
  },
});

const parsedHeaders = (sent: readonly string[]): number =>
  sent.filter((text) => {
    const parsed = parseMessage(text);
    return parsed.ok && parsed.message.has(H.Contact);
  }).length;
