// A request for a name that DNS spreads over several hosts: which of them get it, one after the other, within one transaction, and
// what later requests learn from it. RFC 3263 §4.3.
import { createEndpoint } from './endpoint.js';
import type { SipEndpoint } from './endpoint.options.js';
import { Edits } from '../message/edits.js';
import {
  headerOf, type PeerFlow, requestText, responseText, ScriptedNetwork,
} from '../testing/scripted-network.js'; // prettier-ignore
import { createDnsResolver } from '../transport/dns-resolver.js';
import type { NameAnswer, NameEntry, NameType } from '../transport/name-lookup.port.js';
import { BLACKLIST_MS, GRAYLIST_MS } from '../transport/target-health.js';

const a = (address: string): NameEntry => ({ type: 'A', address });
const srv = (priority: number, target: string): NameEntry => ({
  type: 'SRV',
  priority,
  weight: 1,
  port: 5070,
  target,
});
const ZONE: Readonly<Record<string, readonly NameEntry[]>> = {
  'NAPTR far.test': [
    {
      type: 'NAPTR',
      order: 1,
      preference: 1,
      flags: 's',
      services: 'SIP+D2T',
      regexp: '',
      replacement: '_sip._tcp.far.test',
    },
    {
      type: 'NAPTR',
      order: 2,
      preference: 1,
      flags: 's',
      services: 'SIP+D2U',
      regexp: '',
      replacement: '_sip._udp.far.test',
    },
  ],
  'SRV _sip._tcp.far.test': [srv(1, 'first.test'), srv(2, 'second.test')],
  'SRV _sip._udp.far.test': [srv(1, 'first.test')],
  'A first.test': [a('10.0.1.1'), a('10.0.1.2')],
  'A second.test': [a('10.0.2.1')],
};

const world = (late = false) => {
  const net = new ScriptedNetwork();
  const caller = net.peer('udp', 5070);
  const resolver = createDnsResolver({
    clock: { nowMs: () => net.nowMs, monotonicMs: () => net.nowMs, after: () => () => undefined },
    random: net.random,
    transports: ['udp', 'tcp'],
    families: [4],
    dns: {
      lookup(name: string, type: NameType) {
        const records = ZONE[`${type} ${name}`];
        const answer: NameAnswer = records === undefined ? { kind: 'none' } : { kind: 'found', records };
        return late ? Promise.resolve(answer) : answer;
      },
    },
  });
  const endpoint: SipEndpoint = createEndpoint({
    name: 'core',
    random: net.random,
    timers: net.timers,
    transports: net,
    resolver,
    onDefect: (error) => {
      throw error;
    },
    user: {
      request: (tx) => {
        const context = endpoint.proxy(tx, {});
        context.fork(new Edits(tx.request), { kind: 'uri', uri: 'sip:far.test', listener: 'core' }, 0);
      },
      ack: () => undefined,
    },
  });
  net.receiver = endpoint;
  const peers = [
    net.peer('tcp', 5070, '10.0.1.1'),
    net.peer('tcp', 5070, '10.0.1.2'),
    net.peer('tcp', 5070, '10.0.2.1'),
    net.peer('udp', 5070, '10.0.1.1'),
    net.peer('udp', 5070, '10.0.1.2'),
  ];
  let calls = 0;
  const send = (method = 'INVITE'): void => {
    calls += 1;
    const id = `c${calls}`;
    net.receive(caller, requestText(method, { branch: `z9hG4bK${id}`, callId: id, uri: 'sip:bob@far.test' }));
  };
  /** Who has the request now: the last of the peers to get one, by what is new since the last question. */
  const reached = (): PeerFlow => {
    const [flow] = peers.filter((peer) => peer.sent.length > 0);
    if (flow === undefined) throw new Error('nobody has it');
    return flow;
  };
  const answer = (flow: PeerFlow, status: number): void => {
    const request = flow.sent.at(-1)!;
    flow.sent.length = 0;
    net.receive(flow, responseText(request, status));
    if (flow.last.startsWith('ACK ')) flow.sent.pop();
  };
  const taken = (flow: PeerFlow): string => {
    const branch = headerOf(flow.sent.at(-1)!, 'Via')!;
    flow.sent.length = 0;
    return branch;
  };
  const finals = (): number[] =>
    caller.sent.map((text) => Number(text.slice(8, 11))).filter((status) => status >= 200);
  return { net, caller, peers, send, reached, answer, taken, finals };
};

const name = ({ transport, remoteAddress }: PeerFlow): string => `${transport} ${remoteAddress}`;

it('goes on to the next address, host and transport as each fails, with a branch of its own each time', () => {
  const { net, send, reached, taken, answer, finals } = world();
  send();
  const seen: string[] = [];
  const branches = new Set<string>();
  for (let i = 0; i < 4; i++) {
    const flow = reached();
    seen.push(name(flow));
    branches.add(taken(flow));
    net.receiver!.sendFailed(flow);
    net.lose(flow);
  }
  seen.push(name(reached()));
  answer(reached(), 200);
  expect(seen.slice(0, 2).sort()).toEqual(['tcp 10.0.1.1', 'tcp 10.0.1.2']);
  expect(seen[2]).toBe('tcp 10.0.2.1');
  expect(seen.slice(3).sort()).toEqual(['udp 10.0.1.1', 'udp 10.0.1.2']);
  expect(branches.size).toBe(4);
  expect(finals()).toEqual([200]);
});

it('finds out over time: no answer within 32 s is a failure, and so is a 503, which is not held against the host', () => {
  const { net, send, reached, taken, answer, finals } = world();
  send();
  const silent = reached();
  taken(silent);
  net.advance(32_000);
  const busy = reached();
  expect(busy).not.toBe(silent);
  answer(busy, 503);
  const second = reached();
  expect(name(second)).toBe('tcp 10.0.2.1');
  answer(second, 200);
  expect(finals()).toEqual([200]);
  // The silent one is left alone; the busy one is asked again.
  for (let i = 0; i < 20; i++) {
    send();
    expect(reached()).toBe(busy);
    answer(busy, 200);
  }
});

it('leaves a dead address alone for 30 s, then lets one request find out', () => {
  const { net, send, reached, taken, answer } = world();
  send();
  const dead = reached();
  taken(dead);
  net.receiver!.sendFailed(dead);
  const well = reached();
  answer(well, 200);
  const share = (requests: number): number => {
    let tried = 0;
    for (let i = 0; i < requests; i++) {
      send();
      const flow = reached();
      if (flow === dead) {
        tried += 1;
        taken(flow);
        net.receiver!.sendFailed(flow);
      }
      answer(reached(), 200);
    }
    return tried;
  };
  expect(share(20)).toBe(0);
  net.advance(BLACKLIST_MS);
  expect(share(40)).toBe(1);
  net.advance(BLACKLIST_MS + GRAYLIST_MS);
  // Nobody tried it in between: it is as good as any other, and is found dead once.
  expect(share(40)).toBe(1);
});

it('never asks another host once somebody has begun to answer', () => {
  const { net, send, reached, answer, finals, peers } = world();
  send();
  const flow = reached();
  answer(flow, 100);
  net.receiver!.sendFailed(flow);
  net.lose(flow);
  net.advance(400_000);
  expect(peers.filter((peer) => peer !== flow && peer.sent.length > 0)).toEqual([]);
  expect([...new Set(finals())]).toEqual([408]); // said again while the caller does not acknowledge
});

it('answers 500 with Retry-After when none is left: it is nobody’s fault but the network’s', () => {
  const { net, caller, send, reached, taken, finals } = world();
  send();
  for (let i = 0; i < 5; i++) {
    const flow = reached();
    taken(flow);
    net.receiver!.sendFailed(flow);
    net.lose(flow);
  }
  expect(finals()).toEqual([500]);
  expect(headerOf(caller.last, 'Retry-After')).toBeDefined();
});

it('does the same where DNS answers later', async () => {
  const { net, send, reached, taken, answer, finals, peers } = world(true);
  send();
  for (let turns = 0; turns < 50 && peers.every((peer) => peer.sent.length === 0); turns++)
    await Promise.resolve();
  const dead = reached();
  taken(dead);
  net.receiver!.sendFailed(dead);
  answer(reached(), 200);
  expect(finals()).toEqual([200]);
});
