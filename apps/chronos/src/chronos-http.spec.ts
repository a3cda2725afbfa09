// Chronos' HTTP API (backend.md §6.1, §12 item 9): each endpoint and status, and each answer held to the OpenAPI document it gives itself.
import { AppendUnknown } from '#libs/event-log';
import { createApiKeys, type HttpServer, silentLogger, startHttp } from '#libs/runtime';
import {
  createFakeClock,
  createOpenApiCheck,
  type FakeClock,
  type OpenApiCheck,
  settle,
} from '#libs/testkit';
import { type Life, Receiver, request, startLife } from './chronos.fixture.js';
import { ChronosModule } from './chronos.module.js';

const KEY = 'k'.repeat(20);
const TIMERS_MAX = 5;

let clock: FakeClock;
let receiver: Receiver;
let life: Life;
let server: HttpServer;
let openApi: OpenApiCheck;
let logAnswers: boolean;

beforeAll(async () => {
  clock = createFakeClock();
  receiver = new Receiver(() => clock.nowMs());
  logAnswers = true;
  life = await startLife({
    clock,
    receiver,
    timersMax: TIMERS_MAX,
    triesMax: 1,
    appends: (log) => ({
      append: (...of) => (logAnswers ? log.append(...of) : Promise.reject(new AppendUnknown())),
    }),
  });
  server = await startHttp({
    module: ChronosModule.forRoot(life.chronos),
    host: '127.0.0.1',
    port: 0,
    title: 'Chronos',
    role: 'chronos',
    logger: silentLogger,
    apiKeys: createApiKeys([KEY]),
  });
  openApi = createOpenApiCheck(server.openApi());
});
afterAll(async () => {
  await server.close();
  await life.stop();
});

type Method = 'GET' | 'PUT' | 'POST' | 'DELETE' | 'PATCH';
const call = async (method: Method, url: string, body?: unknown, headers: object = {}) => {
  const answer = await server.app.inject({
    method,
    url,
    headers: { 'x-api-key': KEY, ...headers },
    ...(body === undefined ? {} : { payload: body as object }),
  });
  const contentType = String(answer.headers['content-type'] ?? '');
  if (![405, 401].includes(answer.statusCode))
    openApi.check({ method, path: url, status: answer.statusCode, contentType, body: answer.body });
  await settle();
  const { statusCode: status, body: text } = answer;
  return { status, text, headers: answer.headers, location: String(answer.headers['location'] ?? '') };
};
const rest = () => Promise.all([...life.due.timers.keys()].map((id) => call('DELETE', `/timers/${id}-1`)));

describe('setting', () => {
  afterEach(rest);

  it('answers 200 without a body, with where the timer is', async () => {
    const { status, text, location } = await call('POST', '/timers', request(300));
    expect([status, text]).toEqual([200, '']);
    expect(location).toMatch(/^\/timers\/[0-9a-f]{16}-2$/);
    expect((await call('GET', location)).text).toContain('"intervalS":300');
  });

  it('keeps 64 bits of a name, whatever a client puts behind it, and its replication factor', async () => {
    const { location } = await call('PUT', '/timers/FFFFFFFFFFFFFFFF-3abc', request(300));
    expect(location).toBe('/timers/ffffffffffffffff-3');
    const other = await call('PUT', '/timers/fffffffffffffffe-3', request(300));
    expect(other.location).toBe('/timers/fffffffffffffffe-3');
    expect(life.due.timers.size).toBe(2);
    expect((await call('PUT', '/timers/0000000100000009-2', request(1))).location).toBe('/timers/0000000100000009-2'); // prettier-ignore
  });

  it('takes a body without a content type, too', async () => {
    const body = JSON.stringify(request(300));
    expect((await call('POST', '/timers', body, { 'content-type': 'text/plain' })).status).toBe(200);
    expect((await call('POST', '/timers', '{', { 'content-type': 'text/plain' })).status).toBe(400);
  });

  it('passes over tags that are none, and adds up those of one type', async () => {
    const list = [
      { type: 'REG' },
      { type: 'REG', count: 2 },
      { type: 'BIND', count: 1.5 },
      { count: 1 },
      'x',
    ];
    await call('POST', '/timers', request(300, 300, { statistics: { 'tag-info': list } }));
    expect((await call('GET', '/statistics')).text).toContain('"tags":{"REG":3}');
    expect(await call('GET', '/timers?tag=REG&limit=5').then(({ text }) => JSON.parse(text) as object[])).toHaveLength(1); // prettier-ignore
  });

  it('is refused when the node holds as many as it may, but not for a timer that it has', async () => {
    const { location } = await call('POST', '/timers', request(300));
    for (let i = 1; i < TIMERS_MAX; i++) await call('POST', '/timers', request(300));
    const refused = await call('POST', '/timers', request(300));
    expect([refused.status, Number(refused.headers['retry-after']) >= 5]).toEqual([503, true]);
    expect((await call('PUT', location, request(300))).status).toBe(200);
  });

  it('that is not known to be durable is 500, with when to come again', async () => {
    logAnswers = false;
    const answer = await call('POST', '/timers', request(300));
    const cancelled = await call('DELETE', '/timers/0000000000000001-1');
    const put = await call('PUT', '/timers/0000000000000001-2', request(1));
    logAnswers = true;
    expect([answer.status, cancelled.status, put.status]).toEqual([500, 500, 500]);
    expect(Number(answer.headers['retry-after'])).toBeLessThanOrEqual(30);
  });
});

describe('what is wrong is told in the body', () => {
  const good = request(10) as { callback: object };
  it.each<[string, unknown, string]>([
    ['no object', '[]', 'no JSON object'],
    ['no timing', { callback: good.callback }, 'timing is absent'],
    ['no interval', { ...good, timing: {} }, 'timing.interval'],
    ['an interval that is text', { ...good, timing: { interval: '1' } }, 'timing.interval'],
    ['a fraction', { ...good, timing: { interval: 1.5 } }, 'timing.interval'],
    ['below zero', { ...good, timing: { interval: -1 } }, 'timing.interval'],
    ['a hundred years', { ...good, timing: { interval: 100 * 365 * 86_400 } }, 'timing.interval'],
    ['a repetition that is none', { ...good, timing: { interval: 1, 'repeat-for': 'x' } }, 'timing.repeat-for'],
    ['a repetition of no interval', { ...good, timing: { interval: 0, 'repeat-for': 1 } }, 'timing.interval is 0'],
    ['no callback', { timing: { interval: 1 } }, 'callback.http is absent'],
    ['no uri', { timing: { interval: 1 }, callback: { http: { opaque: '' } } }, 'callback.http.uri'],
    ['no opaque', { timing: { interval: 1 }, callback: { http: { uri: 'http://a/' } } }, 'callback.http.opaque'],
    ['a uri that is none', { timing: { interval: 1 }, callback: { http: { uri: 'file:///etc/passwd', opaque: '' } } }, 'no http: URI'],
    ['a uri that hides a host', { timing: { interval: 1 }, callback: { http: { uri: 'http://a@b/', opaque: '' } } }, 'no http: URI'],
    ['no replicas', { ...good, reliability: { replicas: [] } }, 'reliability.replicas'],
    ['a factor of none', { ...good, reliability: { 'replication-factor': 0 } }, 'replication-factor'],
  ])('%s', async (_what, body, reason) => {
    const { status, text } = await call('POST', '/timers', body, typeof body === 'string' ? { 'content-type': 'application/json' } : {});
    expect([status, text.includes(reason) ? reason : text]).toEqual([400, reason]);
  }); // prettier-ignore

  it('a replication factor that is not the one of the name', async () => {
    const body = { ...good, reliability: { 'replication-factor': 3 } };
    expect((await call('PUT', '/timers/0000000000000001-2', body)).status).toBe(400);
    expect((await call('PUT', '/timers/0000000000000001-3', body)).status).toBe(200);
    await rest();
  });
});

describe('names and methods', () => {
  it('cancels again and again, also what never was', async () => {
    const { location } = await call('POST', '/timers', request(300));
    for (let i = 0; i < 2; i++) expect((await call('DELETE', location)).location).toBe(location);
    expect((await call('DELETE', '/timers/00000000000000aa-2')).status).toBe(200);
    expect((await call('GET', location)).status).toBe(404);
  });

  it.each(['0000-2', '00000000000000zz-2', '0000000000000001', '0000000000000001-0', '00000000000000011-2'])(
    'has no timer %s',
    async (name) => {
      expect((await call('PUT', `/timers/${name}`, request(1))).status).toBe(404);
      expect((await call('DELETE', `/timers/${name}`)).status).toBe(404);
      expect((await call('GET', `/timers/${name}`)).status).toBe(404);
    },
  );

  it.each<[Method, string]>([
    ['PUT', '/timers'],
    ['DELETE', '/timers'],
    ['PATCH', '/timers/0000000000000001-1'],
    ['POST', '/timers/0000000000000001-1'],
  ])('does not take %s %s', async (method, url) => {
    expect((await call(method, url)).status).toBe(405);
  });

  it('asks for a key, but for /ping', async () => {
    expect((await server.app.inject({ method: 'POST', url: '/timers' })).statusCode).toBe(401);
    expect((await server.app.inject({ url: '/ping' })).body).toBe('OK');
  });
});

describe('dead letters', () => {
  it('are shown, sent again, thrown away', async () => {
    receiver.answer = () => ({ ok: false, reason: 'status 500' });
    for (let i = 0; i < 2; i++) await call('POST', '/timers', request(1));
    await clock.advanceAsync(1_500);
    const list = async () => JSON.parse((await call('GET', '/dead-letters')).text) as { id: string }[];
    const [one, other] = await list();
    expect((await call('POST', `/dead-letters/${one?.id}/replay`)).status).toBe(502);
    receiver.answer = () => ({ ok: true, body: '' });
    logAnswers = false;
    for (const [method, path] of [['POST', `/dead-letters/${one?.id}/replay`], ['DELETE', `/dead-letters/${other?.id}`]] as const) {
      const { status, text, headers } = await call(method, path);
      expect([status, Number(headers['retry-after']) >= 5]).toEqual([500, true]);
      expect(text).toContain('the log does not answer');
    }
    logAnswers = true;
    expect(await list()).toHaveLength(2);
    expect((await call('POST', `/dead-letters/${one?.id}/replay`)).status).toBe(204);
    expect((await call('DELETE', `/dead-letters/${other?.id}`)).status).toBe(204);
    expect(await list()).toEqual([]);
    expect((await call('POST', `/dead-letters/${one?.id}/replay`)).status).toBe(404);
    expect((await call('DELETE', `/dead-letters/${one?.id}`)).status).toBe(404);
  }); // prettier-ignore
});

it('has shown every answer that its document promises, but for overload', () => {
  expect(openApi.unseen([503])).toEqual([]);
});
