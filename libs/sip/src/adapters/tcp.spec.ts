import { connect, createServer, type AddressInfo, type Server, Socket } from 'node:net';
import { jest } from '@jest/globals';
import { settle } from '#libs/testkit';
import { StreamFramer } from '../transport/stream-framer.js';
import { KEEP_ALIVES_WAITING_MAX, SWEEP_MS } from './connections.js';
import { closing, dial, start } from './contract/fixture.js';
import { countsOf } from './contract/node.js';
import { inbox, request } from './contract/recorder.js';
import { ended } from './contract/tcp-phone.js';
import { DEFAULT_LIMITS } from './listener.js';

/** A server that keeps what it gets. */
const serve = async (): Promise<{
  server: Server;
  port: number;
  next: () => Promise<string>;
  sockets: Socket[];
}> => {
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
  return { server, port: (server.address() as AddressInfo).port, next: heard.next, sockets };
};

describe('a TCP listener', () => {
  it('puts messages together from pieces and takes them apart', async () => {
    const edge = await start({ transport: 'tcp' });
    const { socket } = await dial(edge.port);
    const wire = request('a', 'one\r\n\r\n') + request('b') + request('c', 'three');
    socket.setNoDelay(true);
    for (const piece of wire.match(/[^]{1,7}/g)!) {
      socket.write(piece, 'latin1');
      await settle();
    }
    expect((await edge.recorder.next('message')).raw).toBe(request('a', 'one\r\n\r\n'));
    expect((await edge.recorder.next('message')).raw).toBe(request('b'));
    expect((await edge.recorder.next('message')).raw).toBe(request('c', 'three'));
  });

  it('answers a double CRLF with one CRLF', async () => {
    const edge = await start({ transport: 'tcp' });
    const { socket, next } = await dial(edge.port);
    socket.write('\r\n\r\n');
    expect(await next()).toBe('\r\n');
    expect(countsOf(edge).keepAlives).toBe(1);
  });

  it('writes what is sent in one turn at once', async () => {
    const edge = await start({ transport: 'tcp' }, { onMessage: (raw, flow) => void flow.send(raw) });
    const { socket, next } = await dial(edge.port);
    const wire = Array.from({ length: 20 }, (_, i) => request(`n${i}`)).join('');
    const write = jest.spyOn(Socket.prototype, 'write');
    socket.write(wire);
    expect(await next()).toBe(wire);
    expect(write.mock.calls.map(([text]) => text)).toEqual([wire, wire]);
    write.mockRestore();
  });

  it('answers 400 where Content-Length is missing, then closes', async () => {
    const edge = await start({ transport: 'tcp' });
    const { socket, bytes } = await dial(edge.port);
    const gone = ended(socket);
    socket.write(request('a').replace(/Content-Length.*\r\n/, ''));
    await gone;
    expect(bytes()).toMatch(
      /^SIP\/2\.0 400 Content-Length Required on a Stream\r\nVia: .*\r\n(.*\r\n)*Content-Length: 0\r\n\r\n$/,
    );
    expect((await edge.recorder.next('malformed')).reason).toBe('content-length-missing');
    expect((await edge.recorder.next('closed')).flow.closed).toBe(true);
  });

  it('closes at input that is not SIP, without an answer', async () => {
    const edge = await start({ transport: 'tcp' });
    const { socket, bytes } = await dial(edge.port);
    const gone = ended(socket);
    socket.write('\x16\x03\x01\x00\xa5');
    await gone;
    expect(bytes()).toBe('');
    expect((await edge.recorder.next('malformed')).reason).toBe('not-sip');
  });

  it('tells once that a connection was reset, and sends nothing on it', async () => {
    const edge = await start({ transport: 'tcp' });
    const { socket } = await dial(edge.port);
    socket.write(request('a'));
    const { flow } = await edge.recorder.next('message');
    socket.resetAndDestroy();
    expect((await edge.recorder.next('closed')).flow).toBe(flow);
    expect(flow.send(request('b'))).toBe(false);
    flow.close();
    await settle();
    expect(edge.recorder.count('closed')).toBe(0);
    expect(edge.clock.pending).toBe(0);
    expect(edge.node.flowOf({ ...flow, transport: 'tcp', listener: 0 })).toBeUndefined();
  });

  it('closes on a peer that does not read, and says so', async () => {
    const edge = await start({ transport: 'tcp' }, { limits: { sendBufferBytesMax: 200_000 } });
    const { socket } = await dial(edge.port);
    socket.pause();
    socket.write(request('a'));
    const { flow } = await edge.recorder.next('message');
    let sent = 0;
    while (flow.send(request('big', 'x'.repeat(50_000)))) {
      sent += 1;
      await settle();
      if (sent > 2_000) throw new Error('no bound');
    }
    expect(flow.closed).toBe(true);
    expect((await edge.recorder.next('failed')).target).toBe(flow);
    expect((await edge.recorder.next('closed')).flow).toBe(flow);
  });

  it('closes on a peer that sends keep-alives and reads no answer', async () => {
    const edge = await start({ transport: 'tcp' }, { limits: { sendBufferBytesMax: 2 ** 30 } });
    const { socket } = await dial(edge.port);
    socket.pause();
    socket.write(request('a'));
    const { flow } = await edge.recorder.next('message');
    for (let sent = 0; sent < 500; sent++) flow.send(request('big', 'x'.repeat(50_000)));
    socket.write('\r\n\r\n'.repeat(KEEP_ALIVES_WAITING_MAX) + request('b'));
    await edge.recorder.next('message');
    expect(flow.closed).toBe(false);
    socket.write('\r\n\r\n');
    expect((await edge.recorder.next('failed')).target).toBe(flow);
    expect(flow.closed).toBe(true);
  });

  it('takes connections up to its bound, and again when one is gone', async () => {
    const edge = await start({ transport: 'tcp' }, { limits: { connectionsMax: 2 } });
    const phones = [await dial(edge.port), await dial(edge.port)];
    for (const { socket } of phones) socket.write(request('a'));
    await edge.recorder.next('message');
    await edge.recorder.next('message');
    const third = await dial(edge.port);
    await ended(third.socket);
    expect(countsOf(edge).connectionsRefused).toBe(1);
    phones[0]!.socket.destroy();
    await edge.recorder.next('closed');
    (await dial(edge.port)).socket.write(request('b'));
    expect((await edge.recorder.next('message')).raw).toBe(request('b'));
  });

  it('makes room at its bound by closing the oldest connection that has said nothing whole', async () => {
    const edge = await start({ transport: 'tcp' }, { limits: { connectionsMax: 3 } });
    const phone = await dial(edge.port);
    phone.socket.write(request('a'));
    await edge.recorder.next('message');
    const silent = await dial(edge.port);
    const half = await dial(edge.port);
    half.socket.write(request('half').slice(0, 50));
    for (const oldest of [silent, half]) {
      const gone = ended(oldest.socket);
      const next = await dial(edge.port);
      next.socket.write(request('b'));
      expect((await edge.recorder.next('message')).raw).toBe(request('b'));
      await gone;
    }
    await ended((await dial(edge.port)).socket);
    expect(countsOf(edge)).toMatchObject({ connectionsRefused: 1, connectionsClosed: 2 });
    expect(phone.socket.closed).toBe(false);
  });

  it('lets only allowed peers in', async () => {
    const edge = await start({ transport: 'tcp', allowPeer: (address) => address !== '127.0.0.1' });
    await ended((await dial(edge.port)).socket);
    expect(countsOf(edge)).toMatchObject({ connectionsRefused: 1, connectionsOpened: 0 });
  });

  it('closes connections that are idle, incomplete, or have said nothing, and has no timer without any', async () => {
    const edge = await start({ transport: 'tcp' });
    const silent = await dial(edge.port);
    const half = await dial(edge.port);
    const idle = await dial(edge.port);
    half.socket.write('OPTIONS sip:a SIP/2.0\r\n');
    idle.socket.write(request('a'));
    await edge.recorder.next('message');
    while (countsOf(edge).connectionsOpened < 3) await settle();
    const gone = [ended(silent.socket), ended(half.socket)];
    edge.clock.advance(DEFAULT_LIMITS.incompleteMs + 2 * SWEEP_MS);
    await Promise.all(gone);
    expect(countsOf(edge).connectionsClosed).toBe(2);
    idle.socket.write('\r\n\r\n');
    expect(await idle.next()).toBe('\r\n');
    edge.clock.advance(DEFAULT_LIMITS.idleMs - SWEEP_MS);
    expect(countsOf(edge).connectionsClosed).toBe(2);
    const last = ended(idle.socket);
    edge.clock.advance(3 * SWEEP_MS);
    await last;
    expect(countsOf(edge).connectionsClosed).toBe(3);
    expect(edge.clock.pending).toBe(0);
  });

  it('closes a connection that sends one byte at a time and never a whole message', async () => {
    const edge = await start({ transport: 'tcp' });
    const slow = await dial(edge.port);
    const busy = await dial(edge.port);
    slow.socket.setNoDelay(true);
    const gone = ended(slow.socket);
    const wire = request('slow');
    for (let n = 0; n * SWEEP_MS <= DEFAULT_LIMITS.incompleteMs; n++) {
      slow.socket.write(wire.charAt(n));
      // Each sweep finds this one in the middle of a message too, but of another one each time.
      busy.socket.write(
        n === 0 ? request('b').slice(0, 20) : request('b').slice(20) + request('b').slice(0, 20),
      );
      if (n > 0) await edge.recorder.next('message');
      await settle();
      edge.clock.advance(SWEEP_MS);
    }
    await gone;
    busy.socket.write(request('b').slice(20));
    expect((await edge.recorder.next('message')).raw).toBe(request('b'));
  });

  it('stops accepting while what is open goes on, then closes after sending', async () => {
    const edge = await start({ transport: 'tcp' });
    const { socket, bytes } = await dial(edge.port);
    socket.write(request('a'));
    const { flow } = await edge.recorder.next('message');
    edge.node.stopAccepting();
    const refused = connect({ port: edge.port, host: '127.0.0.1' });
    await new Promise<void>((resolve) => refused.once('error', () => resolve()));
    socket.write(request('b'));
    expect((await edge.recorder.next('message')).raw).toBe(request('b'));
    flow.send(request('bye'));
    const gone = ended(socket);
    await edge.node.close();
    await gone;
    expect(bytes()).toBe(request('bye'));
  });
});

describe('a TCP connection to a peer', () => {
  it('is opened once, and what is sent meanwhile waits', async () => {
    const edge = await start({ transport: 'tcp' });
    const peer = await serve();
    const target = { transport: 'tcp', address: '127.0.0.1', port: peer.port } as const;
    const flow = edge.node.flowTo(target, 'edge')!;
    expect(flow).toMatchObject({ localPort: edge.port, remotePort: peer.port, reliable: true });
    for (let i = 0; i < 5; i++) {
      expect(edge.node.flowTo(target, 'edge')).toBe(flow);
      expect(flow.send(request(`n${i}`))).toBe(true);
    }
    for (let i = 0; i < 5; i++) expect(await peer.next()).toBe(request(`n${i}`));
    expect(peer.sockets.length).toBe(1);
    expect(peer.sockets[0]!.remotePort).not.toBe(edge.port);
    peer.sockets[0]!.write(request('answer'));
    expect(await edge.recorder.next('message')).toMatchObject({ raw: request('answer'), flow });
    expect(edge.node.sentBy(flow)).toBe(`127.0.0.1:${edge.port}`);
  });

  it('does not take an alias for the peer’s listening port (RFC 5923 §8.2)', async () => {
    const edge = await start({ transport: 'tcp' });
    const peer = await serve();
    const { socket } = await dial(edge.port);
    socket.write(request('a').replace('X a.invalid', `TCP 127.0.0.1:${peer.port};alias`));
    const { flow } = await edge.recorder.next('message');
    const byName = edge.node.flowTo({ transport: 'tcp', address: '127.0.0.1', port: peer.port }, 'edge')!;
    expect(byName).not.toBe(flow);
    byName.send(request('b'));
    expect(await peer.next()).toBe(request('b'));
    const byPort = { transport: 'tcp', address: '127.0.0.1', port: socket.localPort! } as const;
    expect(edge.node.flowTo(byPort, 'edge')).toBe(flow);
  });

  it('is opened anew after it was closed', async () => {
    const edge = await start({ transport: 'tcp' });
    const peer = await serve();
    const target = { transport: 'tcp', address: '127.0.0.1', port: peer.port } as const;
    const first = edge.node.flowTo(target, 'edge')!;
    first.send(request('a'));
    await peer.next();
    peer.sockets[0]!.end();
    expect((await edge.recorder.next('closed')).flow).toBe(first);
    const second = edge.node.flowTo(target, 'edge')!;
    expect(second.connectionId).toBeGreaterThan(first.connectionId);
    second.send(request('b'));
    expect(await peer.next()).toBe(request('b'));
  });

  it('that is refused is told, and UDP is preferred there for a while', async () => {
    const edge = await start({ transport: 'tcp' });
    const peer = await serve();
    await new Promise<void>((resolve) => peer.server.close(() => resolve()));
    const udp = { transport: 'udp', address: '127.0.0.1', port: peer.port } as const;
    expect(edge.node.preferStream(1_300, udp, 'edge')).toBe(udp);
    expect(edge.node.preferStream(1_301, udp, 'nobody')).toBe(udp);
    const tcp = edge.node.preferStream(1_301, udp, 'edge');
    expect(tcp).toEqual({ ...udp, transport: 'tcp' });
    const flow = edge.node.flowTo(tcp, 'edge')!;
    expect(flow.send(request('a'))).toBe(true);
    expect((await edge.recorder.next('failed')).target).toBe(flow);
    expect((await edge.recorder.next('closed')).flow).toBe(flow);
    expect(flow.send(request('b'))).toBe(false);
    expect(edge.node.preferStream(1_301, udp, 'edge')).toBe(udp);
    edge.clock.advance(60_001);
    expect(edge.node.preferStream(1_301, udp, 'edge')).toEqual(tcp);
  });

  it('that is not answered times out', async () => {
    // A full backlog neither takes nor refuses: here the socket is never given the time to connect.
    const edge = await start({ transport: 'tcp' });
    const peer = await serve();
    const flow = edge.node.flowTo({ transport: 'tcp', address: '127.0.0.1', port: peer.port }, 'edge')!;
    flow.send(request('a'));
    edge.clock.advance(1_799);
    expect(flow.closed).toBe(false);
    edge.clock.advance(1);
    expect(flow.closed).toBe(true);
    expect((await edge.recorder.next('failed')).target).toBe(flow);
  });

  it('is bounded while it waits', async () => {
    const edge = await start({ transport: 'tcp' }, { limits: { sendBufferBytesMax: 10_000 } });
    const peer = await serve();
    const flow = edge.node.flowTo({ transport: 'tcp', address: '127.0.0.1', port: peer.port }, 'edge')!;
    while (flow.send(request('a', 'x'.repeat(500)))) continue;
    expect(flow.closed).toBe(true);
  });

  it('counts against the bound of connections', async () => {
    const edge = await start({ transport: 'tcp' }, { limits: { connectionsMax: 1 } });
    const peer = await serve();
    expect(
      edge.node.flowTo({ transport: 'tcp', address: '127.0.0.1', port: peer.port }, 'edge'),
    ).toBeDefined();
    expect(
      edge.node.flowTo({ transport: 'tcp', address: '127.0.0.2', port: peer.port }, 'edge'),
    ).toBeUndefined();
  });
});
