// The response context against RFC 3261 §16.6–16.10, RFC 4320, RFC 5393 §5.
import { jest } from '@jest/globals';
import { createEndpoint } from './endpoint.js';
import type { EndpointOptions, SipEndpoint } from './endpoint.options.js';
import { Edits } from '../message/edits.js';
import type { ForkOptions, NextHop, ProxyContext, ProxyUser, ServerTransaction } from './endpoint.port.js';
import {
  headerOf,
  headersOf,
  requestText,
  responseText,
  ScriptedNetwork,
  startLine,
  type PeerFlow,
} from '../testing/scripted-network.js';

/** One endpoint that forks every request to the given hops, with this policy. */
const world = (
  count: number,
  user: ProxyUser<number> = {},
  options: Partial<EndpointOptions> = {},
  forked: ForkOptions = {},
) => {
  const net = new ScriptedNetwork();
  const caller = net.peer('udp', 5070);
  const callees = Array.from({ length: count }, (_, index) => net.peer('tcp', 6_001 + index));
  const completed: number[] = [];
  const defects: unknown[] = [];
  const contexts: ProxyContext<number>[] = [];
  const hopTo = (flow: PeerFlow): NextHop => ({ kind: 'flow', flow });
  const forkTo = (context: ProxyContext<number>, flow: PeerFlow, label: number) =>
    context.fork(new Edits(context.server.request), hopTo(flow), label, forked);
  const endpoint: SipEndpoint = createEndpoint({
    name: 'core',
    random: net.random,
    timers: net.timers,
    transports: net,
    resolver: net,
    onDefect: (error) => void defects.push(error),
    user: {
      request: (tx: ServerTransaction) => {
        const context = endpoint.proxy(tx, { completed: (status) => void completed.push(status), ...user });
        contexts.push(context);
        callees.forEach((flow, label) => forkTo(context, flow, label));
      },
      ack: () => undefined,
    },
    ...options,
  });
  net.receiver = endpoint;
  /** The callee answers the request (INVITE, not CANCEL or ACK) that it got last. */
  const answer = (flow: PeerFlow, status: number, headers: string[] = [], method = 'INVITE'): void => {
    const request = flow.sent.findLast((text) => text.startsWith(method)) ?? '';
    net.receive(flow, responseText(request, status, `tag${flow.remotePort}`, headers));
  };
  const call = (): void => {
    net.receive(caller, requestText('INVITE'));
    caller.take();
  };
  const cancel = (headers: string[] = []): void =>
    net.receive(caller, requestText('CANCEL', { headers: ['Max-Forwards: 70', ...headers] }));
  const over = (): void => {
    net.receive(caller, requestText('ACK', { toTag: 'any' }));
    net.drain(400_000);
    expect(endpoint.transactionCount).toBe(0);
    expect(net.timers.size).toBe(0);
  };
  return { net, endpoint, caller, callees, completed, defects, contexts, forkTo, answer, call, cancel, over };
};

/** Who was asked of responses, in order. */
const said: string[] = [];

const methods = (flow: PeerFlow): string[] => flow.sent.map((text) => text.slice(0, text.indexOf(' ')));
const statuses = (flow: PeerFlow): number[] => flow.sent.map((text) => Number(text.slice(8, 11)));

describe('forking', () => {
  it('rings all, passes on each provisional, and cancels the rest when one accepts', () => {
    const { caller, callees, call, answer, completed, over } = world(3);
    call();
    answer(callees[0]!, 180);
    answer(callees[1]!, 183);
    answer(callees[2]!, 100);
    answer(callees[1]!, 200);
    expect(statuses(caller)).toEqual([180, 183, 200]);
    expect(callees.map(methods)).toEqual([['INVITE', 'CANCEL'], ['INVITE'], ['INVITE', 'CANCEL']]);
    expect(headerOf(callees[0]!.last, 'Reason')).toBe('SIP;cause=200;text="Call completed elsewhere"');

    answer(callees[0]!, 200, [], 'CANCEL');
    answer(callees[0]!, 487);
    answer(callees[2]!, 487);
    expect(callees.map(methods)).toEqual([
      ['INVITE', 'CANCEL', 'ACK'],
      ['INVITE'],
      ['INVITE', 'CANCEL', 'ACK'],
    ]);
    expect(statuses(caller)).toEqual([180, 183, 200]);
    expect(completed).toEqual([200]);
    over();
  });

  it('passes every 2xx to an INVITE upstream, also one that crossed its CANCEL', () => {
    const { caller, callees, call, answer, completed, over } = world(2);
    call();
    answer(callees[0]!, 180);
    answer(callees[0]!, 200);
    answer(callees[1]!, 200); // never provisional: no CANCEL was sent
    answer(callees[0]!, 200);
    expect(statuses(caller)).toEqual([180, 200, 200, 200]);
    expect(callees.map(methods)).toEqual([['INVITE'], ['INVITE']]);
    expect(completed).toEqual([200]);
    over();
  });

  it('lets the others ring on where the user says so, as long as their 2xx could be passed on (RFC 3841 §9.1)', () => {
    const { net, caller, callees, call, answer, completed, over } = world(3, { keepsRinging: true });
    call();
    for (const callee of callees) answer(callee, 180);
    answer(callees[0]!, 200);
    expect(callees.map(methods)).toEqual([['INVITE'], ['INVITE'], ['INVITE']]);
    answer(callees[1]!, 183);
    answer(callees[1]!, 200);
    expect(statuses(caller)).toEqual([180, 180, 180, 200, 200]);
    net.drain(31_990);
    expect(methods(callees[2]!)).toEqual(['INVITE']);
    net.drain(20);
    expect(methods(callees[2]!)).toEqual(['INVITE', 'CANCEL']);
    answer(callees[2]!, 200, [], 'CANCEL');
    answer(callees[2]!, 487);
    expect(completed).toEqual([200]);
    over();
  });

  it('cancels who rings on with a 6xx all the same', () => {
    const { callees, call, answer, over } = world(2, { keepsRinging: true });
    call();
    answer(callees[0]!, 180);
    answer(callees[1]!, 600);
    expect(methods(callees[0]!)).toEqual(['INVITE', 'CANCEL']);
    answer(callees[0]!, 200, [], 'CANCEL');
    answer(callees[0]!, 487);
    over();
  });

  it.each([
    ['the user', {}, ['first', 'first']],
    [
      'who is named for it',
      { laterAnswers: { response: () => void said.push('later') } },
      ['first', 'later'],
    ],
    ['nobody', { laterAnswers: undefined }, ['first']],
  ])('asks %s of the 2xx that come later', (_who, more, expected) => {
    said.length = 0;
    const { callees, call, answer, over } = world(1, { response: () => void said.push('first'), ...more });
    call();
    answer(callees[0]!, 200);
    answer(callees[0]!, 200);
    expect(said).toEqual(expected);
    over();
  });

  it.each([
    [[404, 486, 500], 404],
    [[500, 302, 404], 302],
    [[480, 407, 404], 407],
    [[408, 480, 487], 480],
    [[503, 502], 502],
    [[503, 500], 500],
    [[484, 404], 484],
    [[487, 486], 486],
  ])('of %j sends %d', (answers, best) => {
    const { caller, callees, call, answer, completed, over } = world(answers.length);
    call();
    answers.forEach((status, index) => answer(callees[index]!, status));
    expect(statuses(caller)).toEqual([best]);
    expect(completed).toEqual([best]);
    over();
  });

  it('a 6xx cancels the rest and is sent when they have ended; a 200 meanwhile wins', () => {
    const first = world(2);
    first.call();
    first.answer(first.callees[0]!, 180);
    first.answer(first.callees[1]!, 603);
    expect(methods(first.callees[0]!)).toEqual(['INVITE', 'CANCEL']);
    expect(statuses(first.caller)).toEqual([180]);
    expect(
      first.contexts[0]!.fork(
        new Edits(first.contexts[0]!.server.request),
        { kind: 'flow', flow: first.callees[0]! },
        9,
      ),
    ).toBeUndefined();
    first.answer(first.callees[0]!, 487);
    expect(statuses(first.caller)).toEqual([180, 603]);
    first.over();

    const second = world(2);
    second.call();
    second.answer(second.callees[0]!, 180);
    second.answer(second.callees[1]!, 603);
    second.answer(second.callees[0]!, 200);
    expect(statuses(second.caller)).toEqual([180, 200]);
    second.over();
  });

  it('a lone 503 becomes 500, with a Retry-After of 5–30 s', () => {
    const { caller, callees, call, answer, over } = world(1);
    call();
    answer(callees[0]!, 503, ['Retry-After: 3600']);
    expect(statuses(caller)).toEqual([500]);
    expect(Number(headerOf(caller.last, 'Retry-After'))).toBeGreaterThanOrEqual(5);
    expect(Number(headerOf(caller.last, 'Retry-After'))).toBeLessThanOrEqual(30);
    over();
  });

  it('merges the challenges of all branches into the one sent', () => {
    const { caller, callees, call, answer, over } = world(3);
    call();
    answer(callees[0]!, 401, ['WWW-Authenticate: Digest realm="a"']);
    answer(callees[1]!, 407, [
      'Proxy-Authenticate: Digest realm="b"',
      'Proxy-Authenticate: Digest realm="c"',
    ]);
    answer(callees[2]!, 401, ['WWW-Authenticate: Digest realm="d"']);
    expect(statuses(caller)).toEqual([401]);
    expect(headersOf(caller.last, 'WWW-Authenticate')).toEqual(['Digest realm="a"', 'Digest realm="d"']);
    expect(headersOf(caller.last, 'Proxy-Authenticate')).toEqual(['Digest realm="b"', 'Digest realm="c"']);
    over();
  });

  it('answers 408 when nobody does, and 480 when sealed without a branch', () => {
    const silent = world(2);
    silent.call();
    silent.net.advance(33_000);
    expect(statuses(silent.caller)).toEqual(expect.arrayContaining([408]));
    expect(silent.completed).toEqual([408]);
    silent.over();
    const empty = world(0);
    empty.call();
    expect(statuses(empty.caller)).toEqual([]);
    empty.contexts[0]!.seal();
    expect(statuses(empty.caller)).toEqual([480]);
    empty.over();
  });

  it('makes at most ten branches', () => {
    const { net, callees, call, contexts, endpoint } = world(12);
    call();
    expect(callees.filter(({ sent }) => sent.length > 0)).toHaveLength(10);
    expect(contexts[0]!.branches).toHaveLength(10);
    expect(endpoint.transactionCount).toBe(11);
    net.drain(400_000);
    expect(endpoint.transactionCount).toBe(0);
  });
});

describe('CANCEL from upstream (§16.10)', () => {
  it('is answered 200 at once; the 487 of the branches goes up', () => {
    const cancelled: string[] = [];
    const { caller, callees, call, answer, cancel, completed, over, contexts } = world(2, {
      cancelled: (message) => void cancelled.push(message.method),
    });
    call();
    answer(callees[0]!, 180);
    answer(callees[1]!, 180);
    cancel(['Reason: SIP;cause=600;text="Busy"']);
    expect(statuses(caller)).toEqual([180, 180, 200]);
    expect(headerOf(caller.last, 'CSeq')).toBe('1 CANCEL');
    expect(headerOf(callees[0]!.last, 'Reason')).toBe('SIP;cause=600;text="Busy"');
    expect(callees.map(methods)).toEqual([
      ['INVITE', 'CANCEL'],
      ['INVITE', 'CANCEL'],
    ]);
    cancel();
    expect(cancelled).toEqual(['CANCEL']);
    expect(contexts[0]!.server.cancelled).toBe(true);
    answer(callees[0]!, 487);
    answer(callees[1]!, 486);
    expect(statuses(caller)).toEqual([180, 180, 200, 200, 487]);
    expect(completed).toEqual([487]);
    over();
  });

  it('before a provisional waits for it', () => {
    const { callees, caller, call, answer, cancel, over } = world(1);
    call();
    cancel();
    expect(methods(callees[0]!)).toEqual(['INVITE']);
    answer(callees[0]!, 100);
    expect(methods(callees[0]!)).toEqual(['INVITE', 'CANCEL']);
    answer(callees[0]!, 487);
    expect(statuses(caller)).toEqual([200, 487]);
    over();
  });

  it('crossing a 200: the 200 wins', () => {
    const { callees, caller, call, answer, cancel, completed, over } = world(1);
    call();
    answer(callees[0]!, 180);
    cancel();
    answer(callees[0]!, 200);
    expect(statuses(caller)).toEqual([180, 200, 200]);
    expect(completed).toEqual([200]);
    over();
  });

  it('after the 200: answered, without effect', () => {
    const { callees, caller, call, answer, cancel, over } = world(1);
    call();
    answer(callees[0]!, 200);
    cancel();
    expect(statuses(caller)).toEqual([200, 200]);
    expect(methods(callees[0]!)).toEqual(['INVITE']);
    over();
  });

  it('with branches that never answer: 487 when timer B ends them', () => {
    const { net, caller, call, cancel, completed, over } = world(2);
    call();
    cancel();
    net.advance(33_000);
    expect(statuses(caller)).toEqual(expect.arrayContaining([200, 487]));
    expect(completed).toEqual([487]);
    over();
  });

  it('makes no branch of a request that was cancelled first', async () => {
    const { net, endpoint, caller, call, cancel, over } = world(
      0,
      {},
      {
        user: { request: (tx) => void (pending = tx), ack: () => undefined },
      },
    );
    let pending: ServerTransaction | undefined;
    call();
    cancel();
    const context = endpoint.proxy(pending!, {});
    const flow = net.peer('tcp', 6_001);
    expect(context.fork(new Edits(pending!.request), { kind: 'flow', flow }, 1)).toBeUndefined();
    await Promise.resolve();
    expect(statuses(caller)).toEqual([200, 487]);
    over();
  });
});

describe('Timer C (§16.8)', () => {
  it('cancels and answers 408; a 487 that comes of it is not passed on', () => {
    const { net, callees, caller, call, answer, completed, over } = world(1);
    call();
    answer(callees[0]!, 180);
    net.advance(180_020);
    expect(methods(callees[0]!)).toEqual(['INVITE', 'CANCEL']);
    answer(callees[0]!, 487);
    expect(statuses(caller)).toEqual([180, 408]);
    expect(completed).toEqual([408]);
    over();
  });
});

describe('non-INVITE', () => {
  const message = (w: ReturnType<typeof world>): void => w.net.receive(w.caller, requestText('MESSAGE'));

  it('passes on the first 2xx and no provisional', () => {
    const w = world(2);
    message(w);
    w.answer(w.callees[0]!, 183, [], 'MESSAGE');
    w.answer(w.callees[0]!, 200, [], 'MESSAGE');
    w.answer(w.callees[1]!, 200, [], 'MESSAGE');
    expect(statuses(w.caller)).toEqual([200]);
    expect(w.callees.map(methods)).toEqual([['MESSAGE'], ['MESSAGE']]);
    w.over();
  });

  it('is not answered 408: neither its own nor one received (RFC 4320 §4.2)', () => {
    const silent = world(1);
    message(silent);
    silent.net.advance(33_000);
    expect(statuses(silent.caller)).toEqual([100]);
    expect(silent.completed).toEqual([408]);
    silent.over();
    const received = world(1);
    message(received);
    received.answer(received.callees[0]!, 408, [], 'MESSAGE');
    expect(statuses(received.caller)).toEqual([]);
    received.over();
  });
});

describe('with hidden Vias (RFC 3323 §5.1)', () => {
  const via = 'SIP/2.0/UDP caller.test:5070;rport;branch=z9hG4bKcaller';
  const hiding = () => {
    const made = world(1, {}, {}, { hideVias: true });
    const { net, caller, callees } = made;
    net.receive(caller, requestText('INVITE', { via }));
    caller.take();
    return { ...made, callee: callees[0]! };
  };
  const callers = 'SIP/2.0/UDP caller.test:5070;rport=5070;branch=z9hG4bKcaller;received=10.0.0.9';

  it('sends its own alone, and puts the others back into every answer, the late ones too', () => {
    const { caller, callee, answer } = hiding();
    expect(headersOf(callee.last, 'Via')).toEqual([
      expect.stringMatching(/^SIP\/2.0\/TCP proxy.test:5060;branch=/),
    ]);
    answer(callee, 180);
    answer(callee, 200, ['X: 1']);
    answer(callee, 200, ['X: 2']);
    expect(statuses(caller)).toEqual([180, 200, 200]);
    for (const text of caller.sent) expect(headersOf(text, 'Via')).toEqual([callers]);
  });

  it('has them in refusals, and none in the CANCEL and the ACK that go on', () => {
    const { caller, callee, net, answer } = hiding();
    answer(callee, 180);
    net.receive(caller, requestText('CANCEL', { via }));
    answer(callee, 487);
    expect(methods(callee)).toEqual(['INVITE', 'CANCEL', 'ACK']);
    for (const text of callee.sent) expect(text).not.toContain('caller.test');
    expect(headersOf(caller.last, 'Via')).toEqual([callers]);
  });
});

describe('what the user decides', () => {
  it('changes responses, those that come after the first 2xx too (RFC 6026 §7.2)', () => {
    const { caller, callees, call, answer } = world(1, {
      response: (response, edits) => edits.addNamed('X-Seen', String(response.status)),
    });
    call();
    answer(callees[0]!, 180);
    answer(callees[0]!, 200);
    answer(callees[0]!, 200);
    answer(callees[0]!, 486);
    expect(statuses(caller)).toEqual([180, 200, 200]);
    expect(caller.sent.map((text) => headerOf(text, 'X-Seen'))).toEqual(['180', '200', '200']);
  });

  it('replaces a failed branch, whose status is then forgotten', () => {
    const failed: [number, number][] = [];
    const w = world(1, {
      branchFailed: (branch, status) => {
        failed.push([branch.label, status]);
        if (branch.label > 0) return 'count';
        w.forkTo(w.contexts[0]!, other, 1);
        return 'retry';
      },
    });
    const other = w.net.peer('tcp', 7_000);
    w.call();
    w.answer(w.callees[0]!, 404);
    expect(statuses(w.caller)).toEqual([]);
    w.answer(other, 480);
    expect(statuses(w.caller)).toEqual([480]);
    expect(failed).toEqual([
      [0, 404],
      [1, 480],
    ]);
    w.over();
  });

  it('may fork several replacements, of which one fails at once', () => {
    const w = world(1, {
      branchFailed: (branch) => {
        if (branch.label > 0) return 'count';
        w.forkTo(w.contexts[0]!, others[0]!, 1);
        w.forkTo(w.contexts[0]!, others[1]!, 2);
        return 'retry';
      },
    });
    const others = [w.net.peer('tcp', 7_000), w.net.peer('tcp', 7_001)];
    others[0]!.onSend = (text) => {
      if (text.startsWith('INVITE')) w.net.receive(others[0]!, responseText(text, 404));
    };
    w.call();
    w.answer(w.callees[0]!, 408);
    expect(statuses(w.caller)).toEqual([]);
    w.answer(others[1]!, 200);
    expect(statuses(w.caller)).toEqual([200]);
    w.over();
  });

  it('replaces the answer chosen', () => {
    const { caller, callees, call, answer, completed, over } = world(1, {
      chosen: (status, response) => (response?.status === 430 && status === 430 ? 480 : undefined),
    });
    call();
    answer(callees[0]!, 430);
    expect(statuses(caller)).toEqual([480]);
    expect(completed).toEqual([480]);
    over();
  });

  it('answers itself: branches are cancelled', () => {
    const { caller, callees, call, answer, contexts, completed, over } = world(2);
    call();
    answer(callees[0]!, 180);
    contexts[0]!.reply(403, 'No', 'X-Why: policy\r\n');
    answer(callees[0]!, 487);
    answer(callees[1]!, 200); // too late: nothing may follow the 403
    expect(statuses(caller)).toEqual([180, 403]);
    expect(headerOf(caller.last, 'X-Why')).toBe('policy');
    expect(methods(callees[0]!)).toEqual(['INVITE', 'CANCEL', 'ACK']);
    expect(completed).toEqual([403]);
    over();
  });

  it('cancels some and goes on', () => {
    const { callees, call, answer, contexts, forkTo, net, caller, over } = world(2);
    call();
    answer(callees[0]!, 180);
    answer(callees[1]!, 180);
    contexts[0]!.cancelBranches('', contexts[0]!.branches[1]);
    expect(callees.map(methods)).toEqual([['INVITE', 'CANCEL'], ['INVITE']]);
    const other = net.peer('tcp', 7_000);
    forkTo(contexts[0]!, other, 5);
    answer(callees[0]!, 487);
    answer(callees[1]!, 486);
    answer(other, 200);
    expect(statuses(caller)).toEqual([180, 180, 200]);
    over();
  });

  it.each(['response', 'branchFailed', 'chosen', 'completed', 'cancelled'] as const)(
    'may throw in %s: the caller is answered all the same, nothing leaks',
    (hook) => {
      const { callees, caller, call, answer, cancel, defects, over, completed } = world(1, {
        [hook]: () => {
          throw new Error('a defect');
        },
      });
      call();
      answer(callees[0]!, 180);
      if (hook === 'cancelled') cancel();
      answer(callees[0]!, 486);
      expect(statuses(caller).filter((status) => status >= 300)).toEqual([
        hook === 'branchFailed' || hook === 'completed' || hook === 'cancelled' ? 486 : 500,
      ]);
      expect(defects.length).toBeGreaterThan(0);
      if (hook !== 'completed') expect(completed).toHaveLength(1);
      over();
    },
  );

  it('takes its time: what is forked later in promises is sealed by the end of that call', async () => {
    const w = world(0);
    w.call();
    await Promise.resolve();
    w.forkTo(w.contexts[0]!, w.net.peer('tcp', 7_001), 1);
    w.forkTo(w.contexts[0]!, w.net.peer('tcp', 7_002), 2);
    expect(methods(w.net.peer('tcp', 7_001))).toEqual([]);
    await Promise.resolve();
    expect(headerOf(w.net.peer('tcp', 7_002).last, 'Max-Breadth')).toBe('30');
    w.answer(w.net.peer('tcp', 7_001), 404);
    expect(statuses(w.caller)).toEqual([]);
    w.answer(w.net.peer('tcp', 7_002), 404);
    expect(statuses(w.caller)).toEqual([404]);
    w.over();
  });
});

describe('peers in the same process answer inside send', () => {
  it.each([
    [404, 200, [200]],
    [200, 404, [200]],
    [404, 486, [404]],
  ])('%d and %d', (one, two, expected) => {
    const w = world(2);
    [one, two].forEach((status, index) => {
      const flow = w.callees[index]!;
      flow.onSend = (text) => {
        if (text.startsWith('INVITE')) w.net.receive(flow, responseText(text, status));
      };
    });
    w.net.receive(w.caller, requestText('INVITE'));
    expect(statuses(w.caller)).toEqual([100, ...expected]);
    w.over();
  });
});

describe('Max-Breadth (RFC 5393 §5)', () => {
  const breadths = (flows: readonly PeerFlow[]): (string | undefined)[] =>
    flows.map(({ last }) => (last === '' ? undefined : headerOf(last, 'Max-Breadth')));

  it('is divided among parallel branches', () => {
    const { callees, call } = world(3);
    call();
    expect(breadths(callees)).toEqual(['20', '20', '20']);
  });

  it('too small for all: the others wait until one has ended', () => {
    const { net, caller, callees, answer, over } = world(3);
    net.receive(caller, requestText('INVITE', { headers: ['Max-Forwards: 70', 'Max-Breadth: 2'] }));
    expect(breadths(callees)).toEqual(['1', '1', undefined]);
    answer(callees[0]!, 404);
    expect(breadths(callees)[2]).toBe('1');
    answer(callees[1]!, 404);
    answer(callees[2]!, 200);
    expect(statuses(caller)).toEqual([100, 200]);
    over();
  });

  it.each(['0', '-3', 'many'])('of %s is taken for 1', (stated) => {
    const { net, caller, callees } = world(2);
    net.receive(caller, requestText('INVITE', { headers: [`Max-Breadth: ${stated}`] }));
    expect(breadths(callees)).toEqual(['1', undefined]);
  });

  it('is believed up to 60', () => {
    const { net, caller, callees } = world(2);
    net.receive(caller, requestText('INVITE', { headers: ['Max-Breadth: 1000000'] }));
    expect(breadths(callees)).toEqual(['30', '30']);
    expect(headersOf(callees[0]!.last, 'Max-Breadth')).toHaveLength(1);
  });
});

it.each([200, 486])('answers 500 when a %d has lost the Vias of its way back', (status) => {
  const { net, callees, caller, call, completed, over } = world(1);
  call();
  const callee = callees[0]!;
  const broken = responseText(callee.last, status).replace(/^Via: SIP.2.0.UDP.*\r\n/m, '');
  net.receive(callee, broken);
  expect(statuses(caller)).toEqual([500]);
  expect(completed).toEqual([500]);
  over();
});

it('tells the user of a flow that is lost while it rings', () => {
  const branchFailed = jest.fn(() => 'count' as const);
  const { net, callees, caller, call, answer, over } = world(1, { branchFailed });
  call();
  answer(callees[0]!, 180);
  net.lose(callees[0]!);
  expect(branchFailed).toHaveBeenCalledWith(expect.anything(), 503, undefined);
  expect(startLine(caller.last)).toBe('SIP/2.0 500 Server Internal Error');
  over();
});
