// A user that takes its time to replace a branch, and one that gives a branch up (ProxyContext.hold, abandon).
import { createEndpoint } from './endpoint.js';
import type { SipEndpoint } from './endpoint.options.js';
import { Edits } from '../message/edits.js';
import type { Branch, ProxyContext, ProxyUser } from './endpoint.port.js';
import { headerOf, requestText, responseText, ScriptedNetwork, type PeerFlow } from '../testing/scripted-network.js'; // prettier-ignore

const world = (user: ProxyUser<number> = {}) => {
  const net = new ScriptedNetwork();
  const caller = net.peer('udp', 5070);
  const callees = [6_001, 6_002, 6_003].map((port) => net.peer('tcp', port));
  const completed: number[] = [];
  let context: ProxyContext<number> | undefined;
  const endpoint: SipEndpoint = createEndpoint({
    name: 'core',
    random: net.random,
    timers: net.timers,
    transports: net,
    resolver: net,
    user: {
      request: (tx) => {
        context = endpoint.proxy(tx, { completed: (status) => void completed.push(status), ...user });
        fork(0);
      },
      ack: () => undefined,
    },
  });
  const fork = (label: number): Branch<number> | undefined =>
    context!.fork(new Edits(context!.server.request), { kind: 'flow', flow: callees[label]! }, label);
  net.receiver = endpoint;
  const answer = (label: number, status: number): void => {
    const flow: PeerFlow = callees[label]!;
    const invite = flow.sent.find((text) => text.startsWith('INVITE')) ?? '';
    net.receive(flow, responseText(invite, status, `tag${label}`, []));
  };
  net.receive(caller, requestText('INVITE'));
  caller.take();
  const cancel = (): void => net.receive(caller, requestText('CANCEL', { headers: ['Max-Forwards: 70'] }));
  const statuses = (): number[] => caller.sent.map((text) => Number(text.slice(8, 11)));
  const methods = (label: number): string[] =>
    callees[label]!.sent.map((text) => text.slice(0, text.indexOf(' ')));
  const over = (): void => {
    net.receive(caller, requestText('ACK', { toTag: 'any' }));
    net.drain(400_000);
    expect([endpoint.transactionCount, net.timers.size]).toEqual([0, 0]);
  };
  return { net, callees, completed, fork, answer, cancel, statuses, methods, over, context: context! };
};

const retry = { branchFailed: (_branch: Branch<number>, status: number) => (status === 500 ? 'retry' : 'count') } as const; // prettier-ignore

describe('a user that holds the answer', () => {
  it('replaces a failed branch later, by several that are sent together', () => {
    const { context, fork, answer, statuses, methods, over } = world(retry);
    context.hold();
    answer(0, 500);
    expect(statuses()).toEqual([]);
    fork(1);
    fork(2);
    expect([methods(1), methods(2)]).toEqual([[], []]);
    context.release();
    expect([methods(1), methods(2)]).toEqual([['INVITE'], ['INVITE']]);
    answer(1, 486);
    answer(2, 200);
    expect(statuses()).toEqual([200]);
    over();
  });

  it('is answered by what there is when it finds nothing', () => {
    const { context, answer, statuses, over } = world();
    context.hold();
    answer(0, 404);
    expect(statuses()).toEqual([]);
    context.release();
    expect(statuses()).toEqual([404]);
    over();
  });

  it('does not keep a caller who gives up', () => {
    const { context, answer, cancel, fork, statuses, completed, over } = world(retry);
    context.hold();
    answer(0, 500);
    cancel();
    expect(statuses()).toEqual([200, 487]);
    expect(fork(1)).toBeUndefined();
    context.release();
    expect(completed).toEqual([487]);
    over();
  });
});

describe('a branch that is given up', () => {
  const given = () => {
    const made = world();
    made.answer(0, 100);
    made.context.hold();
    made.context.abandon(made.context.branches[0]!, 'SIP;cause=408');
    made.fork(1);
    made.context.release();
    return made;
  };

  it('is cancelled, and neither rings nor keeps the answer back any more', () => {
    const { answer, callees, methods, statuses, over } = given();
    expect(methods(0)).toEqual(['INVITE', 'CANCEL']);
    expect(headerOf(callees[0]!.last, 'Reason')).toBe('SIP;cause=408');
    answer(0, 183);
    answer(0, 487);
    answer(1, 180);
    answer(1, 486);
    expect(statuses()).toEqual([180, 486]);
    over();
  });

  it('still answers the call when its 200 crosses the CANCEL', () => {
    const { answer, methods, statuses, over } = given();
    answer(1, 180);
    answer(0, 200);
    expect(statuses()).toEqual([180, 200]);
    expect(methods(1)).toEqual(['INVITE', 'CANCEL']);
    over();
  });
});

it('tells its user of every sign of life', () => {
  const heard: number[] = [];
  const { answer, over } = world({ provisional: (_branch, status) => void heard.push(status) });
  for (const status of [100, 183, 180]) answer(0, status);
  answer(0, 486);
  expect(heard).toEqual([100, 183, 180]);
  over();
});
