import { createSocket } from 'node:dgram';
import { createServer, type AddressInfo } from 'node:net';
import { createFakeClock } from '#libs/testkit';
import { flowTokens } from '../transport/flow-token.js';
import { ipv6Loopback, startNode } from './contract/node.js';
import { Recorder, request, silentLog } from './contract/recorder.js';
import { createTransports } from './transports.js';
import type { ListenerOptions } from './transports.options.js';

const make = (...listeners: ListenerOptions[]) =>
  createTransports({ listeners, clock: createFakeClock(), log: silentLog });

const edge = { name: 'edge', address: '127.0.0.1', port: 0 };

it('gives UDP and TCP of one name the same free port, others their own', async () => {
  const node = make(
    { ...edge, transport: 'udp' },
    { ...edge, transport: 'tcp' },
    { ...edge, transport: 'ws' },
    { ...edge, name: 'trusted', transport: 'tcp' },
  );
  await node.listen();
  const ports = node.addresses().map(({ port }) => port);
  expect(ports[0]).toBe(ports[1]);
  expect(new Set(ports).size).toBe(3);
  expect(ports.every((port) => port > 0)).toBe(true);
  await node.close();
});

it('says which listener cannot be bound, and binds none', async () => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  const { port } = taken.address() as AddressInfo;
  const node = make(
    { ...edge, transport: 'udp', port },
    { ...edge, name: 'trusted', transport: 'tcp', port },
  );
  await expect(node.listen()).rejects.toThrow(`cannot listen on tcp 127.0.0.1:${port} (trusted): EADDRINUSE`);
  // The UDP port is free again.
  const probe = createSocket('udp4');
  await new Promise<void>((resolve, reject) => {
    probe.once('error', reject);
    probe.bind(port, '127.0.0.1', resolve);
  });
  probe.close();
  taken.close();
  expect(() => make({ ...edge, transport: 'udp', address: 'localhost' })).toThrow('is no IP address');
});

it('writes the configured sent-by, or one that peers can reach', async () => {
  const node = make(
    { ...edge, transport: 'udp', sentBy: 'edge.ims.test:5060' },
    { ...edge, name: 'all', transport: 'udp', address: '0.0.0.0' },
    ...ipv6Loopback().map((address) => ({ ...edge, name: 'six', transport: 'udp' as const, address })),
  );
  await node.listen();
  const [, all, six] = node.addresses();
  const sentBy = (name: string, address: string) =>
    node.sentBy(node.flowTo({ transport: 'udp', address, port: 9 }, name)!);
  expect(sentBy('edge', '127.0.0.1')).toBe('edge.ims.test:5060');
  expect(sentBy('all', '127.0.0.1')).toMatch(new RegExp(`^(?!0\\.0\\.0\\.0)[\\d.]+:${all!.port}$`));
  if (six) expect(sentBy('six', '::1')).toBe(`[::1]:${six.port}`);
  await node.close();
});

it('drops input until there is a receiver', async () => {
  const node = make({ ...edge, transport: 'udp' });
  await node.listen();
  const phone = createSocket('udp4');
  const send = () => phone.send(request('a'), node.addresses()[0]!.port, '127.0.0.1');
  send();
  while (node.counters()[0]!.counters.received === 0) await new Promise((resolve) => setImmediate(resolve));
  const recorder = new Recorder();
  node.setReceiver(recorder);
  send();
  expect((await recorder.next('message')).raw).toBe(request('a'));
  phone.close();
  await node.close();
});

it('finds a UDP flow again from its token after a restart on the same port', async () => {
  const key = Buffer.alloc(32, 1);
  const first = await startNode({ transport: 'udp' });
  const phone = createSocket('udp4');
  await new Promise<void>((resolve) => phone.bind(0, '127.0.0.1', resolve));
  phone.send(request('a'), first.port, '127.0.0.1');
  const { flow } = await first.recorder.next('message');
  const { localAddress, localPort, remoteAddress, remotePort, connectionId } = flow;
  const token = flowTokens(key, 1).encode({
    transport: 'udp', listener: 0, localAddress, localPort, remoteAddress, remotePort, connectionId,
  })!; // prettier-ignore
  await first.node.close();
  const second = await startNode({ transport: 'udp', port: first.port });
  const heard = new Promise((resolve) =>
    phone.once('message', (datagram) => resolve(datagram.toString('latin1'))),
  );
  second.node.flowOf(flowTokens(key, 2).decode(token)!)!.send(request('b'));
  expect(await heard).toBe(request('b'));
  const reference = flowTokens(key, 2).decode(token)!;
  expect(second.node.flowOf({ ...reference, localPort: reference.localPort ^ 1 })).toBeUndefined();
  expect(second.node.flowOf({ ...reference, listener: 1 })).toBeUndefined();
  expect(second.node.flowOf({ ...reference, transport: 'tcp' })).toBeUndefined();
  expect(second.node.flowOf({ ...reference, remoteAddress: '::1' })).toBeUndefined();
  phone.close();
  await second.node.close();
});
