// Whatever peers, callers, networks and policies do, in any order: exactly one final answer goes upstream (2xx to INVITE
// excepted), the user hears of it once, and when all timers have run nothing is left.
import fc from 'fast-check';
import { createEndpoint } from './endpoint.js';
import type { SipEndpoint } from './endpoint.options.js';
import { Edits } from '../message/edits.js';
import type { NextHop, ProxyContext } from './endpoint.port.js';
import { requestText, responseText, ScriptedNetwork, type PeerFlow } from '../testing/scripted-network.js';
import type { PendingRequest } from '../transaction/server-transaction.js';
import type { Target } from '../transport/transport.port.js';

const STATUSES = [100, 180, 183, 200, 202, 302, 401, 404, 407, 408, 430, 486, 487, 500, 503, 600, 603];

type Step =
  | { kind: 'answer'; peer: number; status: number; cancel: boolean }
  | { kind: 'wait'; ms: number }
  | { kind: 'cancel' }
  | { kind: 'again' }
  | { kind: 'ack' }
  | { kind: 'lose'; peer: number }
  | { kind: 'unreachable'; peer: number }
  | { kind: 'fork'; peer: number }
  | { kind: 'reply'; status: number }
  | { kind: 'cancelBranches'; except: number }
  | { kind: 'seal' };

const PEERS = 5;
const peerIndex = fc.nat(PEERS - 1);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant('answer' as const),
      peer: peerIndex,
      status: fc.constantFrom(...STATUSES),
      cancel: fc.boolean(),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('wait' as const),
      ms: fc.constantFrom(10, 600, 5_000, 33_000, 181_000),
    }),
  },
  { weight: 2, arbitrary: fc.constant({ kind: 'cancel' as const }) },
  { weight: 2, arbitrary: fc.constant({ kind: 'again' as const }) },
  { weight: 2, arbitrary: fc.constant({ kind: 'ack' as const }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('lose' as const), peer: peerIndex }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('unreachable' as const), peer: peerIndex }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('fork' as const), peer: peerIndex }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('reply' as const),
      status: fc.constantFrom(180, 403, 480, 200),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('cancelBranches' as const), except: fc.nat(4) }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'seal' as const }) },
);

const scenario = fc.record({
  method: fc.constantFrom('INVITE', 'MESSAGE'),
  callerUdp: fc.boolean(),
  /** Forked at once: a peer's flow, or a name with these peers as targets. */
  forks: fc.array(
    fc.oneof(fc.array(peerIndex, { minLength: 1, maxLength: 1 }), fc.array(peerIndex, { maxLength: 3 })),
    { maxLength: 4 },
  ),
  udp: fc.array(fc.boolean(), { minLength: PEERS, maxLength: PEERS }),
  /** How often a failed branch is replaced or dropped. */
  retries: fc.nat(3),
  instant: fc.array(fc.option(fc.constantFrom(...STATUSES)), { minLength: PEERS, maxLength: PEERS }),
  breadth: fc.option(fc.integer({ min: 1, max: 4 })),
  steps: fc.array(step, { maxLength: 25 }),
});

const run = async ({
  method,
  callerUdp,
  forks,
  udp,
  retries,
  instant,
  breadth,
  steps,
}: typeof scenario extends fc.Arbitrary<infer S> ? S : never) => {
  const net = new ScriptedNetwork();
  const caller = net.peer(callerUdp ? 'udp' : 'tcp', 5070);
  const targets = udp.map((isUdp, index): Target => ({
    transport: isUdp ? 'udp' : 'tcp',
    address: '10.0.0.9',
    port: 6_000 + index,
  }));
  const peer = (index: number): PeerFlow => net.peer(targets[index]!.transport, targets[index]!.port);
  const completed: number[] = [];
  const defects: unknown[] = [];
  let context: ProxyContext<number> | undefined;
  let server: PendingRequest | undefined;
  const isOver = (): boolean => server!.ended || (method !== 'INVITE' && server!.answered);
  let left = retries;
  const hopOf = (indexes: readonly number[], asFlow: boolean): NextHop => {
    if (asFlow) return { kind: 'flow', flow: peer(indexes[0]!) };
    const uri = `sip:${indexes.join('-')}.test`;
    net.names.set(
      uri,
      indexes.map((index) => targets[index]!),
    );
    return { kind: 'uri', uri, listener: 'core' };
  };
  const fork = (indexes: readonly number[], asFlow: boolean): void =>
    void context?.fork(new Edits(context.server.request), hopOf(indexes, asFlow), indexes[0] ?? -1);

  const endpoint: SipEndpoint = createEndpoint({
    name: 'core', random: net.random, timers: net.timers, transports: net, resolver: net,
    onDefect: (error) => void defects.push(error),
    user: {
      request: (tx) => {
        if (tx.request.method === 'CANCEL') return tx.reply(481);
        server = tx as PendingRequest;
        context = endpoint.proxy(tx, {
          completed: (status) => void completed.push(status),
          branchFailed: () => {
            if (left-- <= 0) return 'count';
            if (left % 2 === 0) fork([left], true);
            return 'retry';
          },
        });
        forks.forEach((indexes, at) => fork(indexes, at % 2 === 0 && indexes.length > 0));
      },
      ack: () => undefined,
    },
  }); // prettier-ignore
  net.receiver = endpoint;
  instant.forEach((status, index) => {
    if (status === null) return;
    peer(index).onSend = (text) => {
      if (!text.startsWith('ACK')) net.receive(peer(index), responseText(text, status));
    };
  });

  const headers = ['Max-Forwards: 70', ...(breadth === null ? [] : [`Max-Breadth: ${breadth}`])];
  const via = `SIP/2.0/${callerUdp ? 'UDP' : 'TCP'} 10.0.0.9:5070;branch=z9hG4bKprop`;
  const request = requestText(method, { headers, via });
  net.receive(caller, request);
  let acked = false;
  const ack = (): void => {
    acked = true;
    net.receive(caller, requestText('ACK', { via, toTag: 'any' }));
  };
  for (const one of steps) {
    take(one);
    await Promise.resolve();
  }
  if (context?.branches.length === 0) context.seal(); // else it is nobody's
  net.drain(2_000_000);
  if (method === 'INVITE' && !acked) ack();
  net.drain(200_000);
  return { net, endpoint, caller, completed, defects };

  function take(one: Step): void {
    switch (one.kind) {
      case 'answer': {
        const wanted = one.cancel ? /^CANCEL/ : /^(INVITE|MESSAGE)/;
        const asked = peer(one.peer).sent.findLast((text) => wanted.test(text));
        if (asked) net.receive(peer(one.peer), responseText(asked, one.status, `t${one.peer}`));
        return;
      }
      case 'wait': return net.advance(one.ms);
      case 'cancel': return net.receive(caller, requestText('CANCEL', { via }));
      case 'again':
        return isOver() ? undefined : net.receive(caller, request); // later it would be a new request
      case 'ack': return method === 'INVITE' ? ack() : undefined;
      case 'lose': return net.lose(peer(one.peer));
      case 'unreachable': return endpoint.sendFailed(targets[one.peer]!);
      case 'fork': return fork([one.peer], true);
      case 'reply': return context?.reply(one.status);
      case 'cancelBranches': return context?.cancelBranches('', context.branches[one.except]);
      case 'seal': return context?.seal();
    }
  } // prettier-ignore
};

const finalsOf = (flow: PeerFlow, method: string): { status: number; text: string }[] => {
  const seen = new Set<string>();
  return flow.sent
    .map((text) => ({ status: Number(text.slice(8, 11)), text }))
    .filter(({ status, text }) => status >= 200 && text.includes(`CSeq: 1 ${method}\r\n`))
    .filter(({ text }) => !seen.has(text) && seen.add(text));
};

it('keeps its promises under any interleaving', async () => {
  await fc.assert(
    fc.asyncProperty(scenario, async (case_) => {
      const { net, endpoint, caller, completed, defects } = await run(case_);
      const finals = finalsOf(caller, case_.method);
      expect(defects).toEqual([]);
      expect(endpoint.transactionCount).toBe(0);
      expect(net.timers.size).toBe(0);
      const accepted = finals.filter(({ status }) => status < 300);
      if (case_.method === 'INVITE') {
        expect(completed).toHaveLength(1);
        expect(finals.length).toBeGreaterThanOrEqual(1);
        expect(accepted.length === finals.length || finals.length === 1).toBe(true);
      } else {
        expect(completed.length).toBeLessThanOrEqual(1);
        expect(finals.length).toBeLessThanOrEqual(completed.length);
      }
      for (const { status } of finals)
        expect(status === 503 || (case_.method !== 'INVITE' && status === 408)).toBe(false);
    }),
    { numRuns: Number(process.env['FC_RUNS'] ?? 400) },
  );
});
