// Requests answered in front of the framework: which ones are, and that the rest, and every fault, is as the framework has it.
import { Body, Controller, Module, Post } from '@nestjs/common';
import { request as httpRequest } from 'node:http';
import { createApiKeys } from '../api-key.js';
import type { DirectAnswer } from './direct-routes.js';
import { startHttp } from '../http.js';
import type { HttpServer } from '../http-server.port.js';
import { silentLogger } from '../logger.js';

const KEY = 'k'.repeat(20);
const BODY_BYTES_MAX = 2_048;

@Controller('things')
class Things {
  @Post() take(@Body() body: unknown): object {
    return { framework: body };
  }
}

@Module({ controllers: [Things] })
class TestModule {}

let server: HttpServer;
let asked: unknown[];
let answer: (body: unknown) => Promise<DirectAnswer>;

const start = (): Promise<HttpServer> =>
  startHttp({
    module: TestModule,
    host: '127.0.0.1',
    port: 0,
    title: 'Test',
    role: 'provisioning',
    logger: silentLogger,
    apiKeys: createApiKeys([KEY]),
    bodyBytesMax: BODY_BYTES_MAX,
    direct: (method, url) =>
      method === 'POST' && url === '/things'
        ? (body) => {
            asked.push(body);
            return answer(body);
          }
        : undefined,
  });

beforeAll(async () => {
  server = await start();
});
afterAll(() => server.close());
beforeEach(() => {
  asked = [];
  answer = () => Promise.resolve({ status: 200, location: '/things/1' });
});

type Got = Readonly<{ status: number; text: string; headers: NodeJS.Dict<string | string[]> }>;
type Asked = Readonly<{ path?: string; body?: string; headers?: Readonly<Record<string, string>>; chunks?: readonly string[] }>; // prettier-ignore

const ask = ({ path = '/things', body = '{"n":1}', headers = {}, chunks }: Asked = {}, of = server): Promise<Got> =>
  new Promise((resolve, reject) => {
    const sent = httpRequest(`${of.url}${path}`, {
      method: 'POST',
      headers: { 'x-api-key': KEY, 'content-type': 'application/json', ...headers },
    });
    sent.on('error', reject).on('response', (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text, headers: response.headers }));
    });
    if (chunks === undefined) return void sent.end(body);
    // One piece a turn of the event loop, so that they come in several reads.
    const next = (from: number): void => {
      if (from === chunks.length) return void sent.end();
      sent.write(chunks[from]);
      setImmediate(() => next(from + 1));
    };
    next(0);
  }); // prettier-ignore

it('answers what is plain without a body, and where it is', async () => {
  const { status, text, headers } = await ask();
  expect([status, text, headers['location'], headers['content-length']]).toEqual([200, '', '/things/1', '0']);
  expect(typeof headers['date']).toBe('string');
  expect(asked).toEqual([{ n: 1 }]);
});

it('takes a body that comes in pieces, a character cut in two', async () => {
  const bytes = Buffer.from('{"n":"ü"}');
  const chunks = [bytes.subarray(0, 7), bytes.subarray(7)].map((part) => part.toString('latin1'));
  const whole = await new Promise<Got>((resolve, reject) => {
    const headers = { 'x-api-key': KEY, 'content-type': 'application/json', 'content-length': bytes.length };
    const sent = httpRequest(`${server.url}/things`, { method: 'POST', headers });
    sent.on('error', reject).on('response', (response) => {
      response.resume().on('end', () => resolve({ status: response.statusCode ?? 0, text: '', headers: {} }));
    });
    sent.write(Buffer.from(chunks[0]!, 'latin1'));
    setImmediate(() => sent.end(Buffer.from(chunks[1]!, 'latin1')));
  });
  expect([whole.status, asked]).toEqual([200, [{ n: 'ü' }]]);
});

it.each<[string, Asked, number]>([
  ['another path', { path: '/things/' }, 201],
  ['a query', { path: '/things?a=b' }, 201],
  ['another type of body', { headers: { 'content-type': 'application/problem+json' } }, 201],
  ['a length that is not told', { chunks: ['{"n":', '1}'] }, 201],
  ['no key', { headers: { 'x-api-key': 'wrong' } }, 401],
  ['a body that is too large', { body: JSON.stringify('x'.repeat(BODY_BYTES_MAX)) }, 413],
  ['no body', { body: '', headers: { 'content-length': '0' } }, 201],
])('leaves %s to the framework', async (_what, request, status) => {
  expect((await ask(request)).status).toBe(status);
  expect(asked).toEqual([]);
});

it.each(['{', '"', '{"__proto__":{"n":1}}', '{"constructor":{"prototype":{}}}'])(
  'refuses %s as the framework does',
  async (body) => {
    const [ours, framework] = [await ask({ body }), await ask({ body, path: '/things?of=framework' })];
    expect(ours.status).toBe(400);
    expect([ours.status, ours.text]).toEqual([framework.status, framework.text]);
    expect(ours.headers['content-type']).toBe(framework.headers['content-type']);
    expect(asked).toEqual([]);
  },
);

it('tells a refusal with its reason and when to come again, and of a defect nothing', async () => {
  answer = () => Promise.resolve({ status: 503, reason: 'full', retryAfterS: 7 });
  const refused = await ask();
  expect([refused.status, refused.headers['retry-after']]).toEqual([503, '7']);
  expect(JSON.parse(refused.text)).toEqual({ error: true, status: 503, message: 'Service Unavailable', reason: 'full', detail: {} }); // prettier-ignore
  answer = () => Promise.reject(new Error('secret text of a defect'));
  const defect = await ask();
  expect(defect.status).toBe(500);
  expect(JSON.parse(defect.text)).toMatchObject({ error: true, status: 500, reason: 'internal error' });
  expect(defect.text).not.toContain('secret');
});

it('finishes what runs when the server closes', async () => {
  const other = await start();
  const running = Promise.withResolvers<DirectAnswer>();
  const reached = Promise.withResolvers<void>();
  answer = () => {
    reached.resolve();
    return running.promise;
  };
  const got = ask({}, other);
  await reached.promise;
  const closed = other.close();
  running.resolve({ status: 200 });
  expect((await got).status).toBe(200);
  await closed;
});
