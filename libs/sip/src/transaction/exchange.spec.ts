// What is left of the machines where nothing is lost between the two sides: time-outs, CANCEL, and every 2xx to an INVITE.
import type { SipMessage } from '../message/message.js';
import { parseMessage } from '../message/parse-message.js';
import {
  requestText,
  responseText,
  ScriptedNetwork,
  startLine,
  PeerFlow,
} from '../testing/scripted-network.js';
import type { JoinedFlow } from '../transport/transport.port.js';
import { Exchange } from './exchange.js';
import { DEFAULT_TIMING } from './transaction.js';

const message = (text: string): SipMessage => {
  const parsed = parseMessage(text);
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.message;
};

const INVITE = requestText('INVITE', { headers: ['Max-Forwards: 70'] });
const MESSAGE = requestText('MESSAGE');

const flow = (): PeerFlow & JoinedFlow => {
  const peer = new PeerFlow('tcp', '10.0.0.2', 5054, 'core', 1);
  return Object.assign(peer, { joined: true, sendWithin: (text: string) => peer.send(text) });
};

/** An exchange that has been sent; `take` hands it to who is to answer. */
const begin = (text: string, there = flow()) => {
  const net = new ScriptedNetwork();
  const told: string[] = [];
  const ended: unknown[] = [];
  const user = {
    boundToFlow: false,
    response: ({ status }: SipMessage) => void told.push(`${status}`),
    failed: (status: number) => void told.push(`failed ${status}`),
  };
  const layer = {
    timers: net.timers,
    timing: DEFAULT_TIMING,
    terminated: (exchange: unknown) => void ended.push(exchange),
  };
  const back = flow();
  const answering = {
    over: 0,
    lost: 0,
    exchangeOver: () => answering.over++,
    responseLost: () => answering.lost++,
  };
  const asked: string[] = [];
  const owner = {
    unanswered: () => (asked.push('unanswered'), false),
    cancel: ({ method }: SipMessage) => void asked.push(method),
  };
  const { method } = message(text);
  const exchange = new Exchange(method, text, there, user, layer);
  exchange.start();
  const take = (): Exchange => exchange.takenBy(owner, back, answering);
  /** As the hub does it: what was sent back arrives. */
  const arrive = (): void => back.sent.splice(0).forEach((sent) => exchange.receive(message(sent)));
  const answer = (status: number): void => {
    exchange.respond(status, responseText(text, status));
    arrive();
  };
  return { net, there, back, told, ended, exchange, take, answer, arrive, answering, asked, user };
};

describe.each([
  ['INVITE', INVITE],
  ['MESSAGE', MESSAGE],
])('an exchange of %s', (method, text) => {
  it('sends the request once, and passes on what is answered', () => {
    const { net, there, told, ended, take, answer, answering } = begin(text);
    take();
    if (method === 'INVITE') answer(180);
    answer(200);
    expect(there.take()).toEqual([startLine(text)]);
    expect(told).toEqual(method === 'INVITE' ? ['180', '200'] : ['200']);
    expect([ended.length, answering.over, net.timers.size]).toEqual([1, 1, 0]);
  });

  it('is over with a failure, without an ACK, whatever else is answered', () => {
    const { net, there, told, ended, exchange, take, answer, answering } = begin(text);
    take();
    answer(486);
    answer(486);
    answer(200);
    expect(told).toEqual(['486']);
    expect(there.sent).toHaveLength(1);
    expect([ended.length, answering.over, net.timers.size, exchange.state]).toEqual([1, 1, 0, 'terminated']);
  });

  it('fails with 503 when it cannot be sent, when the other side leaves, and when an answer cannot be read', () => {
    const closed = flow();
    closed.close();
    expect(begin(text, closed).told).toEqual(['failed 503']);
    const left = begin(text);
    left.take();
    left.exchange.flowClosed();
    left.answer(200);
    expect([left.told, left.answering.over, left.net.timers.size]).toEqual([['failed 503'], 1, 0]);
    const torn = begin(text);
    torn.take();
    torn.exchange.unreadable();
    expect(torn.told).toEqual(['failed 503']);
  });

  it('passes no 100 on, and counts an answer that the other side cannot take', () => {
    const { told, back, take, exchange, answer, answering } = begin(text);
    take();
    answer(100);
    expect(told).toEqual([]);
    back.close();
    exchange.respond(200, responseText(text, 200));
    expect([answering.over, answering.lost]).toEqual([1, 1]);
  });
});

describe('an exchange of INVITE', () => {
  it('passes every 2xx, to whoever takes them then', () => {
    const { told, take, answer, exchange, user } = begin(INVITE);
    take();
    answer(200);
    expect(exchange.state).toBe('accepted');
    const late: number[] = [];
    exchange.handOver({ ...user, response: ({ status }) => void late.push(status) });
    for (const status of [200, 180, 486, 202]) answer(status);
    expect([told, late]).toEqual([['200'], [200, 202]]);
  });

  it('tells the CANCEL at once, and only once', () => {
    const { there, exchange, take } = begin(INVITE);
    take();
    exchange.cancel('SIP;cause=200');
    exchange.cancel('again');
    expect(there.take().map((line) => line.split(' ')[0])).toEqual(['INVITE', 'CANCEL']);
  });

  it('sends no CANCEL after the answer', () => {
    const { there, exchange, take, answer } = begin(INVITE);
    take();
    answer(200);
    exchange.cancel('');
    expect(there.sent).toHaveLength(1);
  });

  it('gives up 64 × T1 after a CANCEL without an answer: the owner is asked to end', () => {
    const { net, told, exchange, take, asked } = begin(INVITE);
    take();
    exchange.cancel('');
    net.advance(31_900);
    expect(told).toEqual([]);
    net.advance(200);
    expect([told, asked]).toEqual([['failed 408'], ['unanswered']]);
  });

  it('is cancelled by timer C, which each provisional sets anew, and then a 487 is 408 (§16.8)', () => {
    const { net, there, told, take, answer } = begin(INVITE);
    take();
    net.advance(170_000);
    answer(180);
    net.advance(170_000);
    expect(there.sent).toHaveLength(1);
    net.advance(10_100);
    expect(there.sent).toHaveLength(2);
    answer(487);
    expect(told).toEqual(['180', 'failed 408']);
  });
});

describe('an exchange of another method', () => {
  it('gives up after 64 × T1 (timer F), and what is answered then is for nobody', () => {
    const { net, back, told, take, exchange, answering } = begin(MESSAGE);
    take();
    net.advance(32_100);
    expect([told, answering.over]).toEqual([['failed 408'], 1]);
    exchange.respond(200, responseText(MESSAGE, 200));
    expect(back.sent).toEqual([]);
  });

  it('does not send a 408 (RFC 4320 §4.2), and is not cancelled', () => {
    const { there, told, take, answer, exchange, answering } = begin(MESSAGE);
    take();
    exchange.cancel('');
    expect(there.sent).toHaveLength(1);
    answer(408);
    expect([told, answering.over]).toEqual([[], 1]);
  });
});
