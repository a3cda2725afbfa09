// Connections made here are replaced by age (docs/architecture.md §8): what is new goes out on another one, what is under way stays.
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { StreamFramer } from '../transport/stream-framer.js';
import { RETIRED_QUIET_MS, SWEEP_MS } from './connections.js';
import { closing, dial, start } from './contract/fixture.js';
import { inbox, request } from './contract/recorder.js';
import { DEFAULT_LIMITS } from './listener.js';

const LIFETIME_MS = 10_000;
/** Without chance it is the lifetime to the millisecond. */
const limits = { lifetimeMs: LIFETIME_MS };

const serve = async () => {
  const heard = inbox();
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    const framer = new StreamFramer({ message: heard.push, ping: () => {}, failed: () => {} });
    socket.on('data', (chunk) => framer.push(chunk.toString('latin1')));
    socket.on('error', () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { target: { transport: 'tcp', address: '127.0.0.1', port } as const, next: heard.next, sockets };
};

it('sends what is new on another connection once it is old, and hears answers on the old one', async () => {
  const edge = await start({ transport: 'tcp' }, { limits });
  const peer = await serve();
  const first = edge.node.flowTo(peer.target, 'edge')!;
  first.send(request('a'));
  await peer.next();
  edge.clock.advance(LIFETIME_MS - 1);
  expect(edge.node.flowTo(peer.target, 'edge')).toBe(first);
  edge.clock.advance(1);
  const second = edge.node.flowTo(peer.target, 'edge')!;
  expect(second).not.toBe(first);
  expect(edge.node.flowTo(peer.target, 'edge')).toBe(second);
  second.send(request('b'));
  await peer.next();
  expect(first.closed).toBe(false);
  peer.sockets[0]!.write(request('answer'), 'latin1');
  expect((await edge.recorder.next('message')).flow).toBe(first);
});

it('closes the old one when nothing was heard on it for as long as an answer may take', async () => {
  const edge = await start({ transport: 'tcp' }, { limits });
  const peer = await serve();
  const first = edge.node.flowTo(peer.target, 'edge')!;
  first.send(request('a'));
  await peer.next();
  edge.clock.advance(LIFETIME_MS);
  for (let passed = 0; passed < RETIRED_QUIET_MS - 2 * SWEEP_MS; passed += SWEEP_MS)
    edge.clock.advance(SWEEP_MS);
  expect(first.closed).toBe(false);
  for (let n = 0; n < 4; n++) edge.clock.advance(SWEEP_MS);
  expect(first.closed).toBe(true);
  expect(edge.recorder.count('closed')).toBe(1);
});

it('does not retire what came from a peer: it is the peer’s to replace', async () => {
  const edge = await start({ transport: 'tcp' }, { limits });
  const phone = await dial(edge.port);
  phone.socket.write(request('a'), 'latin1');
  const { flow } = await edge.recorder.next('message');
  edge.clock.advance(3 * LIFETIME_MS);
  const target = { transport: 'tcp', address: '127.0.0.1', port: flow.remotePort } as const;
  expect(edge.node.flowTo(target, 'edge')).toBe(flow);
});

it('takes a fifth more or less of the time, by chance', async () => {
  expect(DEFAULT_LIMITS.lifetimeMs).toBe(600_000);
  for (const [fraction, ageMs] of [
    [0, 8_000],
    [1, 12_000],
  ] as const) {
    const random = { fraction: () => fraction, bytes: (n: number) => Buffer.alloc(n, 1) };
    const edge = await start({ transport: 'tcp' }, { limits, random: random as never });
    const peer = await serve();
    const first = edge.node.flowTo(peer.target, 'edge')!;
    first.send(request('a'));
    await peer.next();
    edge.clock.advance(ageMs - 1);
    expect(edge.node.flowTo(peer.target, 'edge')).toBe(first);
    edge.clock.advance(1);
    expect(edge.node.flowTo(peer.target, 'edge')).not.toBe(first);
  }
});
