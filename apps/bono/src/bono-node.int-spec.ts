// An edge that runs on real sockets, in front of routers that DNS names: loopback has an address for each.
import { createSocket } from 'node:dgram';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import {
  createMetrics,
  createPeerCheck,
  silentLogger,
  systemClock as clock,
  systemRandom as random,
} from '#libs/runtime';
import { driveTimers, type NameAnswer, StreamFramer, TimerWheel } from '#libs/sip';
import { BonoConfig } from './bono.config.js';
import { type BonoNode, startBono } from './bono-node.js';

const closers: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** A router that refuses everybody, and counts. */
const router = async (address: string, port: number) => {
  const sockets = new Set<Socket>();
  const state = { address, asked: 0, port: 0, server: undefined as Server | undefined };
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    const framer = new StreamFramer({
      message(request) {
        state.asked += 1;
        const lines = request.split('\r\n').filter((line) => /^(Via|From|To|Call-ID|CSeq):/.test(line));
        socket.write(['SIP/2.0 403 Forbidden', ...lines, 'Content-Length: 0', '', ''].join('\r\n'));
      },
      ping: () => undefined,
      failed: () => undefined,
    });
    socket.on('data', (chunk) => framer.push(chunk.toString('latin1')));
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, address, resolve));
  state.port = (server.address() as AddressInfo).port;
  const stop = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    if (server.listening) await new Promise((resolve) => server.close(resolve));
  };
  closers.push(stop);
  return Object.assign(state, { stop });
};

const start = async (icscfPort: number, addresses: readonly string[]): Promise<BonoNode> => {
  const timers = new TimerWheel(clock);
  closers.push(driveTimers(timers));
  const config = Object.assign(new BonoConfig(), {
    bonoPort: 0,
    bonoWsPort: 0,
    bonoTrustedPort: 0,
    icscfPort,
    sproutAddress: 'routers.example.com',
  });
  const node = await startBono({
    process: { homeDomain: 'ims.test', bindAddress: '127.0.0.1', publicHost: '' },
    config,
    clock,
    random,
    logger: silentLogger,
    metrics: createMetrics(),
    timers,
    peers: createPeerCheck([]),
    flowTokenKey: random.bytes(32),
    dns: {
      lookup: (): NameAnswer => ({
        kind: 'found',
        records: addresses.map((address) => ({ type: 'A', address })),
      }),
    },
  });
  closers.push(() => node.close());
  return node;
};

const phone = async (edge: BonoNode) => {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  closers.push(() => void socket.close());
  const { port } = edge.addresses.find(({ transport }) => transport === 'udp')!;
  let sent = 0;
  return (): Promise<number> => {
    const id = `${(sent += 1)}-${random.token(8)}`;
    const answer = new Promise<number>((resolve) => {
      const heard = (data: Buffer): void => {
        const text = data.toString();
        const status = Number(text.slice(8, 11));
        if (status < 200 || !text.includes(id)) return;
        socket.off('message', heard);
        resolve(status);
      };
      socket.on('message', heard);
    });
    const text =
      `REGISTER sip:ims.test SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:${socket.address().port};branch=z9hG4bK${id};rport\r\n` +
      `Max-Forwards: 70\r\nFrom: <sip:a@ims.test>;tag=1\r\nTo: <sip:a@ims.test>\r\nCall-ID: ${id}\r\nCSeq: 1 REGISTER\r\n` +
      `Contact: <sip:a@127.0.0.1>\r\nContent-Length: 0\r\n\r\n`;
    socket.send(text, port, '127.0.0.1');
    return answer;
  };
};

it('spreads what it sends over the addresses of its router’s name, and none fails when one of them is dead', async () => {
  const first = await router('127.0.0.2', 0);
  const second = await router('127.0.0.3', first.port);
  const third = await router('127.0.0.4', first.port);
  const register = await phone(await start(first.port, ['127.0.0.2', '127.0.0.3', '127.0.0.4']));
  for (let i = 0; i < 60; i++) expect(await register()).toBe(403);
  for (const { asked } of [first, second, third]) expect(asked).toBeGreaterThan(5);
  await third.stop();
  const before = third.asked;
  for (let i = 0; i < 40; i++) expect(await register()).toBe(403);
  expect(third.asked).toBe(before);
  expect(first.asked + second.asked + third.asked).toBe(100);
});

it('does not open TLS without a certificate', async () => {
  const { addresses } = await start(5052, []);
  expect(addresses.map(({ transport }) => transport)).toEqual(['udp', 'tcp', 'ws', 'tcp', 'udp']);
});
