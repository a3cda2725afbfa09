// Three nodes on a network that loses, duplicates, delays and reorders datagrams: a client, a proxy, a server.
// Each request is executed once and answered once, or given up by its own timers; afterwards nothing is left anywhere.
import fc from 'fast-check';
import { createEndpoint } from './endpoint.js';
import type { SipEndpoint } from './endpoint.options.js';
import { Edits } from '../message/edits.js';
import type { EndpointUser, NextHop } from './endpoint.port.js';
import { countingRandom, headerOf, requestText } from '../testing/scripted-network.js';
import { TimerWheel } from '../transaction/timer-wheel.js';
import type { Flow, Target, TransportReceiver, Transports } from '../transport/transport.port.js';

type Weather = { loss: number; duplicates: number; delayMaxMs: number; seed: number };

/** A datagram network of named nodes, each at an address of its own. */
class Weathered {
  nowMs = 0;
  readonly timers = new TimerWheel({ monotonicMs: () => this.nowMs });
  readonly receivers = new Map<string, TransportReceiver>();
  private readonly flows = new Map<string, Flow>();
  private readonly chance: () => number;

  constructor(private readonly weather: Weather) {
    const { fraction } = countingRandom(weather.seed);
    this.chance = fraction;
  }

  flow(local: string, remote: string): Flow {
    const key = `${local} ${remote}`;
    const known = this.flows.get(key);
    if (known) return known;
    const flow: Flow = {
      transport: 'udp',
      reliable: false,
      listener: 'core',
      localAddress: local,
      localPort: 5060,
      remoteAddress: remote,
      remotePort: 5060,
      connectionId: 0,
      closed: false,
      send: (message) => {
        const { loss, duplicates } = this.weather;
        for (let copies = this.chance() < duplicates ? 2 : 1; copies > 0; copies--)
          if (this.chance() >= loss) this.carry(message, local, remote);
        return true;
      },
      close: () => undefined,
    };
    this.flows.set(key, flow);
    return flow;
  }

  transports(local: string): Transports {
    return { flowTo: ({ address }) => this.flow(local, address), sentBy: () => local };
  }

  advance(ms: number): void {
    const until = this.nowMs + ms;
    for (let next = this.timers.nextDeadlineMs(); next !== undefined && next <= until;) {
      this.nowMs = Math.max(this.nowMs, next);
      this.timers.advance(this.nowMs);
      next = this.timers.nextDeadlineMs();
    }
    this.nowMs = until;
  }

  private carry(message: string, from: string, to: string): void {
    this.timers.after(this.chance() * this.weather.delayMaxMs, () =>
      this.receivers.get(to)?.message(message, this.flow(to, from)),
    );
  }
}

const [CLIENT, PROXY, SERVER] = ['10.0.0.1', '10.0.0.2', '10.0.0.3'];
const hopTo = (address: string): NextHop => {
  const target: Target = { transport: 'udp', address, port: 5060 };
  return { kind: 'target', target, listener: 'core' };
};

const run = (weather: Weather, method: string, status: number) => {
  const net = new Weathered(weather);
  const node = (address: string, user: EndpointUser): SipEndpoint => {
    const endpoint = createEndpoint({
      name: address,
      random: countingRandom(weather.seed + Number(address.at(-1))),
      timers: net.timers,
      transports: net.transports(address),
      resolver: { resolve: () => [] },
      user,
      onDefect: (error) => void defects.push(error),
    });
    net.receivers.set(address, endpoint);
    return endpoint;
  };
  const defects: unknown[] = [];
  const told: (number | string)[] = [];
  const executed: string[] = [];
  const client = node(CLIENT, { request: (tx) => tx.reply(500), ack: () => undefined });
  const proxy: SipEndpoint = node(PROXY, {
    request: (tx) => void proxy.proxy(tx, {}).fork(new Edits(tx.request), hopTo(SERVER), undefined),
    ack: (ack) => proxy.sendStateless(new Edits(ack), hopTo(SERVER)),
  });
  const server = node(SERVER, {
    request: (tx) => {
      // Timer C of a proxy that never saw the 2xx: nothing here to cancel any more.
      if (tx.request.method === 'CANCEL') return tx.reply(481);
      executed.push(headerOf(tx.request.raw, 'Call-ID') ?? '');
      if (method === 'INVITE') tx.reply(180);
      net.timers.after(2_000, () => tx.reply(status));
    },
    ack: () => undefined,
  });
  client.request(requestText(method), hopTo(PROXY), {
    response: (response) => {
      if (response.status >= 200) told.push(response.status);
    },
    failed: (failure) => void told.push(`failed ${failure}`),
  });
  net.advance(1_000_000);
  const left = [client, proxy, server].map(({ transactionCount }) => transactionCount);
  return { told, executed, defects, left, timers: net.timers.size };
};

const weathers = fc.record({
  loss: fc.constantFrom(0, 0.1, 0.3, 0.6, 1),
  duplicates: fc.constantFrom(0, 0.2, 0.8),
  delayMaxMs: fc.constantFrom(0, 40, 900),
  seed: fc.nat(1_000_000),
});

it.each([
  ['MESSAGE', 200],
  ['MESSAGE', 404],
  ['INVITE', 200],
  ['INVITE', 486],
])('%s answered %d', (method, status) => {
  fc.assert(
    fc.property(weathers, (weather) => {
      const { told, executed, defects, left, timers } = run(weather, method, status);
      expect(defects).toEqual([]);
      expect(executed.length).toBeLessThanOrEqual(1);
      expect(left).toEqual([0, 0, 0]);
      expect(timers).toBe(0);
      if (weather.loss === 0) expect(told).toContain(status);
      // A 2xx to an INVITE may come more than once: the network duplicates it.
      expect(new Set(told).size).toBe(1);
      if (status !== 200 || method !== 'INVITE') expect(told).toHaveLength(1);
    }),
    { numRuns: 60 },
  );
});

// The last copies of a request come after its server has given up without an answer.
it.each([
  [169_879, 200],
  [37_634, 404],
])('executes what nobody can be told of once, seed %d', (seed, status) => {
  const { told, executed } = run({ loss: 0.6, duplicates: 0.2, delayMaxMs: 900, seed }, 'MESSAGE', status);
  expect([told, executed]).toEqual([['failed 408'], ['call-1']]);
});

it('gets through a bad network nearly always', () => {
  let through = 0;
  for (let seed = 1; seed <= 100; seed++) {
    const { told } = run({ loss: 0.3, duplicates: 0.1, delayMaxMs: 50, seed }, 'MESSAGE', 200);
    if (told[0] === 200) through++;
  }
  expect(through).toBeGreaterThan(95);
});
