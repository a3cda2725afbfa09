import { get, request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { WebSocket } from 'ws';
import { settle } from '#libs/testkit';
import { MESSAGE_BYTES_MAX } from '../transport/stream-framer.js';
import { KEEP_ALIVES_WAITING_MAX, SWEEP_MS } from './connections.js';
import { closing, start } from './contract/fixture.js';
import { countsOf } from './contract/node.js';
import { inbox, request } from './contract/recorder.js';
import { DEFAULT_LIMITS } from './listener.js';

const dial = async (
  port: number,
  options: { protocols?: string[]; origin?: string; autoPong?: boolean } = {},
) => {
  const { protocols = ['sip'], ...rest } = options;
  const socket = new WebSocket(`ws://127.0.0.1:${port}/any`, protocols, rest);
  const heard = inbox();
  socket.on('message', (data: Buffer, isBinary) =>
    heard.push(`${isBinary ? 'binary' : 'text'} ${data.toString('latin1')}`),
  );
  closing(() => socket.terminate());
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });
  socket.on('error', () => {});
  return { socket, next: heard.next };
};

const status = (port: number, headers: Record<string, string>): Promise<number> =>
  new Promise((resolve, reject) => {
    const upgrade = { Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': '13' };
    const key = { 'Sec-WebSocket-Key': Buffer.alloc(16).toString('base64') };
    const attempt = httpRequest({ port, host: '127.0.0.1', headers: { ...upgrade, ...key, ...headers } });
    attempt.on('response', (response) => {
      response.resume();
      resolve(response.statusCode!);
    });
    attempt.on('upgrade', (response, socket) => {
      socket.destroy();
      resolve(response.statusCode!);
    });
    attempt.on('error', reject);
    attempt.end();
  });

const closed = (socket: WebSocket): Promise<number> =>
  new Promise((resolve) => socket.once('close', (code: number) => resolve(code)));

describe('a WebSocket handshake', () => {
  it('needs the subprotocol sip', async () => {
    const edge = await start({ transport: 'ws' });
    expect(await status(edge.port, {})).toBe(400);
    expect(await status(edge.port, { 'Sec-WebSocket-Protocol': 'msrp' })).toBe(400);
    expect(await status(edge.port, { 'Sec-WebSocket-Protocol': 'msrp, SIP' })).toBe(101);
    expect(countsOf(edge).connectionsRefused).toBe(2);
    const { socket } = await dial(edge.port, { protocols: ['msrp', 'sip'] });
    expect(socket.protocol).toBe('sip');
    expect(socket.extensions).toBe('');
  });

  it('asks whether the origin and the peer are allowed', async () => {
    const seen: unknown[] = [];
    const edge = await start({
      transport: 'ws',
      allowOrigin: (origin, handshake) => {
        seen.push(handshake);
        return origin === 'https://phone.test';
      },
    });
    const sip = { 'Sec-WebSocket-Protocol': 'sip' };
    expect(await status(edge.port, { ...sip, Origin: 'https://evil.test' })).toBe(403);
    expect(await status(edge.port, sip)).toBe(403);
    expect(await status(edge.port, { ...sip, Origin: 'https://phone.test' })).toBe(101);
    expect(seen[0]).toEqual({ remoteAddress: '127.0.0.1', url: '/', host: `127.0.0.1:${edge.port}` });
    const closedShop = await start({ transport: 'ws', allowPeer: () => false });
    expect(await status(closedShop.port, sip)).toBe(403);
  });

  it('is refused at the bound of connections, unless one of them has said nothing yet', async () => {
    const edge = await start({ transport: 'ws' }, { limits: { connectionsMax: 1 } });
    const silent = await dial(edge.port);
    const gone = closed(silent.socket);
    const { socket } = await dial(edge.port);
    await gone;
    socket.send(request('a'));
    await edge.recorder.next('message');
    expect(await status(edge.port, { 'Sec-WebSocket-Protocol': 'sip' })).toBe(503);
  });

  it('is all that there is: plain HTTP gets 426', async () => {
    const edge = await start({ transport: 'ws' });
    const code = await new Promise((resolve) =>
      get({ port: edge.port, host: '127.0.0.1', agent: false }, (response) => {
        response.resume();
        resolve(response.statusCode);
      }),
    );
    expect(code).toBe(426);
    const noise = connect(edge.port, '127.0.0.1');
    noise.on('error', () => {});
    noise.on('data', () => {});
    const gone = new Promise((resolve) => noise.once('close', resolve));
    noise.write('\x16\x03\x01nonsense\r\n\r\n');
    await gone;
  });
});

describe('a WebSocket connection', () => {
  it('takes text and binary messages, whole or in frames', async () => {
    const edge = await start({ transport: 'ws' });
    const { socket } = await dial(edge.port);
    socket.send(request('text'));
    socket.send(Buffer.from(request('binary', '\xff\xfe'), 'latin1'), { binary: true });
    const message = request('pieces', 'x'.repeat(1_000));
    for (let at = 0; at < message.length; at += 100)
      socket.send(message.slice(at, at + 100), { fin: at + 100 >= message.length, binary: false });
    socket.send(`\r\n\r\n${request('after CRLF')}`);
    for (const expected of [request('text'), request('binary', '\xff\xfe'), message, request('after CRLF')])
      expect((await edge.recorder.next('message')).raw).toBe(expected);
  });

  it('sends text where it is UTF-8, binary where it is not', async () => {
    const edge = await start({ transport: 'ws' });
    const { socket, next } = await dial(edge.port);
    socket.send(request('a'));
    const { flow } = await edge.recorder.next('message');
    const utf8 = Buffer.from('ü', 'utf8').toString('latin1');
    flow.send(request('b', utf8));
    flow.send(request('c', '\xff'));
    expect(await next()).toBe(`text ${request('b', utf8)}`);
    expect(await next()).toBe(`binary ${request('c', '\xff')}`);
  });

  it('answers the CRLF keep-alive and WebSocket pings', async () => {
    const edge = await start({ transport: 'ws' });
    const { socket, next } = await dial(edge.port);
    socket.send('\r\n');
    socket.send('\r\n\r\n');
    expect(await next()).toBe('text \r\n');
    const pong = new Promise((resolve) => socket.once('pong', (data: Buffer) => resolve(data.toString())));
    socket.ping('hello');
    expect(await pong).toBe('hello');
    expect(countsOf(edge)).toMatchObject({ received: 0, keepAlives: 1 });
  });

  it('is closed by a message over the bound, and by text that is not UTF-8', async () => {
    const edge = await start({ transport: 'ws' });
    const large = await dial(edge.port);
    const tooLarge = closed(large.socket);
    large.socket.send('x'.repeat(MESSAGE_BYTES_MAX + 1));
    expect(await tooLarge).toBe(1009);
    expect((await edge.recorder.next('malformed')).reason).toBe('WS_ERR_UNSUPPORTED_MESSAGE_LENGTH');
    await edge.recorder.next('closed');
    const wrong = await dial(edge.port);
    const invalid = closed(wrong.socket);
    wrong.socket.send(Buffer.from([0xff]), { binary: false });
    expect(await invalid).toBe(1007);
    expect((await edge.recorder.next('malformed')).reason).toBe('WS_ERR_INVALID_UTF8');
    expect(countsOf(edge).connectionsClosed).toBe(2);
  });

  it('is told once when it is gone, and sends nothing then', async () => {
    const edge = await start({ transport: 'ws' });
    const { socket } = await dial(edge.port);
    socket.send(request('a'));
    const { flow } = await edge.recorder.next('message');
    socket.terminate();
    expect((await edge.recorder.next('closed')).flow).toBe(flow);
    expect(flow.closed).toBe(true);
    expect(flow.send(request('b'))).toBe(false);
    flow.close();
    expect(edge.recorder.count('closed')).toBe(0);
    expect(
      edge.node.flowTo({ transport: 'ws', address: '127.0.0.1', port: flow.remotePort }, 'edge'),
    ).toBeUndefined();
  });

  it('is closed when the peer does not read', async () => {
    const edge = await start({ transport: 'ws' }, { limits: { sendBufferBytesMax: 200_000 } });
    const { socket } = await dial(edge.port);
    socket.send(request('a'));
    const { flow } = await edge.recorder.next('message');
    socket.pause();
    for (let sent = 0; flow.send(request('big', 'x'.repeat(50_000))); sent++) {
      if (sent > 2_000) throw new Error('no bound');
      await settle();
    }
    expect(flow.closed).toBe(true);
    expect((await edge.recorder.next('failed')).target).toBe(flow);
  });

  it('is closed when the peer sends keep-alives and reads no answer', async () => {
    const edge = await start({ transport: 'ws' }, { limits: { sendBufferBytesMax: 2 ** 30 } });
    const { socket } = await dial(edge.port);
    socket.send(request('a'));
    const { flow } = await edge.recorder.next('message');
    socket.pause();
    for (let sent = 0; sent < 500; sent++) flow.send(request('big', 'x'.repeat(50_000)));
    for (let sent = 0; sent < KEEP_ALIVES_WAITING_MAX; sent++) socket.send('\r\n\r\n');
    socket.send(request('b'));
    await edge.recorder.next('message');
    expect(flow.closed).toBe(false);
    socket.send('\r\n\r\n');
    expect((await edge.recorder.next('failed')).target).toBe(flow);
    expect(flow.closed).toBe(true);
  });

  it('answers as many keep-alives as come to a peer that reads', async () => {
    const edge = await start({ transport: 'ws' });
    const { socket, next } = await dial(edge.port);
    for (let sent = 0; sent < 2 * KEEP_ALIVES_WAITING_MAX; sent++) socket.send('\r\n\r\n');
    for (let sent = 0; sent < 2 * KEEP_ALIVES_WAITING_MAX; sent++) expect(await next()).toBe('text \r\n');
  });

  it('is pinged when quiet, and dropped when it stays so', async () => {
    const edge = await start({ transport: 'ws' });
    const alive = await dial(edge.port);
    const dead = await dial(edge.port, { autoPong: false });
    for (const { socket } of [alive, dead]) {
      socket.send(request('a'));
      await edge.recorder.next('message');
    }
    const pinged = [alive, dead].map(({ socket }) => new Promise((resolve) => socket.once('ping', resolve)));
    edge.clock.advance(DEFAULT_LIMITS.wsPingMs + SWEEP_MS);
    await Promise.all(pinged);
    // The pong of the living one is on its way; a message of its own comes after it.
    alive.socket.send(request('b'));
    await edge.recorder.next('message');
    const gone = closed(dead.socket);
    edge.clock.advance(DEFAULT_LIMITS.wsPingMs + SWEEP_MS);
    expect(await gone).toBe(1006);
    expect(alive.socket.readyState).toBe(WebSocket.OPEN);
  });

  it('is closed properly when the node closes', async () => {
    const edge = await start({ transport: 'ws' });
    const { socket } = await dial(edge.port);
    const code = closed(socket);
    await edge.node.close();
    expect(await code).toBe(1001);
  });
});
