// Two engines of one process, an edge and a core, that exchange messages directly (exchange.ts): as each sees the other, and
// that nothing is left of any request when it is over.
import { createEndpoint } from './endpoint.js';
import type { EndpointOptions, SipEndpoint } from './endpoint.options.js';
import type { EndpointUser, NextHop, ProxyContext, ServerTransaction } from './endpoint.port.js';
import { Edits } from '../message/edits.js';
import { H } from '../message/header-table.js';
import { PeerFlow, requestText, responseText, ScriptedNetwork } from '../testing/scripted-network.js';
import type { JoinedFlow, TransportReceiver } from '../transport/transport.port.js';

/** What one engine sends the other, in order, each message outside the processing of another. */
class Wire {
  readonly ends: Record<'edge' | 'core', PeerFlow & JoinedFlow>;
  readonly receivers: Partial<Record<'edge' | 'core', TransportReceiver>> = {};
  full = false;
  private readonly waiting: (() => void)[] = [];

  constructor() {
    const end = (here: 'edge' | 'core', there: 'edge' | 'core'): PeerFlow & JoinedFlow => {
      const flow = new PeerFlow('tcp', '10.0.0.2', 5054, here, 1);
      const carry = (deliver: (to: TransportReceiver, on: JoinedFlow) => void): boolean => {
        if (this.full || flow.closed) return false;
        this.waiting.push(() => deliver(this.receivers[there]!, this.ends[there]));
        return true;
      };
      return Object.assign(flow, {
        joined: true,
        send: (text: string) => carry((to, on) => to.message(text, on)),
        sendWithin: (text: string, exchange: object) =>
          carry((to, on) => to.messageWithin!(text, on, exchange)),
      });
    };
    this.ends = { edge: end('edge', 'core'), core: end('core', 'edge') };
  }

  drain(): void {
    for (let run = this.waiting.shift(); run !== undefined; run = this.waiting.shift()) run();
  }

  close(): void {
    for (const side of ['edge', 'core'] as const) this.ends[side].closed = true;
    for (const side of ['edge', 'core'] as const) this.receivers[side]!.flowClosed(this.ends[side]);
  }
}

const CORE = { transport: 'tcp', address: '10.0.0.2', port: 5054 } as const;
const TO_CORE: NextHop = { kind: 'uri', uri: 'sip:core.test', listener: 'edge' };

/** The edge forwards all to the core; the core does what the test says, by default with two devices of the callee. */
const world = (core: Partial<EndpointUser> = {}, options: Partial<EndpointOptions> = {}, edit?: (edits: Edits) => void) => {
  const net = new ScriptedNetwork();
  net.names.set('sip:core.test', [CORE]);
  const wire = new Wire();
  const caller = net.peer('udp', 5070, '10.0.0.9', 'access');
  const devices = [net.peer('udp', 5080, '10.0.0.11'), net.peer('udp', 5080, '10.0.0.12')];
  const completed: number[] = [];
  const defects: unknown[] = [];
  const contexts: ProxyContext<number>[] = [];
  const engine = (name: 'edge' | 'core', user: EndpointUser, more: Partial<EndpointOptions>): SipEndpoint =>
    (wire.receivers[name] = createEndpoint({
      name,
      random: net.random,
      timers: net.timers,
      transports: { flowTo: (target, listener) => (target.port === CORE.port ? wire.ends.edge : net.flowTo(target, listener)), sentBy: () => `${name}.test:5060` },
      resolver: net,
      user,
      onDefect: (error) => void defects.push(error),
      ...more,
    }));
  const edge = engine(
    'edge',
    {
      request: (tx) => {
        const edits = new Edits(tx.request);
        edit?.(edits);
        edge.proxy(tx, { completed: (status) => void completed.push(status) }).fork(edits, TO_CORE, undefined);
      },
      ack: (ack) => edge.sendStateless(new Edits(ack), TO_CORE),
    },
    {},
  );
  const router: SipEndpoint = engine(
    'core',
    {
      request: (tx) => {
        const context = router.proxy<number>(tx, {});
        contexts.push(context);
        devices.forEach((flow, index) => context.fork(new Edits(tx.request), { kind: 'flow', flow }, index));
      },
      ack: (ack) => router.sendStateless(new Edits(ack), { kind: 'flow', flow: devices[0]! }),
      ...core,
    },
    options,
  );
  const say = (text: string): void => {
    edge.message(text, caller);
    wire.drain();
  };
  const answer = (device: number, status: number, asked = /^(?:INVITE|MESSAGE)/): void => {
    const flow = devices[device]!;
    router.message(responseText(flow.sent.findLast((text) => asked.test(text))!, status, `d${device}`), flow);
    wire.drain();
  };
  /** Statuses that the caller got, 100 apart. */
  const heard = (): number[] =>
    caller.sent.splice(0).map((text) => Number(text.slice(8, 11))).filter((status) => status > 100);
  const over = (): void => {
    expect([edge.pendingCount, router.pendingCount]).toEqual([0, 0]);
    for (let step = 0; step < 60; step++) {
      net.advance(10_000);
      wire.drain();
    }
    expect([edge.transactionCount, router.transactionCount, net.timers.size]).toEqual([0, 0, 0]);
    expect(defects).toEqual([]);
  };
  return { net, wire, edge, router, caller, devices, contexts, completed, defects, say, answer, heard, over };
}; // prettier-ignore

const INVITE = requestText('INVITE');
const methodsOf = (flow: PeerFlow): (string | undefined)[] => flow.sent.map((text) => text.split(' ')[0]);

describe('two engines of one process', () => {
  it('carry a call that two devices answer: every 2xx reaches the caller', () => {
    const { devices, say, answer, heard, over, completed } = world();
    say(INVITE);
    answer(0, 180);
    answer(0, 200);
    answer(1, 200);
    expect(heard()).toEqual([180, 200, 200]);
    expect(completed).toEqual([200]);
    say(requestText('ACK', { branch: 'z9hG4bKack', toTag: 'd0' }));
    expect(methodsOf(devices[0]!)).toEqual(['INVITE', 'ACK']);
    expect(methodsOf(devices[1]!)).toEqual(['INVITE']);
    over();
  });

  it('cancel: nothing is awaited between them', () => {
    const { devices, say, answer, heard, over } = world();
    say(INVITE);
    answer(0, 180);
    say(requestText('CANCEL'));
    answer(1, 100);
    expect(devices.map(methodsOf)).toEqual(Array(2).fill(['INVITE', 'CANCEL']));
    answer(0, 200, /^CANCEL/);
    answer(1, 200, /^CANCEL/);
    answer(0, 487);
    answer(1, 487);
    expect(heard()).toEqual([180, 200, 487]);
    say(requestText('ACK'));
    over();
  });

  it('pass the best failure on, and no ACK between them', () => {
    const { say, answer, heard, over, completed } = world();
    say(INVITE);
    answer(0, 486);
    answer(1, 404);
    expect(heard()).toEqual([404]);
    expect(completed).toEqual([404]);
    say(requestText('ACK'));
    over();
  });

  it('answer another method, and its retransmission from what is kept', () => {
    const { say, heard, over } = world({ request: (tx) => tx.reply(202) });
    say(requestText('MESSAGE'));
    say(requestText('MESSAGE'));
    expect(heard()).toEqual([202, 202]);
    over();
  });

  it('do not ask again for admission: the edge has let it in', () => {
    const { say, heard, over } = world({ request: (tx) => tx.reply(202) }, { admits: () => false });
    say(requestText('MESSAGE'));
    expect(heard()).toEqual([202]);
    over();
  });

  it('refuse what is new while draining, and what is over the bound: exactly', () => {
    const drained = world();
    drained.router.drain();
    drained.say(INVITE);
    expect(drained.heard()).toEqual([500]); // this node's own word: it is not the edge that is busy (§16.7 item 6)
    expect(drained.router.counters.overload).toBe(1);
    const held: ServerTransaction[] = [];
    const bounded = world({ request: (tx) => void held.push(tx) }, { limits: { transactionsMax: 1 } });
    bounded.say(requestText('MESSAGE', { branch: 'z9hG4bK1' }));
    bounded.say(requestText('MESSAGE', { branch: 'z9hG4bK2' }));
    expect([held.length, bounded.router.counters.overload]).toEqual([1, 1]);
    held[0]!.reply(200);
    bounded.wire.drain();
    expect(bounded.heard()).toEqual([500, 200]);
    bounded.over();
  });

  it('answer what cannot be read: too large after the edits', () => {
    const { say, heard, over, edge, router } = world({}, {}, (edits) =>
      edits.replace(H.UserAgent, 'x'.repeat(70_000)),
    );
    say(requestText('MESSAGE'));
    expect(heard()).toEqual([513]);
    expect([edge.counters.malformed, router.counters.malformed]).toEqual([0, 1]);
    over();
  });

  it('answer 500 for an exception in the one that was asked', () => {
    const { say, heard, defects } = world({
      request: () => {
        throw new Error('a defect');
      },
    });
    say(INVITE);
    expect(heard()).toEqual([500]);
    expect(defects).toHaveLength(1);
  });

  it.each(['INVITE', 'MESSAGE'])(
    'owe nothing when the one leaves before the other has begun (%s)',
    (method) => {
      const held: ServerTransaction[] = [];
      const { wire, say, heard, router, edge, over } = world({ request: (tx) => void held.push(tx) });
      say(requestText(method));
      wire.close();
      expect(heard()).toEqual([500]);
      router.proxy(held[0]!, {}).seal(); // what it was waiting for comes too late
      expect([edge.pendingCount, router.pendingCount]).toEqual([0, 0]);
      if (method === 'INVITE') say(requestText('ACK'));
      over();
    },
  );

  it('tell the caller when a final answer finds no room between them', async () => {
    const { wire, say, answer, heard, router, over } = world();
    say(INVITE);
    wire.full = true;
    answer(0, 603);
    answer(1, 100);
    answer(1, 200, /^CANCEL/);
    answer(1, 487);
    await Promise.resolve();
    wire.full = false;
    expect([heard(), router.counters.responsesLost]).toEqual([[500], 1]);
    say(requestText('ACK'));
    over();
  });

  it('take no answer whose topmost Via is another', () => {
    const held: ServerTransaction[] = [];
    const { wire, say, heard, edge } = world({ request: (tx) => void held.push(tx) });
    say(requestText('MESSAGE'));
    const changed = responseText(held[0]!.request.raw, 200).replace(/branch=[^\r]*/, 'branch=z9hG4bKother');
    held[0]!.forward(200, changed);
    wire.drain();
    expect([heard(), edge.counters.strayResponses]).toEqual([[], 1]);
  });

  it('give a request that was taken to nobody else', () => {
    const { net, wire, say, devices, heard } = world();
    const second = { transport: 'tcp', address: '10.0.0.3', port: 5055 } as const;
    net.names.set('sip:core.test', [CORE, second]);
    say(INVITE);
    expect(devices.map(methodsOf)).toEqual([['INVITE'], ['INVITE']]);
    wire.close();
    expect(heard()).toEqual([500]);
    expect(net.peer('tcp', second.port, second.address, 'edge').sent).toEqual([]);
  });

  it('give a request that could not be sent to the next', () => {
    const { net, wire, say } = world();
    const second = { transport: 'tcp', address: '10.0.0.3', port: 5055 } as const;
    net.names.set('sip:core.test', [CORE, second]);
    wire.full = true;
    say(INVITE);
    expect(methodsOf(net.peer('tcp', second.port, second.address, 'edge'))).toEqual(['INVITE']);
  });
});
