import { createEndpoint, type EndpointOptions, type SipEndpoint } from './endpoint.js';
import { Edits } from './edits.js';
import type { EndpointUser, ServerTransaction } from './endpoint.port.js';
import {
  headerOf,
  headersOf,
  requestText,
  responseText,
  ScriptedNetwork,
  type PeerFlow,
} from './testing/scripted-network.js';

/** One endpoint whose user forwards everything to `core` over TCP, unless the test says otherwise. */
const world = (user: Partial<EndpointUser> = {}, options: Partial<EndpointOptions> = {}) => {
  const net = new ScriptedNetwork();
  const target = { transport: 'tcp', address: '10.0.0.2', port: 5054 } as const;
  const core = net.peer('tcp', 5054, '10.0.0.2');
  const phone = net.peer('udp', 5070);
  const forward = (tx: ServerTransaction): void => {
    endpoint
      .proxy(tx, {})
      .fork(new Edits(tx.request), { kind: 'target', target, listener: 'core' }, undefined);
  };
  const endpoint: SipEndpoint = createEndpoint({
    name: 'core',
    random: net.random,
    timers: net.timers,
    transports: net,
    resolver: net,
    user: {
      request: forward,
      ack: (ack) => endpoint.sendStateless(new Edits(ack), { kind: 'target', target, listener: 'core' }),
      ...user,
    },
    ...options,
  });
  net.receiver = endpoint;
  return { net, endpoint, core, phone };
};

const bothWays = (flow: PeerFlow): string[] => flow.take();

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
  expect(bothWays(phone)).toEqual(['SIP/2.0 180 Whatever', 'SIP/2.0 200 Whatever']);

  net.receive(phone, requestText('ACK', { branch: 'z9hG4bKclient2', toTag: 'bob1' }));
  net.receive(phone, requestText('BYE', { branch: 'z9hG4bKclient3', toTag: 'bob1', cseq: 2 }));
  net.receive(core, responseText(core.last, 200));
  expect(core.take().map((line) => line.split(' ')[0])).toEqual(['INVITE', 'ACK', 'BYE']);
  expect(phone.take()).toEqual(['SIP/2.0 200 Whatever']);

  net.drain(40_000);
  expect(endpoint.transactionCount).toBe(0);
  expect(net.timers.size).toBe(0);
});
