// What becomes of requests between nodes of one network when one of them ends: its connections break. Of INVITEs RFC 3261 §16.6–16.8 leave
// that to timer C; EndpointOptions.endsWithConnection says it at once.
import { createEndpoint } from './endpoint.js';
import type { SipEndpoint } from './endpoint.options.js';
import { Edits } from '../message/edits.js';
import type { NextHop } from './endpoint.port.js';
import {
  headerOf,
  type PeerFlow,
  requestText,
  responseText,
  ScriptedNetwork,
} from '../testing/scripted-network.js';
import type { Target } from '../transport/transport.port.js';

const ROUTERS = 'sip:routers.test';
const at = (address: string): Target => ({ transport: 'tcp', address, port: 5054 });
const PHONE: NextHop = {
  kind: 'target',
  target: { transport: 'udp', address: '10.0.0.7', port: 5060 },
  listener: 'core',
};

/** An edge: what comes from clients goes to one of two routers, what comes from routers to a phone. */
const world = (routers: readonly string[] = ['10.0.1.1', '10.0.1.2']) => {
  const net = new ScriptedNetwork();
  const caller = net.peer('udp', 5070, '10.0.0.9', 'clients');
  net.names.set(ROUTERS, routers.map(at));
  const endpoint: SipEndpoint = createEndpoint({
    name: 'edge',
    random: net.random,
    timers: net.timers,
    transports: net,
    resolver: net,
    endsWithConnection: (flow) => flow.listener === 'core' && flow.transport === 'tcp',
    onDefect: (error) => {
      throw error;
    },
    user: {
      request(tx) {
        const fromCore = tx.flow.listener === 'core';
        const hop: NextHop = fromCore ? PHONE : { kind: 'uri', uri: ROUTERS, listener: 'core' };
        endpoint.proxy(tx, {}).fork(new Edits(tx.request), hop, undefined);
      },
      ack: () => undefined,
    },
  });
  net.receiver = endpoint;
  const router = (address: string): PeerFlow => net.peer('tcp', 5054, address);
  const taken = (flow: PeerFlow): string[] => flow.take().map((line) => line.replace(/ SIP\/2.0$/, ''));
  const heard = (): number[] => caller.take().map((line) => Number(line.split(' ')[1]));
  return {
    net,
    endpoint,
    caller,
    first: router('10.0.1.1'),
    second: router('10.0.1.2'),
    router,
    taken,
    heard,
  };
};

it('asks another at once when one ends that has said 100 only, and takes the request back should it live', () => {
  const { net, endpoint, caller, first, second, router, taken, heard } = world();
  net.receive(caller, requestText('INVITE'));
  const asked = first.last;
  net.receive(first, responseText(asked, 100));
  net.lose(first);
  const again = router('10.0.1.1');
  expect(again).not.toBe(first);
  expect(taken(again)).toEqual(['CANCEL sip:bob@ims.test']);
  expect(headerOf(second.last, 'Call-ID')).toBe(headerOf(asked, 'Call-ID'));
  expect(headerOf(second.last, 'Via')).not.toBe(headerOf(asked, 'Via'));
  net.receive(second, responseText(second.last, 180));
  net.receive(second, responseText(second.last, 200));
  expect(heard().filter((status) => status > 100)).toEqual([180, 200]);
  net.drain(400_000);
  expect(endpoint.transactionCount).toBe(0);
});

it.each(['REGISTER', 'INVITE', 'MESSAGE'])(
  'asks the only address for a %s once more: another process may stand behind it',
  (method) => {
    const { net, endpoint, caller, first, router, heard } = world(['10.0.1.1']);
    net.receive(caller, requestText(method));
    const asked = first.last;
    net.lose(first);
    const again = router('10.0.1.1');
    expect(again).not.toBe(first);
    expect([headerOf(again.last, 'Call-ID'), headerOf(again.last, 'CSeq')]).toEqual([
      headerOf(asked, 'Call-ID'),
      headerOf(asked, 'CSeq'),
    ]);
    expect(headerOf(again.last, 'Via')).not.toBe(headerOf(asked, 'Via'));
    net.receive(again, responseText(again.last, 200));
    expect(heard().filter((status) => status > 100)).toEqual([200]);
    net.drain(400_000);
    expect(endpoint.transactionCount).toBe(0);
  },
);

it('asks it no third time, and nobody again for what an answer came to', () => {
  const { net, caller, first, router, taken, heard } = world(['10.0.1.1']);
  net.receive(caller, requestText('REGISTER'));
  net.lose(first);
  net.lose(router('10.0.1.1'));
  expect(heard()).toEqual([500]);
  expect(taken(router('10.0.1.1'))).toEqual([]);
  const third = router('10.0.1.1');
  net.receive(caller, requestText('REGISTER', { callId: 'other', branch: 'z9hG4bKclient2' }));
  net.receive(third, responseText(third.last, 403));
  third.take();
  net.lose(third);
  expect(heard()).toEqual([403]);
  expect(taken(router('10.0.1.1'))).toEqual([]);
});

it('asks no third one where the second has fallen silent', () => {
  const { net, caller, first, second, heard } = world();
  net.receive(caller, requestText('INVITE'));
  net.receive(first, responseText(first.last, 100));
  net.lose(first);
  net.receive(second, responseText(second.last, 100));
  net.advance(180_000 + 32_000);
  expect(heard().filter((status) => status > 100)[0]).toBe(408);
});

it('answers at once when one ends that rings: nobody else is asked, and should it live it stops', () => {
  const { net, caller, first, second, router, taken, heard } = world();
  net.receive(caller, requestText('INVITE'));
  net.receive(first, responseText(first.last, 180));
  net.lose(first);
  expect(heard().filter((status) => status > 100)).toEqual([180, 500]);
  expect(taken(router('10.0.1.1'))).toEqual(['CANCEL sip:bob@ims.test']);
  expect(taken(second)).toEqual([]);
});

it('asks nobody else for a caller who has given up', () => {
  const { net, caller, first, second, taken, heard } = world();
  net.receive(caller, requestText('INVITE'));
  net.receive(first, responseText(first.last, 100));
  net.receive(caller, requestText('CANCEL'));
  net.lose(first);
  expect(heard().filter((status) => status > 100)).toEqual([200, 487]);
  expect(taken(second)).toEqual([]);
});

it('lets nobody ring for one that has ended, and leaves what is answered alone', () => {
  const { net, endpoint, first } = world();
  const phone = net.peer('udp', 5060, '10.0.0.7');
  const via = 'SIP/2.0/TCP 10.0.1.1:5054;branch=z9hG4bKr';
  net.receive(first, requestText('INVITE', { via: `${via}1`, callId: 'rings' }));
  net.receive(phone, responseText(phone.last, 180));
  phone.take();
  net.receive(first, requestText('INVITE', { via: `${via}2`, callId: 'talks' }));
  net.receive(phone, responseText(phone.last, 200));
  phone.take();
  net.lose(first);
  expect(phone.sent.map((text) => [text.slice(0, 6), headerOf(text, 'Call-ID')])).toEqual([
    ['CANCEL', 'rings'],
  ]);
  net.drain(400_000);
  expect(endpoint.transactionCount).toBe(0);
});

it('waits for others than these: who rings may answer on another connection', () => {
  const { net, endpoint, caller, first, heard } = world();
  const waiting = net.peer('udp', 5060, '10.0.0.7');
  net.receive(first, requestText('INVITE', { via: 'SIP/2.0/TCP 10.0.1.1:5054;branch=z9hG4bKr3' }));
  net.receive(waiting, responseText(waiting.last, 180));
  endpoint.flowClosed(waiting);
  expect(first.take().map((line) => Number(line.split(' ')[1]))).not.toContain(500);
  expect(heard()).toEqual([]);
  expect(caller.closed).toBe(false);
});
