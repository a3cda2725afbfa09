// The four machines against figures 5–8 of RFC 3261 as changed by RFC 6026, and against RFC 4320.
import { makeAck, makeCancel } from './derived-request.js';
import type { SipMessage } from '../message/message.js';
import { parseMessage } from '../message/parse-message.js';
import {
  requestText,
  responseText,
  ScriptedNetwork,
  startLine,
  type PeerFlow,
} from '../testing/scripted-network.js';
import { InviteClientTransaction } from './transaction.invite-client.js';
import { InviteServerTransaction } from './transaction.invite-server.js';
import { NonInviteClientTransaction } from './transaction.non-invite-client.js';
import { NonInviteServerTransaction } from './transaction.non-invite-server.js';
import { DEFAULT_TIMING, nonInviteTryingMs } from './transaction.js';

const message = (text: string): SipMessage => {
  const parsed = parseMessage(text);
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.message;
};

const layerOf = (net: ScriptedNetwork) => {
  const ended: unknown[] = [];
  const cancels: string[] = [];
  const kept: string[] = [];
  return {
    timers: net.timers,
    timing: DEFAULT_TIMING,
    ended,
    cancels,
    kept,
    completed: (_transaction: unknown, answer: string) => void kept.push(answer),
    terminated: (transaction: unknown) => void ended.push(transaction),
    sendCancel: (_invite: unknown, reason: string) => void cancels.push(reason),
  };
};

const recorder = (boundToFlow = false) => {
  const told: (number | string)[] = [];
  return {
    told,
    boundToFlow,
    response: (response: SipMessage) => void told.push(response.status),
    failed: (status: number) => void told.push(`failed ${status}`),
  };
};

const INVITE = requestText('INVITE', {
  headers: ['Max-Forwards: 70', 'Route: <sip:a.test;lr>, <sip:b.test;lr>'],
});
const MESSAGE = requestText('MESSAGE');

describe('INVITE client (figure 5)', () => {
  const begin = (transport: 'udp' | 'tcp', boundToFlow = false) => {
    const net = new ScriptedNetwork();
    const flow = net.peer(transport, 5080);
    const layer = layerOf(net);
    const user = recorder(boundToFlow);
    const tx = new InviteClientTransaction('key', INVITE, flow, user, layer);
    tx.start();
    const answer = (status: number): void => tx.receive(message(responseText(INVITE, status)));
    return { net, flow, layer, user, tx, answer };
  };

  it('Calling: sends again at 0.5, 1.5, 3.5, 7.5, 15.5 and 31.5 s, and gives up at 32 s (A, B)', () => {
    const { net, flow, user, tx, layer } = begin('udp');
    const at: number[] = [];
    flow.onSend = () => void at.push(net.nowMs - 1_000);
    net.advance(31_990);
    expect(at).toEqual([500, 1_500, 3_500, 7_500, 15_500, 31_500]);
    expect(user.told).toEqual([]);
    net.advance(20);
    expect(user.told).toEqual(['failed 408']);
    expect(tx.state).toBe('terminated');
    expect(layer.ended).toEqual([tx]);
    expect(net.timers.size).toBe(0);
  });

  it('Calling: sends once over TCP, and gives up at 32 s', () => {
    const { net, flow, user } = begin('tcp');
    net.advance(32_010);
    expect(flow.sent).toHaveLength(1);
    expect(user.told).toEqual(['failed 408']);
  });

  it('Calling → Proceeding on 1xx: no more retransmissions, every provisional goes up', () => {
    const { net, flow, user, tx, answer } = begin('udp');
    answer(100);
    expect(tx.state).toBe('proceeding');
    answer(180);
    answer(180);
    net.advance(60_000);
    expect(flow.sent).toHaveLength(1);
    expect(user.told).toEqual([100, 180, 180]);
  });

  it.each(['calling', 'proceeding'])(
    '%s → Completed on 300–699: ACK, again for each copy, until timer D',
    (from) => {
      const { net, flow, user, tx, answer } = begin('udp');
      if (from === 'proceeding') answer(180);
      answer(486);
      answer(486);
      expect(tx.state).toBe('completed');
      expect(flow.take()).toEqual([
        startLine(INVITE),
        'ACK sip:bob@ims.test SIP/2.0',
        'ACK sip:bob@ims.test SIP/2.0',
      ]);
      answer(200); // no arrow
      answer(180);
      expect(user.told).toEqual(from === 'proceeding' ? [180, 486] : [486]);
      net.advance(31_990);
      expect(tx.state).toBe('completed');
      net.advance(20);
      expect(tx.state).toBe('terminated');
      expect(net.timers.size).toBe(0);
    },
  );

  it('Completed over TCP: timer D is zero', () => {
    const { flow, tx, answer } = begin('tcp');
    answer(404);
    expect(tx.state).toBe('terminated');
    expect(startLine(flow.last)).toBe('ACK sip:bob@ims.test SIP/2.0');
  });

  it.each(['udp', 'tcp'] as const)(
    'Accepted over %s: every 2xx goes up, no ACK is made, until timer M',
    (transport) => {
      const { net, flow, user, tx, answer } = begin(transport);
      answer(200);
      answer(200);
      answer(180);
      answer(486);
      expect(tx.state).toBe('accepted');
      expect(user.told).toEqual([200, 200]);
      expect(flow.sent).toHaveLength(1);
      net.advance(31_990);
      expect(tx.state).toBe('accepted');
      net.advance(20);
      expect(tx.state).toBe('terminated');
      expect(user.told).toEqual([200, 200]);
    },
  );

  it('tells a transport error while calling, and then only ends', () => {
    const { net, flow, user, tx } = begin('udp');
    flow.closed = true;
    net.advance(510);
    expect(user.told).toEqual(['failed 503']);
    expect(tx.state).toBe('terminated');
    tx.transportError();
    expect(user.told).toHaveLength(1);
  });

  it('goes on ringing without its connection, unless it can be reached by that one only', () => {
    const free = begin('tcp');
    free.answer(180);
    free.tx.flowClosed();
    expect(free.tx.state).toBe('proceeding');
    const bound = begin('tcp', true);
    bound.answer(180);
    bound.tx.flowClosed();
    expect(bound.user.told).toEqual([180, 'failed 503']);
  });

  it('CANCEL waits for a provisional (§9.1)', () => {
    const { layer, tx, answer } = begin('udp');
    tx.cancel('SIP;cause=200');
    expect(layer.cancels).toEqual([]);
    answer(100);
    answer(180);
    tx.cancel('again');
    expect(layer.cancels).toEqual(['SIP;cause=200']);
  });

  it('CANCEL is not sent when the final answer was faster', () => {
    const { layer, tx, answer, user } = begin('udp');
    tx.cancel('');
    answer(200);
    expect(layer.cancels).toEqual([]);
    tx.cancel('');
    expect(layer.cancels).toEqual([]);
    expect(user.told).toEqual([200]);
  });

  it('gives up 64 × T1 after the CANCEL when nothing comes', () => {
    const { net, tx, answer, user } = begin('udp');
    answer(180);
    tx.cancel('');
    net.advance(31_990);
    expect(tx.state).toBe('proceeding');
    net.advance(20);
    expect(user.told).toEqual([180, 'failed 408']);
  });

  it('timer C: 180 s after the last 101–199 it cancels, and the 487 counts as 408 (§16.8)', () => {
    const { net, layer, answer, user, flow } = begin('udp');
    answer(180);
    net.advance(170_000);
    answer(183);
    net.advance(170_000);
    answer(100); // does not count
    net.advance(9_990);
    expect(layer.cancels).toEqual([]);
    net.advance(20);
    expect(layer.cancels).toEqual(['SIP;cause=408']);
    answer(487);
    expect(user.told).toEqual([180, 183, 100, 'failed 408']);
    expect(startLine(flow.last)).toMatch(/^ACK /);
  });

  it('timer C: a 200 that crosses the CANCEL is a 200', () => {
    const { net, answer, user } = begin('udp');
    answer(180);
    net.advance(180_010);
    answer(200);
    expect(user.told).toEqual([180, 200]);
  });
});

describe('ACK and CANCEL made from the INVITE (§17.1.1.3, §9.1)', () => {
  const invite = INVITE.replace('Via: ', 'Via: SIP/2.0/UDP proxy.test;branch=z9hG4bKours\r\nVia: ').replace(
    'Route: <sip:a.test;lr>, <sip:b.test;lr>',
    'Route: <sip:a.test;lr>\r\nRoute: <sip:b.test;lr>',
  );

  it('ACK: our Via only, Route set copied, To of the response', () => {
    expect(makeAck(invite, message(responseText(invite, 486, 'xyz'))).split('\r\n')).toEqual([
      'ACK sip:bob@ims.test SIP/2.0',
      'Via: SIP/2.0/UDP proxy.test;branch=z9hG4bKours',
      'Route: <sip:a.test;lr>',
      'Route: <sip:b.test;lr>',
      'Max-Forwards: 70',
      'From: <sip:alice@ims.test>;tag=alice1',
      'To: <sip:bob@ims.test>;tag=xyz',
      'Call-ID: call-1',
      'CSeq: 1 ACK',
      'Content-Length: 0',
      '',
      '',
    ]);
  });

  it('CANCEL: the same, To of the request, and a Reason', () => {
    expect(makeCancel(invite, 'SIP;cause=200').split('\r\n')).toEqual([
      'CANCEL sip:bob@ims.test SIP/2.0',
      'Via: SIP/2.0/UDP proxy.test;branch=z9hG4bKours',
      'Route: <sip:a.test;lr>',
      'Route: <sip:b.test;lr>',
      'Max-Forwards: 70',
      'From: <sip:alice@ims.test>;tag=alice1',
      'To: <sip:bob@ims.test>',
      'Call-ID: call-1',
      'CSeq: 1 CANCEL',
      'Reason: SIP;cause=200',
      'Content-Length: 0',
      '',
      '',
    ]);
  });
});

describe('non-INVITE client (figure 6)', () => {
  const begin = (transport: 'udp' | 'tcp') => {
    const net = new ScriptedNetwork();
    const flow = net.peer(transport, 5080);
    const layer = layerOf(net);
    const user = recorder();
    const tx = new NonInviteClientTransaction('key', 'MESSAGE', MESSAGE, flow, user, layer);
    tx.start();
    const answer = (status: number): void => tx.receive(message(responseText(MESSAGE, status)));
    return { net, flow, layer, user, tx, answer };
  };

  it('Trying: sends again at 0.5, 1.5, 3.5 s and then every 4 s, and gives up at 32 s (E, F)', () => {
    const { net, flow, user } = begin('udp');
    const at: number[] = [];
    flow.onSend = () => void at.push(net.nowMs - 1_000);
    net.advance(33_000);
    expect(at).toEqual([500, 1_500, 3_500, 7_500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500]);
    expect(user.told).toEqual(['failed 408']);
    expect(net.timers.size).toBe(0);
  });

  it('Proceeding: sends again every T2, and gives up at 32 s all the same', () => {
    const { net, flow, user, tx, answer } = begin('udp');
    answer(100);
    expect(tx.state).toBe('proceeding');
    const at: number[] = [];
    flow.onSend = () => void at.push(net.nowMs - 1_000);
    net.advance(33_000);
    expect(at).toEqual([500, 4_500, 8_500, 12_500, 16_500, 20_500, 24_500, 28_500]);
    expect(user.told).toEqual([100, 'failed 408']);
  });

  it.each(['trying', 'proceeding'])(
    '%s → Completed: the answer goes up once, copies are absorbed until K',
    (from) => {
      const { net, user, tx, answer, flow } = begin('udp');
      if (from === 'proceeding') answer(100);
      answer(202);
      answer(202);
      expect(tx.state).toBe('completed');
      expect(user.told.filter((status) => status === 202)).toHaveLength(1);
      net.advance(4_990);
      expect(tx.state).toBe('completed');
      net.advance(20);
      expect(tx.state).toBe('terminated');
      expect(flow.sent).toHaveLength(1);
    },
  );

  it('Completed over TCP: K is zero', () => {
    const { tx, answer } = begin('tcp');
    answer(404);
    expect(tx.state).toBe('terminated');
  });

  it('tells a transport error', () => {
    const { tx, user, answer } = begin('tcp');
    answer(100);
    tx.flowClosed();
    answer(200);
    expect(user.told).toEqual([100, 'failed 503']);
  });
});

const paths = (flow: PeerFlow) => ({ reliable: flow.reliable, send: (text: string) => void flow.send(text) });

describe('INVITE server (figure 7, RFC 6026 figure 5)', () => {
  const begin = (transport: 'udp' | 'tcp', busy = false) => {
    const net = new ScriptedNetwork();
    const flow = net.peer(transport, 5080);
    const layer = layerOf(net);
    const told: string[] = [];
    const user = {
      toTag: 'tag',
      flow,
      trying: () => tx.respond(100, '100'),
      unanswered: () => {
        told.push('unanswered');
        return busy;
      },
      cancel: () => undefined,
      orphaned: () => undefined,
    };
    const tx: InviteServerTransaction = new InviteServerTransaction('key', paths(flow), user, layer);
    tx.start();
    return { net, flow, layer, tx, told };
  };

  it('Proceeding: 100 at once over UDP, after 200 ms over TCP if nothing else was sent', () => {
    expect(begin('udp').flow.sent).toEqual(['100']);
    const { net, flow } = begin('tcp');
    net.advance(190);
    expect(flow.sent).toEqual([]);
    net.advance(20);
    expect(flow.sent).toEqual(['100']);
    const other = begin('tcp');
    other.tx.respond(180, '180');
    other.net.advance(1_000);
    expect(other.flow.sent).toEqual(['180']);
  });

  it('Proceeding: the latest provisional answers a retransmission', () => {
    const { flow, tx } = begin('udp');
    tx.retransmission();
    tx.respond(180, '180');
    tx.respond(183, '183');
    tx.retransmission();
    expect(flow.sent).toEqual(['100', '100', '180', '183', '183']);
  });

  it('Completed: sent again at 0.5, 1.5, 3.5, 7.5 s and every 4 s until an ACK or 32 s (G, H)', () => {
    const { net, flow, tx, layer } = begin('udp');
    tx.respond(486, '486');
    const at: number[] = [];
    flow.onSend = () => void at.push(net.nowMs - 1_000);
    net.advance(33_000);
    expect(at).toEqual([500, 1_500, 3_500, 7_500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500]);
    expect(tx.state).toBe('terminated');
    expect(layer.ended).toEqual([tx]);
    expect(net.timers.size).toBe(0);
  });

  it('Completed over TCP: sent once, answers a retransmission, waits for H', () => {
    const { net, flow, tx } = begin('tcp');
    tx.respond(486, '486');
    tx.respond(200, '200');
    net.advance(31_990);
    tx.retransmission();
    expect(flow.sent).toEqual(['486', '486']);
    net.advance(20);
    expect(tx.state).toBe('terminated');
  });

  it('Confirmed: the ACK ends retransmissions, later ones and INVITEs are absorbed until I', () => {
    const { net, flow, tx } = begin('udp');
    tx.respond(486, '486');
    expect(tx.ack()).toBe(false);
    expect(tx.ack()).toBe(false);
    tx.retransmission();
    net.advance(4_990);
    expect(tx.state).toBe('confirmed');
    expect(flow.sent).toEqual(['100', '486']);
    net.advance(20);
    expect(tx.state).toBe('terminated');
  });

  it('Confirmed over TCP: I is zero', () => {
    const { tx } = begin('tcp');
    tx.respond(486, '486');
    tx.ack();
    expect(tx.state).toBe('terminated');
  });

  it('Accepted: 2xx pass, INVITEs are absorbed, ACKs are the user’s, until L', () => {
    const { net, flow, tx } = begin('udp');
    tx.respond(200, '200');
    tx.respond(200, '200 again');
    tx.respond(486, '486');
    tx.retransmission();
    expect(tx.ack()).toBe(true);
    expect(flow.sent).toEqual(['100', '200', '200 again']);
    net.advance(31_990);
    expect(tx.state).toBe('accepted');
    net.advance(20);
    expect(tx.state).toBe('terminated');
  });

  it('stays when a response cannot be sent (RFC 6026 §7.1)', () => {
    const { flow, tx } = begin('udp');
    flow.closed = true;
    tx.respond(486, '486');
    expect(tx.state).toBe('completed');
  });

  it('asks after timer C whether anybody still works on it', () => {
    const lost = begin('tcp');
    lost.net.advance(180_010);
    expect(lost.told).toEqual(['unanswered']);
    const busy = begin('tcp', true);
    busy.net.advance(3 * 180_000 + 30);
    expect(busy.told).toHaveLength(3);
  });
});

describe('non-INVITE server (figure 8, RFC 4320)', () => {
  const begin = (transport: 'udp' | 'tcp') => {
    const net = new ScriptedNetwork();
    const flow = net.peer(transport, 5080);
    const layer = layerOf(net);
    const user = { trying: () => tx.respond(100, '100') };
    const tx: NonInviteServerTransaction = new NonInviteServerTransaction(
      'key',
      'BYE',
      paths(flow),
      user,
      layer,
    );
    tx.start();
    return { net, flow, layer, tx };
  };

  it('knows when the client’s timer E reaches T2', () => {
    expect(nonInviteTryingMs(DEFAULT_TIMING)).toBe(3_500);
    expect(nonInviteTryingMs({ ...DEFAULT_TIMING, t1Ms: 100, t2Ms: 400 })).toBe(300);
  });

  it.each(['udp', 'tcp'] as const)(
    'Trying over %s: retransmissions are absorbed, 100 at 3.5 s and not before',
    (transport) => {
      const { net, flow, tx } = begin(transport);
      tx.retransmission();
      net.advance(3_490);
      expect(flow.sent).toEqual([]);
      net.advance(20);
      tx.retransmission();
      expect(flow.sent).toEqual(['100', '100']);
      expect(tx.state).toBe('proceeding');
    },
  );

  it('sends no provisional but 100, and no second one', () => {
    const { flow, tx } = begin('udp');
    tx.respond(183, '183');
    tx.respond(100, '100');
    tx.respond(100, '100');
    expect(flow.sent).toEqual(['100']);
  });

  it('Completed: the answer is given to be kept until J (endpoint.spec.ts), another is not sent', () => {
    const { net, flow, tx, layer } = begin('udp');
    tx.respond(200, '200');
    tx.respond(404, '404');
    expect(flow.sent).toEqual(['200']);
    expect(tx.state).toBe('completed');
    expect(layer.kept).toEqual(['200']);
    expect(net.timers.size).toBe(0);
  });

  it('Completed over TCP: J is zero', () => {
    const { tx, layer } = begin('tcp');
    tx.respond(200, '200');
    expect(tx.state).toBe('terminated');
    expect(layer.kept).toEqual([]);
  });

  it('is never answered 408, and not after the client gave up', () => {
    const silent = begin('udp');
    silent.tx.respond(408, '408');
    expect(silent.flow.sent).toEqual([]);
    expect(silent.tx.state).toBe('terminated');
    expect(silent.layer.kept).toEqual(['']); // late retransmissions are absorbed
    const late = begin('udp');
    late.net.advance(32_010);
    expect(late.tx.state).toBe('terminated');
    expect(late.layer.kept).toEqual(['']);
    late.tx.respond(200, '200');
    expect(late.flow.sent).toEqual(['100']);
  });
});
