// Two processes' worth of transports on one port: each message reaches one of them, and each finds out how long its own input waits.
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import { systemClock } from '#libs/runtime';
import { Recorder, request, silentLog } from './contract/recorder.js';
import type { Flow } from '../transport/transport.port.js';
import type { NodeTransports } from './transports.options.js';
import { createTransports } from './transports.js';
import { PROBE_KEY_BYTES } from './wait-probe.js';

const key = Buffer.alloc(PROBE_KEY_BYTES - 1, 3);
const open: NodeTransports[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((node) => node.close()));
});

const start = async (worker: number, port: number, connectionsToPeer = 1) => {
  const recorder = new Recorder();
  const strays: number[] = [];
  const shared = {
    worker,
    probeKey: key,
    astray: (of: number, listener: string) => {
      strays.push(of);
      open[of]!.probeAstray(listener);
    },
  };
  const common = { name: 'edge', address: '127.0.0.1', port, shared, connectionsToPeer };
  const node = createTransports({
    receiver: recorder,
    listeners: [
      { ...common, transport: 'udp' },
      { ...common, transport: 'tcp' },
    ],
    clock: systemClock,
    log: silentLog,
  });
  open.push(node);
  await node.listen();
  return { node, recorder, strays, port: node.addresses()[0]!.port };
};

const PEERS = 40;

const messagesOf = ({ heard }: Recorder): readonly Flow[] =>
  heard.flatMap((one) => (one.kind === 'message' ? [one.flow] : []));

it('gives each peer to one of them, always the same over UDP', async () => {
  const one = await start(0, 0);
  const two = await start(1, one.port);
  const sockets = Array.from({ length: PEERS }, () => createSocket('udp4'));
  for (let round = 0; round < 2; round++)
    for (const socket of sockets)
      await new Promise<void>((resolve) => socket.send(request('a'), one.port, '127.0.0.1', () => resolve()));
  const heard = () => [messagesOf(one.recorder), messagesOf(two.recorder)];
  while (heard().flat().length < 2 * PEERS) await new Promise((resolve) => setImmediate(resolve));
  const [first, second] = heard().map((flows) => new Set(flows.map(({ remotePort }) => remotePort)));
  expect(first!.size).toBeGreaterThan(0);
  expect(second!.size).toBeGreaterThan(0);
  expect([...first!].filter((port) => second!.has(port))).toEqual([]);
  for (const socket of sockets) socket.close();
});

it('measures the wait of each, whichever its first probes reach', async () => {
  const one = await start(0, 0);
  const two = await start(1, one.port);
  const strays = () => one.strays.length + two.strays.length;
  const known = [0, 0];
  for (let looks = 0; looks < 20_000; looks++) {
    for (const [at, { node }] of [one, two].entries()) if (node.waitMs() > 0) known[at]! += 1;
    if (known.every((times) => times > 3) && strays() > 0) break;
    // Another source is taken now and then, until one has led astray.
    if (looks % 50 === 49 && known.every((times) => times > 3))
      open.forEach((node) => node.probeAstray('edge'));
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(strays()).toBeGreaterThan(0);
  // Each was told of its own by the other.
  expect(one.strays.every((of) => of === 1)).toBe(true);
  expect(two.strays.every((of) => of === 0)).toBe(true);
  expect(known.every((times) => times > 3)).toBe(true);
  expect([one, two].flatMap(({ recorder }) => recorder.heard)).toEqual([]);
});

it('opens as many connections to one address as it is told, and uses them in turn', async () => {
  const server = await start(0, 0);
  const client = await start(1, 0, 3);
  const target = { transport: 'tcp', address: '127.0.0.1', port: server.port } as const;
  const flows = Array.from({ length: 9 }, () => client.node.flowTo(target, 'edge')!);
  expect(new Set(flows).size).toBe(3);
  expect(flows.slice(0, 3)).toEqual(flows.slice(3, 6));
  flows[0]!.close();
  const again = Array.from({ length: 3 }, () => client.node.flowTo(target, 'edge')!);
  expect(again.every(({ closed }) => !closed)).toBe(true);
  expect(new Set([...again, ...flows]).size).toBe(4);
});

it('answers on a connection that a peer opened, not in turn', async () => {
  const { node, recorder, port } = await start(0, 0, 3);
  const socket = connect({ port, host: '127.0.0.1' });
  socket.write(request('a'));
  const { flow } = await recorder.next('message');
  const target = { transport: 'tcp', address: flow.remoteAddress, port: flow.remotePort } as const;
  for (let n = 0; n < 3; n++) expect(node.flowTo(target, 'edge')).toBe(flow);
  socket.destroy();
});
