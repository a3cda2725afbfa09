// Both transports against a server on a free loopback port: answers, faults by kind, bounds.
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { HttpTransport } from '../http-pool.port.js';
import { createSocketTransport, type SocketOptions } from './socket.transport.js';
import { resolverWith, systemResolver } from './system-resolver.js';
import { ANSWER_BYTES_MAX, CONNECTIONS_MAX, createUndiciTransport } from './undici.transport.js';

let server: Server;
let listener: RequestListener;
let port: number;
beforeAll(async () => {
  server = createServer((request, response) => listener(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ({ port } = server.address() as AddressInfo);
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

const STANDARD: SocketOptions = {
  connectMs: 250,
  answerMs: 300,
  connectionsMax: CONNECTIONS_MAX,
  answerBytesMax: ANSWER_BYTES_MAX,
};

describe.each<[string, (options: SocketOptions) => HttpTransport]>([
  ['undici', createUndiciTransport],
  ['socket', createSocketTransport],
])('%s transport', (_name, create) => {
  const at = (options: Partial<SocketOptions> = {}, to = port) =>
    create({ ...STANDARD, ...options }).open({ address: '127.0.0.1', port: to });

  it('sends and reads', async () => {
    listener = (request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        response.writeHead(201, { 'X-One': '1', 'Set-Cookie': ['a', 'b'] });
        response.end(`${request.method} ${request.url} ${String(request.headers['x-api-key'])} ${body}`);
      });
    };
    const connections = at();
    const asked = { method: 'PUT', path: '/a%2Fb?c=d', headers: { 'x-api-key': 'k' }, body: 'ü' } as const;
    const answer = await connections.request(asked);
    expect(answer).toMatchObject({ status: 201, body: 'PUT /a%2Fb?c=d k ü' });
    expect(answer.headers).toMatchObject({ 'x-one': '1', 'set-cookie': 'a' });
    await connections.close();
    await connections.close();
  });

  it('takes the answer that follows a provisional one, whole, with characters that are cut in two', async () => {
    listener = (_request, response) => {
      response.writeEarlyHints({ link: '</a>; rel=preload' });
      const text = Buffer.from('grüße');
      response.writeHead(200, { 'x-two': '2' });
      response.write(text.subarray(0, 3));
      setImmediate(() => response.end(text.subarray(3)));
    };
    const connections = at();
    const answer = await connections.request({ method: 'GET', path: '/' });
    expect(answer).toMatchObject({ status: 200, body: 'grüße' });
    expect(answer.headers).toMatchObject({ 'x-two': '2' });
    await connections.close();
  });

  it('tells time-out, refusal and breaking apart', async () => {
    const silent = at({ connectMs: 50, answerMs: 50 });
    listener = () => undefined;
    await expect(silent.request({ method: 'GET', path: '/' })).rejects.toMatchObject({ kind: 'timeout' });
    listener = (_request, response) => void response.socket?.destroy();
    await expect(silent.request({ method: 'GET', path: '/' })).rejects.toMatchObject({ kind: 'broken' });
    const nobody = at({}, 1);
    await expect(nobody.request({ method: 'GET', path: '/' })).rejects.toMatchObject({ kind: 'unreachable' });
    const bounded = at({ answerBytesMax: 10 });
    listener = (_request, response) => void response.end('x'.repeat(1_000));
    await expect(bounded.request({ method: 'GET', path: '/' })).rejects.toMatchObject({ kind: 'broken' });
    await Promise.all([silent, nobody, bounded].map((each) => each.close()));
  });

  it('who waits for a connection too long is told in time too, and the next one is served', async () => {
    let isSilent = true;
    listener = ({ url = '' }, response) => {
      if (!isSilent) response.end(url);
    };
    const one = at({ connectionsMax: 1, connectMs: 10, answerMs: 200 });
    const asked = ['/1', '/2', '/3'].map((path) => one.request({ method: 'GET', path }));
    const kinds = (await Promise.allSettled(asked)).map((told) =>
      told.status === 'rejected' ? (told.reason as { kind: string }).kind : told.value.body,
    );
    expect(kinds).toEqual(['timeout', 'timeout', 'timeout']);
    isSilent = false;
    expect((await one.request({ method: 'GET', path: '/again' })).body).toBe('/again');
    await one.close();
  });

  it('keeps connections for the next request, and no more of them than it may', async () => {
    const sockets = new Set<unknown>();
    listener = (request, response) => {
      sockets.add(request.socket);
      request.resume().on('end', () => response.end(request.url));
    };
    const connections = at({ connectionsMax: 2 });
    const paths = Array.from({ length: 20 }, (_, i) => `/${i}`);
    const bodies = await Promise.all(
      paths.map(async (path) => (await connections.request({ method: 'POST', path, body: path })).body),
    );
    for (const path of paths) bodies.push((await connections.request({ method: 'GET', path })).body);
    expect([bodies, sockets.size]).toEqual([[...paths, ...paths], 2]);
    await connections.close();
  });

  it('takes bodies that end as HTTP has it: by length, in chunks, with the connection, or none', async () => {
    const connections = at();
    const ask = async (answer: RequestListener) => {
      listener = (request, response) => void request.resume().on('end', () => answer(request, response));
      const { status, body } = await connections.request({ method: 'POST', path: '/', body: 'x' });
      return [status, body];
    };
    expect(await ask((_request, response) => response.writeHead(200, { 'content-length': 2 }).end('ab'))).toEqual([200, 'ab']); // prettier-ignore
    expect(await ask((_request, response) => response.writeHead(200, { 'transfer-encoding': 'chunked' }).end('abc'))).toEqual([200, 'abc']); // prettier-ignore
    expect(await ask((_request, response) => response.writeHead(204).end())).toEqual([204, '']);
    expect(await ask(({ socket }) => socket.end('HTTP/1.0 200 OK\r\n\r\nto the end'))).toEqual([200, 'to the end']); // prettier-ignore
    expect(await ask((_request, response) => response.writeHead(200, { connection: 'close' }).end('last'))).toEqual([200, 'last']); // prettier-ignore
    expect(await ask((_request, response) => response.end())).toEqual([200, '']);
    await connections.close();
  });

  it('sends nothing that would be another request', async () => {
    listener = () => expect('asked').toBe('not asked');
    const connections = at();
    for (const path of ['/ HTTP/1.1\r\nx: y', 'http//', ''])
      await expect(connections.request({ method: 'GET', path })).rejects.toMatchObject({ kind: 'broken' });
    for (const headers of [{ a: 'b\r\nc: d' }, { 'a: b\r\nc': 'd' }])
      await expect(connections.request({ method: 'GET', path: '/', headers })).rejects.toMatchObject({ kind: 'broken' }); // prettier-ignore
    await connections.close();
  });
});

describe('system resolver', () => {
  it('takes addresses as they are, and names', async () => {
    expect(await systemResolver('10.0.0.1')).toEqual(['10.0.0.1']);
    expect(await systemResolver('::1')).toEqual(['::1']);
    expect((await systemResolver('localhost')).length).toBeGreaterThan(0);
  });

  it('knows the names of a deployment before those of the system', async () => {
    const resolve = resolverWith(
      new Map([['homestead', [{ address: '10.0.0.1' }, { address: '10.0.0.2' }]]]),
    );
    expect(await resolve('Homestead')).toEqual(['10.0.0.1', '10.0.0.2']);
    expect(await resolve('10.0.0.3')).toEqual(['10.0.0.3']);
  });
});
