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
    counters: { responsesLost: 0 },
    exchangeOver: () => answering.over++,
  };
  const asked: string[] = [];
  const owner = {
    unanswered: (): boolean => (asked.push('unanswered'), false),
    cancel: ({ method }: SipMessage) => void asked.push(method),
  };
  const { method } = message(text);
  const exchange = new Exchange('token', method, text, there, user, layer);
  exchange.start();
  const take = (): Exchange => exchange.takenBy(owner, back, answering);
  /** As the hub does it: what was sent back arrives. */
  const arrive = (): void => back.sent.splice(0).forEach((sent) => exchange.receive(message(sent)));
  const answer = (status: number): void => {
    exchange.respond(status, responseText(text, status));
    arrive();
  };
  return { net, there, back, told, ended, exchange, take, answer, arrive, answering, asked, user, owner };
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
    expect([left.told, left.answering.over, left.net.timers.size]).toEqual([['failed 503'], 1, 0]);
    left.answer(200);
    expect([left.told, left.answering.over]).toEqual([['failed 503'], 1]);
    const torn = begin(text);
    torn.exchange.broken();
    torn.exchange.broken();
    expect([torn.told, torn.answering.over]).toEqual([['failed 503'], 0]); // nobody had taken it
  });

  it('fails when its final answer finds no room', async () => {
    const { told, back, take, exchange, answering } = begin(text);
    take();
    back.close();
    exchange.respond(486, responseText(text, 486));
    expect(told).toEqual([]);
    await Promise.resolve();
    expect([told, answering.over, answering.counters.responsesLost]).toEqual([['failed 503'], 1, 1]);
  });

  it('passes no 100 on, and counts an answer that the other side cannot take', () => {
    const { told, back, take, exchange, answer, answering } = begin(text);
    take();
    answer(100);
    expect(told).toEqual([]);
    back.close();
    exchange.respond(200, responseText(text, 200));
    expect([answering.over, answering.counters.responsesLost]).toEqual([1, 1]);
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

  it('tells a CANCEL that found no room again, and gives up in the end', () => {
    const { net, there, told, exchange, take } = begin(INVITE);
    take();
    const { sendWithin } = there;
    let tries = 0;
    there.sendWithin = () => (tries++, false);
    exchange.cancel('');
    net.advance(1_100);
    expect(tries).toBe(3);
    there.sendWithin = sendWithin;
    net.advance(500);
    expect(there.take().map((line) => line.split(' ')[0])).toEqual(['INVITE', 'CANCEL']);
    net.advance(31_000);
    expect(told).toEqual([]);
    net.advance(1_100);
    expect(told).toEqual(['failed 408']);
    const never = begin(INVITE);
    never.take();
    never.there.sendWithin = () => false;
    never.exchange.cancel('');
    never.net.advance(66_000);
    expect([never.told, never.net.timers.size]).toEqual([['failed 408'], 0]);
  });

  it('sends no CANCEL after the answer', () => {
    const { there, exchange, take, answer } = begin(INVITE);
    take();
    answer(200);
    exchange.cancel('');
    expect(there.sent).toHaveLength(1);
  });

  it('gives up 64 × T1 after a CANCEL without an answer: the owner is asked to end', () => {
    const { net, told, exchange, take, asked, answer } = begin(INVITE);
    take();
    exchange.cancel('');
    net.advance(20_000);
    answer(180); // changes nothing
    expect(told.splice(0)).toEqual(['180']);
    net.advance(11_900);
    expect(told).toEqual([]);
    net.advance(200);
    expect([told, asked]).toEqual([['failed 408'], ['unanswered']]);
  });

  it('passes what comes after a CANCEL: 2xx, or the 487 that was asked for', () => {
    for (const status of [200, 487]) {
      const { told, exchange, take, answer } = begin(INVITE);
      take();
      exchange.cancel('');
      answer(status);
      expect(told).toEqual([`${status}`]);
    }
  });

  it('lets who is still at work on it end by itself', () => {
    const { told, exchange, take, answering, owner } = begin(INVITE);
    owner.unanswered = () => true;
    take();
    exchange.flowClosed();
    expect([told, answering.over]).toEqual([['failed 503'], 0]);
    exchange.respond(487, responseText(INVITE, 487));
    expect(answering.over).toBe(1);
  });

  const GUARD_MS = 180_000 + 32_000 + 4_000;

  it('is ended 36 s after timer C, which each provisional sets anew, by who has lost it', () => {
    const { net, told, take, answer, exchange, owner, arrive } = begin(INVITE);
    owner.unanswered = () => (exchange.respond(500, responseText(INVITE, 500)), false);
    take();
    net.advance(GUARD_MS - 100);
    answer(180);
    net.advance(GUARD_MS - 100);
    arrive();
    expect(told).toEqual(['180']);
    net.advance(200);
    arrive();
    expect(told).toEqual(['180', '500']);
  });

  it('is cancelled then when it is still being worked on, and a 487 is 408 (§16.8)', () => {
    const { net, there, told, take, answer, owner } = begin(INVITE);
    owner.unanswered = () => true;
    take();
    net.advance(GUARD_MS + 100);
    expect(there.take().map((line) => line.split(' ')[0])).toEqual(['INVITE', 'CANCEL']);
    answer(487);
    expect(told).toEqual(['failed 408']);
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
