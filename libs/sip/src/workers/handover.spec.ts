// Three workers on one port: what the kernel gives to the wrong one is handed to the one that it is of.
import { createEndpoint } from '../proxy/endpoint.js';
import type { SipEndpoint } from '../proxy/endpoint.options.js';
import type { NextHop, ServerTransaction } from '../proxy/endpoint.port.js';
import { Edits } from '../message/edits.js';
import { type PeerFlow, requestText, responseText, ScriptedNetwork } from '../testing/scripted-network.js';
import { Handover } from './handover.js';
import type { WorkerLinks } from './worker-links.port.js';

const COUNT = 3;
const TO_SERVER: NextHop = {
  kind: 'target',
  target: { transport: 'udp', address: '10.0.0.2', port: 5070 },
  listener: 'core',
};

/** Frames arrive at once, unless a worker is away. */
const links = () => {
  const takes: ((frame: string) => void)[] = [];
  const away = new Set<number>();
  const frames: string[] = [];
  const of = (own: number): WorkerLinks => ({
    own,
    count: COUNT,
    send(worker, frame) {
      if (away.has(worker)) return false;
      frames.push(frame);
      takes[worker]!(frame);
      return true;
    },
    listen: (take) => void (takes[own] = take),
  });
  return { of, away, frames };
};

const world = () => {
  const net = new ScriptedNetwork();
  const between = links();
  const phone = net.peer('udp', 5070);
  const server = net.peer('udp', 5070, '10.0.0.2');
  const told: string[] = [];
  const workers = Array.from({ length: COUNT }, (_, own) => {
    const handover: Handover = new Handover({
      links: between.of(own),
      receiver: () => endpoint,
      datagramFlow: (listener, address, port) => net.peer('udp', port, address, listener),
      told: (text) => told.push(`${own} ${text}`),
      probeAstray: (listener) => told.push(`${own} astray ${listener}`),
    });
    const user = {
      request(tx: ServerTransaction): void {
        if (tx.request.method === 'CANCEL') return tx.reply(481);
        endpoint.proxy(tx, {}).fork(new Edits(tx.request), TO_SERVER, undefined);
      },
      ack: () => undefined,
    };
    const endpoint: SipEndpoint = createEndpoint({
      name: `worker ${own}`,
      random: net.random,
      timers: net.timers,
      transports: net,
      resolver: net,
      user,
      ...handover.endpointOptions,
    });
    handover.open();
    return { endpoint, handover };
  });
  return { net, phone, server, workers, told, ...between };
};

const statuses = (flow: PeerFlow): string[] => flow.take().map((line) => line.split(' ')[1]!);

it('hands an answer to the worker that asked, whichever it reached', () => {
  const { phone, server, workers } = world();
  for (const [own, { endpoint }] of workers.entries()) {
    endpoint.message(requestText('INVITE', { branch: `z9hG4bK${own}`, callId: `call-${own}` }), phone);
    const invite = server.last;
    phone.take();
    workers[(own + 1) % COUNT]!.endpoint.message(responseText(invite, 180), server);
    workers[(own + 2) % COUNT]!.endpoint.message(responseText(invite, 200), server);
    expect(statuses(phone)).toEqual(['180', '200']);
  }
  expect(workers.map(({ handover }) => handover.counters)).toEqual(
    Array(3).fill({ given: 2, taken: 2, lost: 0 }),
  );
  expect(workers.map(({ endpoint }) => endpoint.counters.strayResponses)).toEqual([0, 0, 0]);
});

it('drops an answer that nobody waits for, and hands it on once at most', () => {
  const { phone, server, workers, frames } = world();
  workers[0]!.endpoint.message(requestText('INVITE'), phone);
  const branch = /branch=(z9hG4bK\w+)/.exec(server.last)![1]!;
  // The mark of another worker, and nothing that it has sent.
  const forged = server.last.replaceAll(branch, branch.replace('z9hG4bKA', 'z9hG4bKB'));
  workers[2]!.endpoint.message(responseText(forged, 200), server);
  expect(frames).toHaveLength(1);
  expect(workers[1]!.endpoint.counters.strayResponses).toBe(1);
  // No worker's at all.
  workers[2]!.endpoint.message(responseText(server.last.replaceAll(branch, 'z9hG4bKzz'), 200), server);
  expect(workers[2]!.endpoint.counters.strayResponses).toBe(1);
});

it('drops an answer whose worker is gone', () => {
  const { phone, server, workers, away } = world();
  workers[0]!.endpoint.message(requestText('INVITE'), phone);
  away.add(0);
  workers[1]!.endpoint.message(responseText(server.last, 200), server);
  expect(workers[1]!.endpoint.counters.strayResponses).toBe(1);
  expect(workers[1]!.handover.counters).toMatchObject({ given: 0, lost: 1 });
});

it.each([0, 1, 2])('takes a CANCEL round to the INVITE of worker %i', (owner) => {
  const { phone, server, workers } = world();
  workers[owner]!.endpoint.message(requestText('INVITE'), phone);
  workers[1]!.endpoint.message(responseText(server.last, 180), server);
  phone.take();
  workers[0]!.endpoint.message(requestText('CANCEL'), phone);
  expect(statuses(phone)).toEqual(['200', '487'].slice(0, 1));
  expect(server.last).toMatch(/^CANCEL /);
});

it('answers a CANCEL 481 when it has been everywhere, past who is away', () => {
  const { phone, workers, away, frames } = world();
  workers[1]!.endpoint.message(requestText('CANCEL'), phone);
  expect(statuses(phone)).toEqual(['481']);
  expect(frames).toHaveLength(2);
  away.add(2);
  workers[1]!.endpoint.message(requestText('CANCEL', { branch: 'z9hG4bKother' }), phone);
  expect(statuses(phone)).toEqual(['481']);
  expect(frames).toHaveLength(3);
});

it('leaves a CANCEL on a connection where it is', () => {
  const { net, workers, frames } = world();
  const connection = net.peer('tcp', 40_000);
  workers[1]!.endpoint.message(requestText('CANCEL'), connection);
  expect(statuses(connection)).toEqual(['481']);
  expect(frames).toEqual([]);
});

it('tells all others, and one of them about its probe', () => {
  const { workers, told } = world();
  workers[1]!.handover.tell('news');
  workers[0]!.handover.probeOf(2, 'core');
  expect(told).toEqual(['0 news', '2 news', '2 astray core']);
});
