// Matching, answering, admission, failover and own requests of the engine.
import { createEndpoint } from './endpoint.js';
import type { EndpointOptions, SipEndpoint } from './endpoint.options.js';
import { Edits } from '../message/edits.js';
import type { EndpointUser, NextHop, ServerTransaction } from './endpoint.port.js';
import type { SipMessage } from '../message/message.js';
import { parseMessage } from '../message/parse-message.js';
import {
  headerOf,
  headersOf,
  requestText,
  responseText,
  ScriptedNetwork,
  startLine,
  PeerFlow,
} from '../testing/scripted-network.js';
import type { Target } from '../transport/transport.port.js';

const CORE: Target = { transport: 'tcp', address: '10.0.0.2', port: 5054 };
const TO_CORE: NextHop = { kind: 'target', target: CORE, listener: 'core' };

/** One endpoint whose user forwards everything to `core` over TCP, unless the test says otherwise. */
const world = (
  user: Partial<EndpointUser> = {},
  options: Partial<EndpointOptions> = {},
  hop: NextHop = TO_CORE,
) => {
  const net = new ScriptedNetwork();
  const core = net.peer('tcp', 5054, '10.0.0.2');
  const phone = net.peer('udp', 5070);
  const completed: number[] = [];
  const forward = (tx: ServerTransaction): void => {
    const context = endpoint.proxy(tx, { completed: (status) => void completed.push(status) });
    context.fork(new Edits(tx.request), hop, undefined);
  };
  const endpoint: SipEndpoint = createEndpoint({
    name: 'core',
    random: net.random,
    timers: net.timers,
    transports: net,
    resolver: net,
    user: {
      request: forward,
      ack: (ack) => endpoint.sendStateless(new Edits(ack), hop),
      ...user,
    },
    ...options,
  });
  net.receiver = endpoint;
  const over = (): void => {
    net.drain(400_000);
    expect(endpoint.transactionCount).toBe(0);
    expect(net.timers.size).toBe(0);
  };
  return { net, endpoint, core, phone, completed, over };
};

const answerWith = (status: number, headers?: string) => ({
  request: (tx: ServerTransaction): void => tx.reply(status, undefined, headers),
});
const methods = (flow: PeerFlow): string[] => flow.sent.map((text) => text.slice(0, text.indexOf(' ')));
const branchOf = (text: string): string => /branch=([^;\r]+)/.exec(text)?.[1] ?? '';

it('forwards an INVITE with its call: 100, 180, 200, ACK, BYE', () => {
  const { net, endpoint, core, phone } = world();
  net.receive(phone, requestText('INVITE'));
  expect(phone.take()).toEqual(['SIP/2.0 100 Trying']);

  const invite = core.last;
  expect(headersOf(invite, 'Via')).toEqual([
    expect.stringMatching(/^SIP\/2\.0\/TCP proxy\.test:5060;branch=z9hG4bK[0-9a-z]{25,}$/),
    'SIP/2.0/UDP 10.0.0.9:5070;branch=z9hG4bKclient1',
  ]);
  expect(headerOf(invite, 'Max-Forwards')).toBe('69');
  expect(headerOf(invite, 'Max-Breadth')).toBe('60');

  net.receive(core, responseText(invite, 180));
  net.receive(core, responseText(invite, 200));
  expect(headersOf(phone.last, 'Via')).toEqual(['SIP/2.0/UDP 10.0.0.9:5070;branch=z9hG4bKclient1']);
  expect(phone.take()).toEqual(['SIP/2.0 180 Whatever', 'SIP/2.0 200 Whatever']);

  net.receive(phone, requestText('ACK', { branch: 'z9hG4bKclient2', toTag: 'bob1' }));
  net.receive(phone, requestText('BYE', { branch: 'z9hG4bKclient3', toTag: 'bob1', cseq: 2 }));
  net.receive(core, responseText(core.last, 200));
  expect(core.take().map((line) => line.split(' ')[0])).toEqual(['INVITE', 'ACK', 'BYE']);
  expect(phone.take()).toEqual(['SIP/2.0 200 Whatever']);

  net.drain(40_000);
  expect(endpoint.transactionCount).toBe(0);
  expect(net.timers.size).toBe(0);
});

describe('answers', () => {
  it('copy what they must and carry one To tag', () => {
    const { net, phone } = world({
      request: (tx) => {
        tx.reply(180);
        tx.reply(200, 'Fine', 'Contact: <sip:me.test>\r\n', 'body');
        tx.reply(500);
      },
    });
    const vias = 'SIP/2.0/UDP 10.0.0.9:5070;branch=z9hG4bKx;rport , SIP/2.0/UDP other.test;branch=z9hG4bKy';
    net.receive(
      phone,
      requestText('INVITE', { via: vias, headers: ['Timestamp: 54', 'v: SIP/2.0/TCP third.test'] }),
    );
    const [trying, ringing, ok] = phone.sent;
    expect(phone.take()).toEqual(['SIP/2.0 100 Trying', 'SIP/2.0 180 Ringing', 'SIP/2.0 200 Fine']);
    expect(headerOf(trying!, 'To')).toBe('<sip:bob@ims.test>');
    expect(headerOf(trying!, 'Timestamp')).toBe('54');
    expect(headerOf(ringing!, 'To')).toMatch(/^<sip:bob@ims\.test>;tag=\w{10}$/);
    expect(headerOf(ok!, 'To')).toBe(headerOf(ringing!, 'To'));
    expect(ok!.split('\r\n')).toEqual([
      'SIP/2.0 200 Fine',
      'Via: SIP/2.0/UDP 10.0.0.9:5070;branch=z9hG4bKx;rport=5070;received=10.0.0.9, SIP/2.0/UDP other.test;branch=z9hG4bKy',
      'Via: SIP/2.0/TCP third.test',
      'From: <sip:alice@ims.test>;tag=alice1',
      headerOf(ok!, 'To') === undefined ? '' : `To: ${headerOf(ok!, 'To')}`,
      'Call-ID: call-1',
      'CSeq: 1 INVITE',
      'Contact: <sip:me.test>',
      'Content-Length: 4',
      '',
      'body',
    ]);
  });

  it('keep the To tag of a request in a dialog', () => {
    const { net, phone } = world(answerWith(481));
    net.receive(phone, requestText('BYE', { toTag: 'bob1' }));
    expect(headerOf(phone.last, 'To')).toBe('<sip:bob@ims.test>;tag=bob1');
  });

  it.each([
    ['SIP/2.0/UDP 10.0.0.9:5070;branch=z9hG4bK1', 5_070, '10.0.0.9'],
    ['SIP/2.0/UDP 10.0.0.9:5099;branch=z9hG4bK1', 5_099, '10.0.0.9'],
    ['SIP/2.0/UDP 10.0.0.9;branch=z9hG4bK1', 5_060, '10.0.0.9'],
    ['SIP/2.0/UDP 192.168.1.2:5099;rport;branch=z9hG4bK1', 5_070, '10.0.0.9'],
    ['SIP/2.0/UDP 192.168.1.2:5099;branch=z9hG4bK1', 5_099, '10.0.0.9'],
    ['SIP/2.0/UDP 10.0.0.9:5070;maddr=239.1.2.3;branch=z9hG4bK1', 5_070, '10.0.0.9'],
    ['SIP/2.0/UDP 10.0.0.9:5070;maddr=10.0.0.66;branch=z9hG4bK1', 5_070, '10.0.0.9'],
  ])('to %s go to port %d of %s (§18.2.2, RFC 3581)', (via, port, address) => {
    const { net, phone } = world(answerWith(404));
    net.receive(phone, requestText('OPTIONS', { via }));
    expect(net.peer('udp', port, address).take()).toEqual(['SIP/2.0 404 Not Found']);
  });

  it('say where a request came from when its Via does not', () => {
    const { net, phone, core } = world();
    net.receive(
      phone,
      requestText('OPTIONS', { via: 'SIP/2.0/UDP pc.alice.test:5070;received=1.2.3.4;branch=z9hG4bK1' }),
    );
    expect(headersOf(core.last, 'Via')[1]).toBe(
      'SIP/2.0/UDP pc.alice.test:5070;branch=z9hG4bK1;received=10.0.0.9',
    );
  });

  it('take a new connection to the peer when the one of the request is lost; never to a WebSocket client', () => {
    let pending: ServerTransaction | undefined;
    const { net, endpoint } = world({ request: (tx) => void (pending = tx) });
    const lost = net.peer('tcp', 40_000);
    net.receive(lost, requestText('OPTIONS', { via: 'SIP/2.0/TCP 10.0.0.9:5071;branch=z9hG4bK1' }));
    net.lose(lost);
    pending!.reply(200);
    expect(net.peer('tcp', 5_071).take()).toEqual(['SIP/2.0 200 OK']);

    const web = net.peer('ws', 40_001);
    net.receive(web, requestText('OPTIONS', { via: 'SIP/2.0/WS abc.invalid;branch=z9hG4bK2' }));
    net.lose(web);
    pending!.reply(200);
    expect(endpoint.counters.responsesLost).toBe(1);
  });
});

describe('matching (§17.2.3)', () => {
  it('absorbs retransmissions while the answer is pending, and replays it after', () => {
    const asked: ServerTransaction[] = [];
    const { net, phone, endpoint } = world({ request: (tx) => void asked.push(tx) });
    const register = requestText('REGISTER');
    net.receive(phone, register);
    net.receive(phone, register);
    expect(asked).toHaveLength(1);
    expect(phone.sent).toEqual([]);
    asked[0]!.reply(200);
    net.receive(phone, register);
    expect(phone.take()).toEqual(['SIP/2.0 200 OK', 'SIP/2.0 200 OK']);
    expect(endpoint.counters.retransmissions).toBe(2);
  });

  it('replays the answer to a non-INVITE over UDP until timer J, over TCP not at all (figure 8)', () => {
    const asked: ServerTransaction[] = [];
    const { net, phone, endpoint } = world({
      request: (tx) => {
        asked.push(tx);
        tx.reply(200);
      },
    });
    const message = requestText('MESSAGE');
    net.receive(phone, message);
    net.advance(31_990);
    net.receive(phone, message);
    expect(asked).toHaveLength(1);
    expect(phone.sent[1]).toBe(phone.sent[0]);
    net.advance(20);
    net.receive(phone, message);
    expect(asked).toHaveLength(2);
    const stream = net.peer('tcp', 5090);
    net.receive(stream, requestText('MESSAGE', { branch: 'z9hG4bKtcp' }));
    net.receive(stream, requestText('MESSAGE', { branch: 'z9hG4bKtcp' }));
    expect(asked).toHaveLength(4);
    expect(endpoint.transactionCount).toBe(0);
  });

  it('gives an answer again only to the address and by the listener that it went to', () => {
    const asked: ServerTransaction[] = [];
    const { net, phone } = world({
      request: (tx) => {
        asked.push(tx);
        tx.reply(200);
      },
    });
    const message = requestText('MESSAGE');
    net.receive(phone, message);
    // Whoever was sent the request knows its branch and sent-by.
    const other = new PeerFlow('udp', '10.0.0.66', 5080, phone.listener, 0);
    net.receive(other, message);
    expect(asked).toHaveLength(2);
    const elsewhere = new PeerFlow('udp', phone.remoteAddress, phone.remotePort, 'trusted', 0);
    net.receive(elsewhere, message);
    expect(asked).toHaveLength(3);
    const rebound = new PeerFlow('udp', phone.remoteAddress, 40_001, phone.listener, 0);
    net.receive(rebound, message);
    expect(asked).toHaveLength(3);
  });

  it('tells transactions apart by branch, sent-by and method', () => {
    const asked: string[] = [];
    const { net, phone } = world({ request: (tx) => void asked.push(tx.request.method) });
    net.receive(phone, requestText('OPTIONS'));
    net.receive(phone, requestText('MESSAGE'));
    net.receive(phone, requestText('OPTIONS', { branch: 'z9hG4bKother' }));
    net.receive(phone, requestText('OPTIONS', { via: 'SIP/2.0/UDP 10.0.0.9:5071;branch=z9hG4bKclient1' }));
    expect(asked).toEqual(['OPTIONS', 'MESSAGE', 'OPTIONS', 'OPTIONS']);
  });

  it('goes by RFC 2543 for a client without the cookie', () => {
    const asked: number[] = [];
    const acks: string[] = [];
    const { net, phone, over } = world({
      request: (tx) => {
        asked.push(tx.request.cseq);
        tx.reply(486);
      },
      ack: (ack) => void acks.push(ack.raw),
    });
    const via = 'SIP/2.0/UDP 10.0.0.9:5070';
    net.receive(phone, requestText('INVITE', { via }));
    net.receive(phone, requestText('INVITE', { via }));
    net.receive(phone, requestText('ACK', { via, toTag: 'x' }));
    net.receive(phone, requestText('INVITE', { via, cseq: 2 }));
    expect(asked).toEqual([1, 2]);
    expect(acks).toEqual([]);
    over();
  });

  it('gives the user a CANCEL that matches nothing, and an ACK of a 2xx with the branch of its INVITE', () => {
    const acks: string[] = [];
    const { net, phone } = world({
      request: (tx) => tx.reply(tx.request.method === 'CANCEL' ? 481 : 200),
      ack: (ack) => void acks.push(ack.method),
    });
    net.receive(phone, requestText('CANCEL', { branch: 'z9hG4bKnone' }));
    expect(phone.take()).toEqual(['SIP/2.0 481 Call/Transaction Does Not Exist']);
    net.receive(phone, requestText('INVITE'));
    net.receive(phone, requestText('ACK', { toTag: 'x' }));
    expect(acks).toEqual(['ACK']);
  });

  it('takes a CANCEL from where the INVITE came from only, from any port of it (RFC 3261 §22.1)', () => {
    const asked: string[] = [];
    const { net, phone, core } = world({
      request: (tx) => {
        asked.push(tx.request.method);
        if (tx.request.method === 'CANCEL') tx.reply(481);
      },
    });
    net.receive(phone, requestText('INVITE'));
    const stranger = net.peer('udp', 5070, '10.0.0.66');
    net.receive(stranger, requestText('CANCEL'));
    expect(stranger.take()).toEqual(['SIP/2.0 481 Call/Transaction Does Not Exist']);
    const elsewhere = net.peer('udp', 6666);
    net.receive(elsewhere, requestText('CANCEL'));
    expect([...phone.take(), ...elsewhere.take()]).toContain('SIP/2.0 200 OK');
    expect([asked, core.sent]).toEqual([['INVITE', 'CANCEL'], []]);
  });

  it('counts responses that belong to nothing, and drops them', () => {
    const { net, endpoint, core, phone } = world();
    net.receive(phone, requestText('MESSAGE'));
    const forged = core.last.replace(/branch=z9hG4bK\w+/, 'branch=z9hG4bKforged');
    net.receive(core, responseText(forged, 200));
    net.receive(core, responseText(core.last, 200).replace('1 MESSAGE', '1 INVITE'));
    expect(endpoint.counters.strayResponses).toBe(2);
    expect(phone.sent).toEqual([]);
  });

  it('forwards no response after the end of its transaction (RFC 6026 §7.3, §8.2)', () => {
    const { net, endpoint, core, phone } = world();
    net.receive(phone, requestText('INVITE'));
    const ok = responseText(core.last, 200);
    net.receive(core, ok);
    net.drain(40_000);
    phone.take();
    net.receive(core, ok);
    expect(phone.sent).toEqual([]);
    expect(endpoint.counters.strayResponses).toBe(1);
  });

  describe.each(['INVITE', 'MESSAGE'])('an answer to %s', (method) => {
    const OVER_UDP: NextHop = {
      kind: 'target',
      target: { transport: 'udp', address: '10.0.0.2', port: 5054 },
      listener: 'core',
    };

    it('is dropped when it comes in by another listener than the request went out', () => {
      const { net, endpoint, core, phone } = world();
      net.receive(phone, requestText(method));
      phone.take();
      // The client knows the Vias of what it caused, and answers for the core, from outside.
      for (const transport of ['udp', 'tcp'] as const)
        for (const status of [183, 200, 603])
          net.receive(net.peer(transport, 5070, '10.0.0.9', 'outside'), responseText(core.last, status));
      expect(phone.sent).toEqual([]);
      expect(endpoint.counters.misplacedResponses).toBe(6);
      net.receive(core, responseText(core.last, 200));
      expect(phone.take()).toEqual(['SIP/2.0 200 Whatever']);
      expect(endpoint.counters.misplacedResponses).toBe(6);
    });

    it('may come from another address, or by another transport of the same listener', () => {
      const { net, phone } = world({}, {}, OVER_UDP);
      for (const [index, source] of [
        net.peer('udp', 6000, '10.0.0.3'),
        net.peer('tcp', 6000, '10.0.0.3'),
      ].entries()) {
        net.receive(phone, requestText(method, { branch: `z9hG4bKc${index}`, cseq: index + 1 }));
        phone.take();
        net.receive(source, responseText(net.peer('udp', 5054, '10.0.0.2').last, 200));
        expect(phone.take()).toEqual(['SIP/2.0 200 Whatever']);
      }
    });
  });
});

describe('admission (§16.3)', () => {
  it.each([
    ['Max-Forwards: 0', 'OPTIONS', 'SIP/2.0 483 Too Many Hops', undefined],
    ['Max-Forwards: 000', 'MESSAGE', 'SIP/2.0 483 Too Many Hops', undefined],
    ['Proxy-Require: foo, bar', 'MESSAGE', 'SIP/2.0 420 Bad Extension', 'foo, bar'],
  ])('%s', (header, method, expected, unsupported) => {
    const { net, phone, core, endpoint, over } = world();
    net.receive(phone, requestText(method, { headers: [header] }));
    expect(startLine(phone.last)).toBe(expected);
    expect(headerOf(phone.last, 'Unsupported')).toBe(unsupported);
    expect(core.sent).toEqual([]);
    expect(Object.values(endpoint.counters.refused)).toEqual([1]);
    over();
  });

  it('leaves Proxy-Require to a user who says so', () => {
    const { net, phone, core } = world({}, { proxyRequire: ['foo'] });
    net.receive(phone, requestText('MESSAGE', { headers: ['Proxy-Require: Foo'] }));
    expect(methods(core)).toEqual(['MESSAGE']);
  });

  it('adds Max-Forwards where it is missing, and keeps it within a network function', () => {
    const { net, phone, core } = world();
    net.receive(phone, requestText('MESSAGE', { headers: [] }));
    expect(headersOf(core.last, 'Max-Forwards')).toEqual(['70']);
    const inner = world({
      request: (tx) =>
        void inner.endpoint
          .proxy(tx, {})
          .fork(new Edits(tx.request), TO_CORE, undefined, { lowerMaxForwards: false }),
    });
    inner.net.receive(inner.phone, requestText('MESSAGE', { headers: ['Max-Forwards: 7'] }));
    expect(headersOf(inner.core.last, 'Max-Forwards')).toEqual(['7']);
  });

  it('finds a loop, and lets a spiral pass (RFC 5393 §4)', () => {
    const { net, phone, core, over } = world();
    net.receive(phone, requestText('INVITE', { uri: 'sip:bob@ims.test' }));
    const out = core.last;
    const via = `SIP/2.0/TCP 10.0.0.2:5054;branch=z9hG4bKcore1\r\nVia: `;
    net.receive(core, out.replace('Via: ', `Via: ${via}`));
    expect(startLine(core.last)).toBe('SIP/2.0 482 Loop Detected');

    core.sent.length = 0;
    const spiral = out
      .replace('sip:bob@ims.test', 'sip:bob@10.0.0.7')
      .replace('Via: ', `Via: ${via.replace('core1', 'core2')}`);
    net.receive(core, spiral);
    expect(methods(core)).toEqual(['INVITE']);
    over();
  });

  it.each([
    [
      'MESSAGE sip:bob@ims.test SIP/2.0',
      'MESSAGE sip:bob@ims.test SIP/3.0',
      'SIP/2.0 505 Version Not Supported',
    ],
    ['CSeq: 1 MESSAGE', 'CSeq: x MESSAGE', 'SIP/2.0 400 Bad Request'],
    ['Content-Length: 0', 'Content-Length: 99', 'SIP/2.0 400 Bad Request'],
  ])('answers what is malformed: %s → %s', (good, bad, expected) => {
    const reasons: string[] = [];
    const { net, phone, endpoint } = world({ malformed: (reason) => void reasons.push(reason) });
    net.receive(phone, requestText('MESSAGE').replace(good, bad));
    expect(phone.take()).toEqual([expected]);
    net.receive(phone, requestText('ACK').replace('CSeq: 1 ACK', 'CSeq: x ACK'));
    net.receive(phone, 'garbage\r\n\r\n');
    net.receive(phone, requestText('MESSAGE', { via: 'SIP/2.0/UDP ;branch=z9hG4bKz' }));
    net.receive(phone, responseText(requestText('MESSAGE'), 200).replace('1 MESSAGE', 'x MESSAGE'));
    expect(phone.take()).toEqual([]);
    expect(reasons).toHaveLength(5);
    expect(endpoint.counters.malformed).toBe(5);
  });

  it('answers what lacks From, To or Call-ID without them, and nothing that no answer would find', () => {
    const { net, phone } = world();
    const whole = requestText('MESSAGE');
    const without = (...names: readonly string[]): string =>
      names.reduce((text, name) => text.replace(new RegExp(`^${name}: .*\\r\\n`, 'm'), ''), whole);
    net.receive(phone, without('From', 'To', 'Call-ID'));
    const via = headerOf(whole, 'Via') ?? '';
    expect(phone.last).toBe(
      `SIP/2.0 400 Bad Request\r\nVia: ${via}\r\nCSeq: 1 MESSAGE\r\nContent-Length: 0\r\n\r\n`,
    );
    phone.take();
    net.receive(phone, without('Call-ID'));
    expect(headerOf(phone.last, 'From')).toBe(headerOf(whole, 'From'));
    expect(headerOf(phone.last, 'To')).toMatch(/;tag=\w+$/);
    expect(phone.last).not.toContain('Call-ID');
    phone.take();
    net.receive(phone, without('To', 'CSeq'));
    net.receive(phone, without('To', 'Via'));
    net.receive(phone, without('To').replaceAll('MESSAGE', 'ACK'));
    expect(phone.take()).toEqual([]);
  });

  it('refuses new work at TRANSACTIONS_MAX, and ends the ACK of what it refused', () => {
    const acks: string[] = [];
    const { net, phone, endpoint, over } = world(
      { request: () => undefined, ack: (ack) => void acks.push(ack.method) },
      { limits: { transactionsMax: 1, branchesMax: 10 } },
    );
    net.receive(phone, requestText('INVITE'));
    phone.take();
    net.receive(phone, requestText('INVITE', { branch: 'z9hG4bKtwo', callId: 'two' }));
    expect(startLine(phone.last)).toBe('SIP/2.0 503 Service Unavailable');
    expect(headerOf(phone.last, 'Retry-After')).toMatch(/^\d+$/);
    const tag = /tag=(\w+)/.exec(headerOf(phone.last, 'To') ?? '')?.[1] ?? '';
    net.receive(phone, requestText('ACK', { branch: 'z9hG4bKtwo', callId: 'two', toTag: tag }));
    expect(acks).toEqual([]);
    net.receive(phone, requestText('CANCEL'));
    expect(startLine(phone.last)).toBe('SIP/2.0 200 OK');
    expect(endpoint.counters.overload).toBe(1);
    over();
  });

  it('refuses what is not admitted; ACK, CANCEL, retransmissions and answers are not asked about', () => {
    const asked: string[] = [];
    let isTaken = true;
    const { net, phone, core, over } = world({}, { admits: ({ method }) => (asked.push(method), isTaken) });
    net.receive(phone, requestText('INVITE'));
    isTaken = false;
    net.receive(phone, requestText('INVITE'));
    net.receive(core, responseText(core.last, 180));
    net.receive(phone, requestText('CANCEL'));
    net.receive(core, responseText(core.last.replace('CANCEL', 'INVITE'), 487));
    net.receive(phone, requestText('ACK'));
    expect(asked).toEqual(['INVITE']);
    net.receive(phone, requestText('MESSAGE', { branch: 'z9hG4bKtwo' }));
    expect(asked).toEqual(['INVITE', 'MESSAGE']);
    expect(startLine(phone.last)).toBe('SIP/2.0 503 Service Unavailable');
    expect(headerOf(phone.last, 'Retry-After')).toMatch(/^\d+$/);
    over();
  });

  it('forgets the oldest answers where their bytes are bounded, and holds no transaction for any', () => {
    const { net, phone, endpoint } = world(answerWith(200), { limits: { replayBytesMax: 1_024 } });
    const messages = ['a', 'b', 'c', 'd', 'e'].map((branch) =>
      requestText('MESSAGE', { branch: `z9hG4bK${branch}` }),
    );
    for (const message of messages) net.receive(phone, message);
    expect(endpoint.transactionCount).toBe(0);
    net.receive(phone, messages[4]!);
    expect(endpoint.counters.retransmissions).toBe(1);
    net.receive(phone, messages[0]!);
    expect(endpoint.counters.retransmissions).toBe(1);
  });

  it('drains: no new dialogs, but those that are go on', () => {
    const { net, phone, core, endpoint } = world();
    net.receive(phone, requestText('INVITE', { branch: 'z9hG4bKbefore' }));
    expect(endpoint.pendingCount).toBe(2);
    endpoint.drain();
    net.receive(core, responseText(core.last, 200));
    expect(endpoint.pendingCount).toBe(0);
    net.receive(phone, requestText('BYE', { branch: 'z9hG4bKbye', toTag: 'bob1', cseq: 2 }));
    net.receive(phone, requestText('INVITE', { branch: 'z9hG4bKafter', callId: 'after' }));
    expect(methods(core)).toEqual(['INVITE', 'BYE']);
    expect(startLine(phone.last)).toBe('SIP/2.0 503 Service Unavailable');
  });

  it('lets in whom its user names while it drains, and all again after it', () => {
    const { net, phone, core, endpoint } = world();
    const seen: unknown[] = [];
    endpoint.drain((request, flow) => {
      seen.push(flow?.transport);
      return request.method === 'MESSAGE';
    });
    net.receive(phone, requestText('MESSAGE', { branch: 'z9hG4bKlet', callId: 'let' }));
    net.receive(phone, requestText('INVITE', { branch: 'z9hG4bKnot', callId: 'not' }));
    expect(methods(core)).toEqual(['MESSAGE']);
    expect(startLine(phone.last)).toBe('SIP/2.0 503 Service Unavailable');
    expect(seen).toEqual(['udp', 'udp']);
    endpoint.undrain();
    net.receive(phone, requestText('INVITE', { branch: 'z9hG4bKback', callId: 'back' }));
    expect(methods(core)).toEqual(['MESSAGE', 'INVITE']);
  });

  it('answers 500 when its user throws', () => {
    const { net, phone, endpoint, over } = world({
      request: () => {
        throw new Error('a defect');
      },
    });
    net.receive(phone, requestText('MESSAGE'));
    expect(phone.take()).toEqual(['SIP/2.0 500 Server Internal Error']);
    expect(endpoint.counters.defects).toBe(1);
    over();
  });

  it('answers 500 when its user forgets an INVITE', () => {
    const { net, phone, over } = world({ request: () => undefined });
    net.receive(phone, requestText('INVITE'));
    net.advance(180_100);
    expect(phone.take()).toEqual(['SIP/2.0 100 Trying', 'SIP/2.0 500 Server Internal Error']);
    over();
  });
});

describe('ACK of a 2xx', () => {
  it('goes out with the same branch each time, Max-Forwards lowered, none at 0', () => {
    const { net, phone, core } = world();
    const ack = requestText('ACK', { branch: 'z9hG4bKack', toTag: 'bob1' });
    net.receive(phone, ack);
    net.receive(phone, ack);
    net.receive(phone, requestText('ACK', { branch: 'z9hG4bKack2', toTag: 'bob1' }));
    const [first, second, other] = core.sent;
    expect(branchOf(first!)).toBe(branchOf(second!));
    expect(branchOf(other!)).not.toBe(branchOf(first!));
    expect(branchOf(first!)).toMatch(/^z9hG4bK/);
    expect(headerOf(first!, 'Max-Forwards')).toBe('69');
    net.receive(
      phone,
      requestText('ACK', { branch: 'z9hG4bKack3', toTag: 'bob1', headers: ['Max-Forwards: 0'] }),
    );
    expect(core.sent).toHaveLength(3);
  });
});

describe('failover (RFC 3263 §4.3)', () => {
  const TARGETS: readonly Target[] = [1, 2, 3, 4, 5, 6, 7].map((last) => ({
    transport: 'udp',
    address: `10.9.0.${last}`,
    port: 5_060,
  }));
  const TO_NAME: NextHop = { kind: 'uri', uri: 'sip:many.test', listener: 'core' };
  const flows = (net: ScriptedNetwork): PeerFlow[] =>
    TARGETS.map(({ address }) => net.peer('udp', 5_060, address));
  const named = (method: string, targets: readonly Target[] | Promise<readonly Target[]> = TARGETS) => {
    const w = world({}, {}, TO_NAME);
    w.net.names.set('sip:many.test', targets);
    const peers = flows(w.net);
    w.net.receive(w.phone, requestText(method));
    return { ...w, peers };
  };

  it('tries the next target after a 503, with a new branch', () => {
    const { net, peers, phone, over, completed } = named('MESSAGE');
    net.receive(peers[0]!, responseText(peers[0]!.last, 503));
    expect(branchOf(peers[1]!.last)).not.toBe(branchOf(peers[0]!.last));
    net.receive(peers[1]!, responseText(peers[1]!.last, 200));
    expect(phone.take()).toEqual(['SIP/2.0 200 Whatever']);
    expect(completed).toEqual([200]);
    over();
  });

  it('acknowledges the 503 of an INVITE before it goes on', () => {
    const { net, peers, over } = named('INVITE');
    net.receive(peers[0]!, responseText(peers[0]!.last, 503));
    expect(methods(peers[0]!)).toEqual(['INVITE', 'ACK']);
    expect(methods(peers[1]!)).toEqual(['INVITE']);
    over();
  });

  it('tries at most five, then passes on what it has', () => {
    const { net, peers, phone, over } = named('MESSAGE');
    for (const peer of peers.slice(0, 5)) net.receive(peer, responseText(peer.last, 503));
    expect(peers.map((peer) => peer.sent.length)).toEqual([1, 1, 1, 1, 1, 0, 0]);
    expect(phone.take()).toEqual(['SIP/2.0 500 Server Internal Error']);
    over();
  });

  it('tries the next when one cannot be reached, and when an INVITE gets no answer before timer B', () => {
    const { net, peers, phone, endpoint, over } = named('INVITE');
    endpoint.sendFailed(TARGETS[0]!);
    expect(methods(peers[1]!)).toEqual(['INVITE']);
    net.advance(32_020);
    expect(methods(peers[2]!)).toEqual(['INVITE']);
    net.receive(peers[2]!, responseText(peers[2]!.last, 180));
    net.advance(10_000);
    net.receive(peers[2]!, responseText(peers[2]!.last, 486));
    expect(phone.take()).toEqual(['SIP/2.0 100 Trying', 'SIP/2.0 180 Whatever', 'SIP/2.0 486 Whatever']);
    over();
  });

  it('tries no other after a provisional answer, nor when cancelled, nor for a client that has given up', () => {
    const rang = named('INVITE');
    rang.net.receive(rang.peers[0]!, responseText(rang.peers[0]!.last, 180));
    rang.net.advance(180_020);
    rang.net.advance(33_000);
    expect(rang.peers[1]!.sent).toEqual([]);
    rang.over();
    const cancelled = named('INVITE');
    cancelled.net.receive(cancelled.phone, requestText('CANCEL'));
    cancelled.net.advance(32_020);
    expect(cancelled.peers[1]!.sent).toEqual([]);
    cancelled.over();
    const late = named('MESSAGE');
    late.net.advance(40_000);
    expect(late.peers[1]!.sent).toEqual([]);
    late.over();
  });

  it.each([[Promise.resolve(TARGETS)], [Promise.resolve([])], [Promise.reject(new Error('DNS'))]])(
    'waits for a resolver that must ask (%#)',
    async (answer) => {
      const { net, peers, phone, over, endpoint } = named('MESSAGE', answer);
      expect(peers[0]!.sent).toEqual([]);
      await answer.catch(() => undefined);
      await Promise.resolve();
      if (peers[0]!.sent.length > 0) net.receive(peers[0]!, responseText(peers[0]!.last, 200));
      else expect(startLine(phone.last)).toBe('SIP/2.0 500 Server Internal Error');
      expect(phone.sent).toHaveLength(1);
      expect(endpoint.counters.resolverFailures).toBeLessThanOrEqual(1);
      over();
    },
  );

  it('does not wait for a resolver for ever, and not once cancelled', () => {
    const never = new Promise<readonly Target[]>(() => undefined);
    const slow = named('INVITE', never);
    slow.net.advance(33_000);
    expect(startLine(slow.phone.last)).toBe('SIP/2.0 500 Server Internal Error');
    slow.over();
    const cancelled = named('INVITE', never);
    cancelled.net.receive(cancelled.phone, requestText('CANCEL'));
    expect(cancelled.phone.take()).toEqual([
      'SIP/2.0 100 Trying',
      'SIP/2.0 200 OK',
      'SIP/2.0 487 Request Terminated',
    ]);
    cancelled.over();
  });

  it('sends what is large by TCP, and by UDP after all when that fails (§18.1.1)', () => {
    const w = world({}, {}, { kind: 'target', target: TARGETS[0]!, listener: 'core' });
    Object.assign(w.net, {
      preferStream: (bytes: number, target: Target): Target =>
        bytes > 1_300 && target.transport === 'udp' ? { ...target, transport: 'tcp' } : target,
    });
    const [udp, tcp] = [w.net.peer('udp', 5_060, '10.9.0.1'), w.net.peer('tcp', 5_060, '10.9.0.1')];
    w.net.receive(w.phone, requestText('MESSAGE', { branch: 'z9hG4bKsmall' }));
    expect([udp.sent.length, tcp.sent.length]).toEqual([1, 0]);
    w.net.receive(w.phone, requestText('MESSAGE', { branch: 'z9hG4bKlarge', body: 'x'.repeat(1_300) }));
    expect(headerOf(tcp.last, 'Via')).toMatch(/^SIP\/2\.0\/TCP /);
    w.endpoint.sendFailed(tcp);
    expect(headerOf(udp.last, 'Via')).toMatch(/^SIP\/2\.0\/UDP /);
    expect(udp.last.length).toBeGreaterThan(1_300);
    w.over();
  });
});

describe('own requests', () => {
  const notify = requestText('NOTIFY').replace(/^Via: .*\r\n/m, '');
  const user = () => {
    const told: (number | string)[] = [];
    const answer = {
      response: (response: SipMessage) => void told.push(response.status),
      failed: (status: number) => void told.push(`failed ${status}`),
    };
    return { told, answer };
  };

  it('get a Via, are sent again, and their answer comes once', () => {
    const { net, endpoint, over } = world();
    const { told, answer } = user();
    endpoint.request(
      notify,
      { kind: 'target', target: { ...CORE, transport: 'udp' }, listener: 'core' },
      answer,
    );
    const peer = net.peer('udp', 5_054, '10.0.0.2');
    expect(headersOf(peer.last, 'Via')).toEqual([
      expect.stringMatching(/^SIP\/2\.0\/UDP proxy\.test:5060;branch=z9hG4bK/),
    ]);
    expect(parseMessage(peer.last).ok).toBe(true);
    net.advance(600);
    expect(peer.sent).toHaveLength(2);
    net.receive(peer, responseText(peer.last, 100));
    net.receive(peer, responseText(peer.last, 200));
    net.receive(peer, responseText(peer.last, 200));
    expect(told).toEqual([200]);
    over();
  });

  it('fail with 408 without an answer and 503 without a way', () => {
    const { net, endpoint, over } = world();
    const silent = user();
    endpoint.request(notify, TO_CORE, silent.answer);
    net.advance(33_000);
    expect(silent.told).toEqual(['failed 408']);
    const nowhere = user();
    endpoint.request(notify, { kind: 'uri', uri: 'sip:unknown.test', listener: 'core' }, nowhere.answer);
    expect(nowhere.told).toEqual(['failed 503']);
    over();
  });
});
