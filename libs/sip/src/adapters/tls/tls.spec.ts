// What TLS and WSS add to their transports: certificates, names, handshakes that are bounded.
import { connect as connectPlainly, type AddressInfo } from 'node:net';
import { connect, createServer, type TLSSocket } from 'node:tls';
import { WebSocket } from 'ws';
import { HeldIdentity, type TlsPair } from '#libs/runtime';
import { StreamFramer } from '../../transport/stream-framer.js';
import { edgePair, EDGE_NAME, strangerPair, tlsOf, wildcardPair } from '../contract/certificates.js';
import { closing, start } from '../contract/fixture.js';
import { countsOf } from '../contract/node.js';
import { inbox, request } from '../contract/recorder.js';
import { DEFAULT_LIMITS } from '../listener.js';
import { HANDSHAKES_MAX } from './handshakes.js';
import { makeCertificate } from './self-made-certificate.js';

const dial = async (port: number, ca: TlsPair = edgePair): Promise<TLSSocket> => {
  const socket = connect({ port, host: '127.0.0.1', ca: ca.cert, checkServerIdentity: () => undefined });
  socket.on('error', () => {});
  closing(() => void socket.destroy());
  await new Promise<void>((resolve, reject) => {
    socket.once('secureConnect', resolve);
    socket.once('error', reject);
  });
  return socket;
};

const dialSilently = (port: number) => {
  const socket = connectPlainly(port, '127.0.0.1');
  socket.on('error', () => {});
  closing(() => void socket.destroy());
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  return { socket, closed, connected: new Promise((resolve) => socket.once('connect', resolve)) };
};

/** A peer over TLS, who it is being told. */
const serve = async (pair: TlsPair) => {
  const heard = inbox();
  const sockets: TLSSocket[] = [];
  const server = createServer({ ...pair, requestCert: true, rejectUnauthorized: false }, (socket) => {
    sockets.push(socket);
    const framer = new StreamFramer({ message: heard.push, ping: () => {}, failed: () => {} });
    socket.on('data', (chunk: Buffer) => framer.push(chunk.toString('latin1')));
    socket.on('error', () => {});
  });
  server.on('tlsClientError', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const target = {
    transport: 'tls',
    address: '127.0.0.1',
    port: (server.address() as AddressInfo).port,
  } as const;
  return { target, next: heard.next, sockets };
};

it('needs a certificate', async () => {
  await expect(start({ transport: 'tls' })).rejects.toThrow('tls needs a certificate');
  await expect(start({ transport: 'wss' })).rejects.toThrow('wss needs a certificate');
});

describe.each(['tls', 'wss'] as const)('handshakes of %s', (transport) => {
  it('are given up after a while', async () => {
    const edge = await start({ transport, tls: tlsOf() });
    const silent = dialSilently(edge.port);
    await silent.connected;
    while (edge.clock.pending === 0) await new Promise((resolve) => setImmediate(resolve));
    edge.clock.advance(DEFAULT_LIMITS.handshakeMs - 1);
    expect(silent.socket.destroyed).toBe(false);
    edge.clock.advance(1);
    await silent.closed;
    expect(countsOf(edge)).toMatchObject({ connectionsRefused: 1, connectionsOpened: 0 });
    expect(edge.clock.pending).toBe(0);
  });

  it('under way are bounded: the oldest makes room, and who speaks gets in', async () => {
    const edge = await start({ transport, tls: tlsOf() });
    const first = dialSilently(edge.port);
    await first.connected;
    for (let i = 1; i < HANDSHAKES_MAX; i++) await dialSilently(edge.port).connected;
    while (edge.clock.pending < HANDSHAKES_MAX) await new Promise((resolve) => setImmediate(resolve));
    expect(first.socket.destroyed).toBe(false);
    await dial(edge.port);
    await first.closed;
    expect(countsOf(edge).connectionsRefused).toBe(1);
  });

  it('are no business of peers that may not connect, and of those that speak no TLS', async () => {
    const asked: string[] = [];
    const edge = await start({ transport, tls: tlsOf(), allowPeer: (address) => asked.push(address) === 0 });
    await dialSilently(edge.port).closed;
    expect(asked).toEqual(['127.0.0.1']);
    const open = await start({ transport, tls: tlsOf() });
    const plain = dialSilently(open.port);
    plain.socket.on('data', () => {});
    plain.socket.write(request('a'));
    await plain.closed;
    expect(countsOf(open)).toMatchObject({ received: 0, connectionsRefused: 1 });
  });

  it('show the certificate of the day, without ending what is open', async () => {
    const identity = new HeldIdentity(edgePair);
    const edge = await start({ transport, tls: { identity } });
    const before = await dial(edge.port);
    expect(() => identity.replace({ key: edgePair.key, cert: strangerPair.cert })).toThrow();
    identity.replace(strangerPair);
    const after = await dial(edge.port, strangerPair);
    expect(before.getPeerCertificate().subject.CN).toBe(EDGE_NAME);
    expect(after.getPeerCertificate().subject.CN).toBe('stranger.test');
    await expect(dial(edge.port, edgePair)).rejects.toThrow();
    expect(before.destroyed).toBe(false);
  });
});

it('refuses what is older than TLS 1.2', async () => {
  const edge = await start({ transport: 'tls', tls: tlsOf() });
  const old = connect({
    port: edge.port,
    host: '127.0.0.1',
    rejectUnauthorized: false,
    maxVersion: 'TLSv1.1',
    minVersion: 'TLSv1',
    ciphers: 'DEFAULT@SECLEVEL=0',
  });
  closing(() => void old.destroy());
  await expect(
    new Promise((resolve, reject) => old.once('secureConnect', resolve).once('error', reject)),
  ).rejects.toThrow();
});

it('ends a flow with its connection', async () => {
  const edge = await start({ transport: 'tls', tls: tlsOf() });
  const phone = await dial(edge.port);
  phone.write(request('a'));
  const { flow } = await edge.recorder.next('message');
  const { localAddress, localPort, remoteAddress, remotePort, connectionId } = flow;
  const reference = {
    transport: 'tls',
    listener: 0,
    localAddress,
    localPort,
    remoteAddress,
    remotePort,
    connectionId,
  } as const;
  expect(edge.node.flowOf(reference)).toBe(flow);
  expect(edge.node.flowOf({ ...reference, transport: 'tcp' })).toBeUndefined();
  phone.destroy();
  expect((await edge.recorder.next('closed')).flow).toBe(flow);
  expect(edge.node.flowOf(reference)).toBeUndefined();
  expect(flow.send(request('b'))).toBe(false);
});

it('still answers a peer that ended its side', async () => {
  const edge = await start({ transport: 'tls', tls: tlsOf() });
  const phone = connect({
    port: edge.port,
    host: '127.0.0.1',
    ca: edgePair.cert,
    ...{ allowHalfOpen: true },
  });
  closing(() => void phone.destroy());
  const heard = inbox();
  phone.on('data', (chunk: Buffer) => heard.push(chunk.toString('latin1')));
  phone.end(request('a'));
  const { flow } = await edge.recorder.next('closed');
  expect(flow.send('SIP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n')).toBe(true);
  expect(await heard.next()).toMatch(/^SIP\/2\.0 200/);
});

describe('a TLS connection to a peer', () => {
  it('is made to the name that is wanted, and shows who asks', async () => {
    const edge = await start({ transport: 'tls', tls: tlsOf() });
    const peer = await serve(edgePair);
    const flow = edge.node.flowTo({ ...peer.target, serverName: EDGE_NAME }, 'edge')!;
    flow.send(request('a'));
    expect(await peer.next()).toBe(request('a'));
    const [socket] = peer.sockets as [TLSSocket & { servername: string }];
    expect(socket.servername).toBe(EDGE_NAME);
    expect(socket.getPeerCertificate().subject.CN).toBe(EDGE_NAME);
  });

  it.each([
    ['another name', edgePair, { serverName: 'other.test' }],
    ['another address', strangerPair, {}],
    ['a wildcard (RFC 5922 §7.2)', wildcardPair, { serverName: EDGE_NAME }],
    ['nobody that is believed', strangerPair, { serverName: 'stranger.test' }],
  ])('is not made when the certificate is of %s', async (what, pair, more) => {
    const trusted = what === 'nobody that is believed' ? [edgePair] : [edgePair, strangerPair, wildcardPair];
    const edge = await start({ transport: 'tls', tls: tlsOf(edgePair, trusted) });
    const peer = await serve(pair);
    const flow = edge.node.flowTo({ ...peer.target, ...more }, 'edge')!;
    flow.send(request('a'));
    expect((await edge.recorder.next('failed')).target).toBe(flow);
    expect(flow.closed).toBe(true);
    expect(peer.sockets.every((socket) => socket.bytesRead === 0)).toBe(true);
  });

  it('is used again for its name and for others of its certificate, for no other (RFC 5923 §5)', async () => {
    const edge = await start({ transport: 'tls', tls: tlsOf() });
    const peer = await serve(edgePair);
    const byAddress = edge.node.flowTo(peer.target, 'edge')!;
    byAddress.send(request('a'));
    await peer.next();
    expect(edge.node.flowTo(peer.target, 'edge')).toBe(byAddress);
    expect(edge.node.flowTo({ ...peer.target, serverName: EDGE_NAME }, 'edge')).toBe(byAddress);
    expect(edge.node.flowTo({ ...peer.target, serverName: 'other.test' }, 'edge')).not.toBe(byAddress);
  });

  it('of a client that showed no certificate is nobody by name', async () => {
    const edge = await start({ transport: 'tls', tls: tlsOf() });
    const phone = await dial(edge.port);
    phone.write(request('a'));
    const { flow } = await edge.recorder.next('message');
    const target = { transport: 'tls', address: '127.0.0.1', port: flow.remotePort } as const;
    expect(edge.node.flowTo(target, 'edge')).toBe(flow);
    expect(edge.node.flowTo({ ...target, serverName: EDGE_NAME }, 'edge')).not.toBe(flow);
  });
});

it.each([
  ['of its name, by somebody who is believed', edgePair, true],
  ['of its name, by nobody who is', await makeCertificate([EDGE_NAME], performance.timeOrigin), false],
  ['none', undefined, false],
] as const)('knows a client by its certificate: %s', async (_what, pair, isKnown) => {
  const edge = await start({ transport: 'tls', tls: { ...tlsOf(edgePair, [edgePair]), asksClients: true } });
  const own = pair === undefined ? {} : { cert: pair.cert, key: pair.key };
  const socket = connect({ port: edge.port, host: '127.0.0.1', ca: edgePair.cert, checkServerIdentity: () => undefined, ...own }); // prettier-ignore
  socket.on('error', () => {});
  closing(() => void socket.destroy());
  await new Promise<void>((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject));
  socket.write(request('a'));
  const { flow } = await edge.recorder.next('message');
  expect(flow.isOf?.(EDGE_NAME)).toBe(isKnown);
  expect(flow.isOf?.('other.test')).toBe(false);
});

it('needs the subprotocol sip over WSS too, and is wss in its flow', async () => {
  const edge = await start({ transport: 'wss', tls: tlsOf() });
  const bare = new WebSocket(`wss://127.0.0.1:${edge.port}`, { ca: edgePair.cert });
  await expect(
    new Promise((resolve, reject) => bare.once('open', resolve).once('error', reject)),
  ).rejects.toThrow('400');
  const page = new WebSocket(`wss://127.0.0.1:${edge.port}`, 'sip', { ca: edgePair.cert });
  closing(() => page.terminate());
  await new Promise((resolve) => page.once('open', resolve));
  page.send(request('a'));
  expect((await edge.recorder.next('message')).flow.transport).toBe('wss');
  const code = new Promise((resolve) => page.once('close', resolve));
  await edge.node.close();
  expect(await code).toBe(1001);
});
