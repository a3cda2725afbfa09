// The transports contract over real sockets on loopback, and through the memory hub.
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import { connect as connectSecurely } from 'node:tls';
import { WebSocket } from 'ws';
import { createFakeClock } from '#libs/testkit';
import { hostPort } from '../fields/ip-address.js';
import { StreamFramer } from '../transport/stream-framer.js';
import { edgePair, tlsOf } from './contract/certificates.js';
import { ipv6Loopback } from './contract/node.js';
import { inbox, Recorder, silentLog } from './contract/recorder.js';
import { transportContract, type Pair } from './contract/transports.contract.js';
import { MemoryHub } from './memory-hub.js';
import { createTransports } from './transports.js';
import type { ListenerOptions } from './transports.options.js';

const start = async (
  listener: Partial<ListenerOptions> & Pick<ListenerOptions, 'transport' | 'address'>,
  hub?: MemoryHub,
) => {
  const recorder = new Recorder();
  const node = createTransports({
    receiver: recorder,
    listeners: [{ name: 'edge', port: 0, ...listener }],
    clock: createFakeClock(),
    log: silentLog,
    ...(hub ? { hub } : {}),
  });
  await node.listen();
  return { node, recorder, port: node.addresses()[0]!.port };
};

const udpPair = (address: string) => async (): Promise<Pair> => {
  const { node, recorder, port } = await start({ transport: 'udp', address });
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  const heard = inbox();
  socket.on('message', (datagram) => heard.push(datagram.toString('latin1')));
  await new Promise<void>((resolve) => socket.bind(0, address, resolve));
  return {
    node,
    recorder,
    peerHeard: heard.next,
    peerSend: (message) => socket.send(Buffer.from(message, 'latin1'), port, address),
    peerPort: () => socket.address().port,
    close: async () => {
      socket.close();
      await node.close();
    },
  };
};

const streamPair = (transport: 'tcp' | 'tls', address: string) => async (): Promise<Pair> => {
  const { node, recorder, port } = await start({ transport, address, tls: tlsOf() });
  const secure = transport === 'tls';
  const socket = secure
    ? connectSecurely({ port, host: address, ca: edgePair.cert })
    : connect({ port, host: address });
  const heard = inbox();
  const framer = new StreamFramer({ message: heard.push, ping: () => {}, failed: () => {} });
  socket.on('data', (chunk: Buffer) => framer.push(chunk.toString('latin1')));
  await new Promise<void>((resolve) => socket.once(secure ? 'secureConnect' : 'connect', resolve));
  return {
    node,
    recorder,
    peerHeard: heard.next,
    peerSend: (message) => socket.write(message, 'latin1'),
    peerPort: () => socket.localPort!,
    close: async () => {
      socket.destroy();
      await node.close();
    },
  };
};

const wsPair = (transport: 'ws' | 'wss', address: string) => async (): Promise<Pair> => {
  const { node, recorder, port } = await start({ transport, address, tls: tlsOf() });
  const socket = new WebSocket(`${transport}://${hostPort(address, port)}`, 'sip', { ca: edgePair.cert });
  const heard = inbox();
  socket.on('message', (data: Buffer) => heard.push(data.toString('latin1')));
  let peerPort = 0;
  socket.once('upgrade', (response) => (peerPort = response.socket.localPort!));
  await new Promise<void>((resolve) => socket.once('open', resolve));
  return {
    node,
    recorder,
    peerHeard: heard.next,
    peerSend: (message) => socket.send(Buffer.from(message, 'latin1'), { binary: false }),
    peerPort: () => peerPort,
    close: async () => {
      socket.terminate();
      await node.close();
    },
  };
};

const memoryPair = (transport: 'tcp' | 'udp') => async (): Promise<Pair> => {
  const hub = new MemoryHub();
  const address = '192.0.2.1';
  const { node, recorder, port } = await start({ transport, address, memoryOnly: true }, hub);
  const peer = await start({ transport, address, memoryOnly: true }, hub);
  const flow = peer.node.flowTo({ transport, address, port }, 'edge')!;
  return {
    node,
    recorder,
    peerHeard: async () => (await peer.recorder.next('message')).raw,
    peerSend: (message) => flow.send(message),
    peerPort: () => peer.port,
    close: async () => {
      await peer.node.close();
      await node.close();
    },
  };
};

for (const address of ['127.0.0.1', ...ipv6Loopback()]) {
  transportContract(`UDP ${address}`, { transport: 'udp', reliable: false, address }, udpPair(address));
  transportContract(
    `TCP ${address}`,
    { transport: 'tcp', reliable: true, address },
    streamPair('tcp', address),
  );
  transportContract(
    `TLS ${address}`,
    { transport: 'tls', reliable: true, address },
    streamPair('tls', address),
  );
  transportContract(
    `WebSocket ${address}`,
    { transport: 'ws', reliable: true, address },
    wsPair('ws', address),
  );
  transportContract(`WSS ${address}`, { transport: 'wss', reliable: true, address }, wsPair('wss', address));
}
transportContract('memory', { transport: 'tcp', reliable: true, address: '192.0.2.1' }, memoryPair('tcp'));
transportContract(
  'memory UDP',
  { transport: 'udp', reliable: false, address: '192.0.2.1' },
  memoryPair('udp'),
);
