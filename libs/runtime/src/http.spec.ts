// The HTTP base of every API: ping, JSON errors, keys, allow-list, bounds, documentation; and the management port.
import { Body, Controller, Get, Module, NotFoundException, Param, Post, Put } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { IsInt } from 'class-validator';
import { createApiKeys } from './api-key.js';
import type { Drain, DrainPart } from './drain/drain.js';
import { createHealth } from './health.js';
import { startHttp } from './http.js';
import type { HttpOptions, HttpServer } from './http-server.port.js';
import { silentLogger } from './logger.js';
import { startManagement } from './management.js';
import { createMetrics } from './metrics.js';

class Count {
  @ApiProperty() @IsInt() n: number = 0; // the type is written out: decorators see no inferred one
}

@Controller('things')
class Things {
  @Get(':id') one(@Param('id') id: string): object {
    if (id === 'none') throw new NotFoundException('no such thing');
    if (id === 'defect') throw new Error('secret text of a defect');
    return { id };
  }
  @Post() count(@Body() body: Count): object {
    return { double: body.n * 2 };
  }
  @Put(':id/text') text(@Body() body: string): object {
    return { length: body.length, kind: typeof body };
  }
}

@Module({ controllers: [Things] })
class TestModule {}

const KEY = 'k'.repeat(20);
let server: HttpServer;
const start = (options: Partial<HttpOptions> = {}) =>
  startHttp({
    module: TestModule,
    host: '127.0.0.1',
    port: 0,
    title: 'Test',
    role: 'provisioning',
    logger: silentLogger,
    ...options,
  });

const ask = async (path: string, init: RequestInit = {}, key: string | null = KEY) => {
  const headers = { ...(key === null ? {} : { 'X-API-Key': key }), ...(init.headers as object) };
  const response = await fetch(`${server.url}${path}`, { ...init, headers });
  const text = await response.text();
  const type = response.headers.get('content-type') ?? '';
  return {
    status: response.status,
    text,
    headers: response.headers,
    json: type.includes('json') ? (JSON.parse(text) as object) : undefined,
  };
};
const json = (body: unknown) => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: typeof body === 'string' ? body : JSON.stringify(body),
});

describe('HTTP API', () => {
  beforeAll(async () => {
    server = await start({
      apiKeys: createApiKeys([KEY, `history:${'h'.repeat(20)}`]),
      role: 'provisioning',
      bodyBytesMax: 2048,
    });
  });
  afterAll(() => server.close());

  it('answers ping and documentation without a key', async () => {
    const ping = await ask('/ping', {}, null);
    expect([ping.status, ping.text]).toEqual([200, 'OK']);
    expect(ping.headers.get('content-type')).toContain('text/plain');
    expect((await ask('/docs/json', {}, null)).json).toMatchObject({
      openapi: expect.stringMatching(/^3/) as string,
      paths: { '/things/{id}': {}, '/things': {} },
    });
    const page = await ask('/docs', {}, null);
    expect([page.status, page.text.includes('swagger')]).toEqual([200, true]);
  });

  it('asks for a key, under both names', async () => {
    expect((await ask('/things/1', {}, null)).json).toMatchObject({ error: true, status: 401 });
    expect((await ask('/things/1', {}, 'wrong')).status).toBe(401);
    expect((await ask('/things/1')).json).toEqual({ id: '1' });
    expect((await ask('/things/1', { headers: { 'NGV-API-Key': KEY } }, null)).status).toBe(200);
    expect((await ask('/things/1', {}, 'h'.repeat(20))).json).toMatchObject({
      status: 403,
      reason: 'this key has another role',
    });
    expect((await ask('/docsx', {}, null)).status).toBe(401);
  });

  it('answers errors as JSON, and nothing of a defect', async () => {
    expect((await ask('/things/none')).json).toEqual({
      error: true,
      status: 404,
      message: 'Not Found',
      reason: 'no such thing',
      detail: {},
    });
    const defect = await ask('/things/defect');
    expect(defect.status).toBe(500);
    expect(defect.text).not.toMatch(/secret|at |\.ts/);
    expect((await ask('/nothing')).json).toMatchObject({ status: 404, reason: 'no such resource' });
    const wrongMethod = await ask('/things/1', { method: 'DELETE' });
    expect([wrongMethod.status, wrongMethod.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  });

  it('judges bodies', async () => {
    expect((await ask('/things', json({ n: 4 }))).json).toEqual({ double: 8 });
    expect((await ask('/things', json({ n: 'x' }))).json).toMatchObject({
      status: 400,
      reason: 'n must be an integer number',
    });
    expect((await ask('/things', json({ n: 1, m: 2 }))).json).toMatchObject({
      reason: 'property m should not exist',
    });
    expect((await ask('/things', json('{'))).json).toMatchObject({ error: true, status: 400 });
    expect((await ask('/things', json('{"__proto__":{"n":1}}'))).status).toBe(400);
    expect((await ask('/things', json('"' + 'x'.repeat(4000) + '"'))).json).toMatchObject({
      error: true,
      status: 413,
    });
    const xml = { method: 'PUT', body: '<a>ü</a>', headers: { 'content-type': 'application/xml' } };
    expect((await ask('/things/1/text', xml)).json).toEqual({ length: 8, kind: 'string' });
  });

  it('takes long identities, percent-encoded, with or without a slash at the end', async () => {
    const id = `sip:${'a'.repeat(300)}@ims.test`;
    expect((await ask(`/things/${encodeURIComponent(id)}`)).json).toEqual({ id });
    expect((await ask('/things/1/')).status).toBe(200);
    expect((await ask('/things/%zz')).json).toMatchObject({ error: true, status: 400 });
    expect((await ask(`/things/${'x'.repeat(2000)}`)).json).toMatchObject({ error: true, status: 414 });
  });

  it('refuses peers that are not trusted', async () => {
    const closed = await start({ peers: () => false });
    try {
      const response = await fetch(`${closed.url}/ping`);
      expect([response.status, await response.json()]).toEqual([
        403,
        expect.objectContaining({ error: true }),
      ]);
    } finally {
      await closed.close();
    }
  });

  it('keeps a connection longer than it says: a client that is late finds it open', async () => {
    const { headers } = await ask('/ping', { headers: { Connection: 'keep-alive' } });
    expect(headers.get('keep-alive')).toBe('timeout=75');
    expect(server.app.getHttpServer().keepAliveTimeoutBuffer).toBe(15_000);
  });

  it('waits for a body no longer than for headers: of two limits Node gives the body the longer one', () => {
    const { requestTimeout, headersTimeout } = server.app.getHttpServer();
    expect([requestTimeout, headersTimeout]).toEqual([30_000, 30_000]);
  });

  it('ends connections with its answers while it drains, and refuses nobody', async () => {
    const parts: DrainPart[] = [];
    const drain = { add: (_name: string, part: DrainPart) => void parts.push(part) } as unknown as Drain;
    const other = await start({ drain });
    const connectionOf = async (): Promise<unknown> => {
      const response = await fetch(`${other.url}/things/1`);
      return [response.status, response.headers.get('connection')];
    };
    try {
      expect(parts).toHaveLength(1);
      expect(await connectionOf()).toEqual([200, 'keep-alive']);
      await parts[0]!.leave();
      await parts[0]!.leave();
      expect(await connectionOf()).toEqual([200, 'close']);
      expect(parts[0]!.unfinished()).toBeUndefined();
      await parts[0]!.comeBack();
      expect(await connectionOf()).toEqual([200, 'keep-alive']);
    } finally {
      await other.close();
    }
  });

  it('finishes what runs when it closes', async () => {
    const other = await start();
    const running = fetch(`${other.url}/things/1`);
    await other.close();
    await running.then(
      (response) => expect(response.status).toBe(200),
      (error: unknown) => expect(String(error)).toContain('fetch failed'),
    );
    await expect(fetch(`${other.url}/ping`)).rejects.toThrow();
  });
});

describe('management port', () => {
  it('tells health by part, and metrics', async () => {
    const health = createHealth();
    const part = health.part('log');
    const management = await startManagement({
      host: '127.0.0.1',
      port: 0,
      health,
      metrics: createMetrics(),
    });
    const get = async (path: string) => {
      const response = await fetch(`http://127.0.0.1:${management.port}${path}`);
      return { status: response.status, text: await response.text() };
    };
    try {
      expect((await get('/healthz')).status).toBe(503);
      part.ready();
      const ready = await get('/healthz');
      expect([ready.status, JSON.parse(ready.text)]).toEqual([
        200,
        { status: 'ready', parts: { log: { ready: true } } },
      ]);
      health.drain();
      expect((await get('/healthz')).status).toBe(503);
      expect((await get('/metrics')).text).toContain('process_cpu_seconds_total');
      expect((await get('/ping')).text).toBe('OK');
      expect((await get('/else')).status).toBe(404);
    } finally {
      await management.close();
    }
  });
});
