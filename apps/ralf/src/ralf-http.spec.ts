// Ralf's HTTP API (backend.md §5.1): each status, with each answer held to the OpenAPI document that it gives itself, and what comes of it at
// the CDF (§12 item 8).
import { type AccountingReceived, streamOfAccounting } from '#libs/domain';
import { AppendUnknown } from '#libs/event-log';
import { createApiKeys, type HttpServer, silentLogger, startHttp } from '#libs/runtime';
import { createOpenApiCheck, type FakeClock, type OpenApiCheck } from '#libs/testkit';
import { createCdfs, type Life, newClock, START_MS, startLife, success, type TestCdfs } from './ralf.fixture.js'; // prettier-ignore
import { RalfModule } from './ralf.module.js';

const KEY = 'k'.repeat(20);
const S = 1_000;
let clock: FakeClock;
let cdfs: TestCdfs;
let life: Life;
let server: HttpServer;
let openApi: OpenApiCheck;
let logAnswers = true;

beforeAll(async () => {
  clock = newClock();
  cdfs = await createCdfs(clock, 2);
  life = await startLife({
    clock,
    cdfs,
    appends: (log) => ({
      append: (...of) => (logAnswers ? log.append(...of) : Promise.reject(new AppendUnknown())),
    }),
  });
  server = await startHttp({
    module: RalfModule.forRoot(life.ralf),
    host: '127.0.0.1',
    port: 0,
    title: 'Ralf',
    role: 'ralf',
    logger: silentLogger,
    apiKeys: createApiKeys([KEY]),
  });
  openApi = createOpenApiCheck(server.openApi());
});
afterAll(async () => {
  await server.close();
  await life.stop();
});

const IMS = { 'Role-Of-Node': 0, 'Node-Functionality': 6 };
const event = (type: unknown, more: object = {}, ims: object = IMS) => ({
  event: { 'Accounting-Record-Type': type, 'Service-Information': { 'IMS-Information': ims }, ...more },
});
const dated = (type: number, atS: number, more: object = {}) =>
  event(type, { 'Event-Timestamp': START_MS / S + atS, ...more });

const post = async (url: string, body: unknown, method: 'POST' | 'GET' = 'POST', key = KEY) => {
  const payload = typeof body === 'string' ? body : JSON.stringify(body);
  const answer = await server.app.inject({ method, url, headers: { 'x-api-key': key, 'content-type': 'application/json' }, payload }); // prettier-ignore
  const contentType = String(answer.headers['content-type'] ?? '');
  if (method === 'POST' && answer.statusCode !== 401)
    openApi.check({ method, path: url.replace(/\?.*/, ''), status: answer.statusCode, contentType, body: answer.body }); // prettier-ignore
  await clock.advanceAsync(50);
  return { status: answer.statusCode, text: answer.body, headers: answer.headers };
};

describe('POST /call-id/<id>', () => {
  it('answers 200 without a body, and START, INTERIM by time and by SIP, and STOP are 1, 2, 3, 4 of one session', async () => {
    cdfs.answer(1, success({ 'Acct-Interim-Interval': 60 }));
    const answer = await post('/call-id/one%2F%40host', { peers: { ccf: ['cdf1.ims.test'] }, ...dated(2, 0, { 'Acct-Interim-Interval': 600 }) }); // prettier-ignore
    expect([answer.status, answer.text]).toEqual([200, '']);
    await clock.advanceAsync(60 * S);
    await post('/call-id/one%2F%40host', dated(3, 70));
    await post('/call-id/one%2F%40host', dated(4, 80));
    expect(new Set(cdfs.seen.map(({ session }) => session)).size).toBe(1);
    expect(cdfs.seen.map(({ avps }) => avps['Event-Timestamp'])).toEqual([0, 60, 70, 80].map((atS) => START_MS / S + atS)); // prettier-ignore
    expect(cdfs.told()).toEqual(['cdf1 1 START', 'cdf1 2 INTERIM', 'cdf1 3 INTERIM', 'cdf1 4 STOP']);
  });

  it('makes no INTERIM where the refresh is not longer than the interval', async () => {
    const nowS = Math.floor((clock.nowMs() - START_MS) / S);
    await post('/call-id/short', dated(2, nowS, { 'Acct-Interim-Interval': 60 }));
    await clock.advanceAsync(100 * S);
    expect(cdfs.told()).toEqual(['cdf1 1 START']);
    await post('/call-id/short', dated(4, nowS + 90));
    expect(cdfs.told()).toEqual(['cdf1 2 STOP']);
  });

  it('takes an EVENT by itself, and the same again is no other', async () => {
    for (const _time of [1, 2]) expect((await post('/call-id/e', dated(1, 0))).status).toBe(200);
    expect(cdfs.told()).toEqual(['cdf1 1 EVENT']);
  });

  it('without peers means the configured ones', async () => {
    expect((await post('/call-id/p', event(1))).status).toBe(200);
    expect(cdfs.told()).toEqual(['cdf1 1 EVENT']);
  });

  it('takes an INTERIM of a timer, as Chronos calls back', async () => {
    await post('/call-id/t', dated(2, 0, { 'Acct-Interim-Interval': 600 }));
    expect((await post('/call-id/t?timer-interim=true', event(3))).status).toBe(200);
    await post('/call-id/t', dated(4, 1));
    expect(cdfs.told()).toEqual(['cdf1 1 START', 'cdf1 2 INTERIM', 'cdf1 3 STOP']);
  });

  it.each([
    ['no JSON', '{'],
    ['no object', '[]'],
    ['no event', {}],
    ['an event that is none', { event: 1 }],
    ['no record type', event(undefined)],
    ['a record type that is none', event(5)],
    ['a record type as text', event('2')],
    ['no Service-Information', { event: { 'Accounting-Record-Type': 2 } }],
    ['no IMS-Information', { event: { 'Accounting-Record-Type': 2, 'Service-Information': {} } }],
    ['no role', event(2, {}, { 'Node-Functionality': 0 })],
    ['a role that is none', event(2, {}, { ...IMS, 'Role-Of-Node': 7 })],
    ['no function', event(2, {}, { 'Role-Of-Node': 0 })],
    ['a function as text', event(2, {}, { ...IMS, 'Node-Functionality': '0' })],
    [
      'an event that nests too deep',
      event(1, { x: JSON.parse(`${'['.repeat(200)}${']'.repeat(200)}`) as unknown }),
    ],
    ['peers without ccf', { peers: { ecf: ['x'] }, ...event(2) }],
    ['peers with an empty ccf', { peers: { ccf: [] }, ...event(1) }],
    ['peers with a ccf of numbers', { peers: { ccf: [1] }, ...event(1) }],
    ['peers that are none', { peers: 'cdf1', ...event(1) }],
  ])('400 for %s, with a reason', async (_what, body) => {
    const { status, text } = await post('/call-id/bad', body);
    expect([status, text]).toEqual([400, expect.stringMatching(/"reason":".+"/)]);
    expect(cdfs.told()).toEqual([]);
  });

  it('400 for a name that is too long', async () =>
    expect((await post(`/call-id/${'x'.repeat(600)}`, event(1))).status).toBe(400));

  it('405 for another method, 404 elsewhere, 401 without a key', async () => {
    expect((await post('/call-id/a', event(1), 'GET')).status).toBe(405);
    expect((await server.app.inject({ method: 'POST', url: '/other', headers: { 'x-api-key': KEY } })).statusCode).toBe(404); // prettier-ignore
    expect((await post('/call-id/a', event(1), 'POST', 'wrong')).status).toBe(401);
  });

  it('has the digest of what a client dates in the log, of nothing else', async () => {
    const bodies = [dated(1, 1), dated(1, 1, { x: 1 }), dated(1, 1), event(1)];
    for (const body of bodies) await post('/call-id/digest', body);
    const digests: unknown[] = [];
    for await (const { event: one } of life.log.read(streamOfAccounting('digest', 6, 0)))
      if (one.type === 'AccountingReceived') digests.push((one.data as AccountingReceived['data']).digest);
    const [first, other, again, undated] = digests;
    expect(first).toMatch(/^[0-9a-f]{32}$/);
    expect([again === first, other === first, undated]).toEqual([true, false, undefined]);
    expect(cdfs.told()).toHaveLength(3);
  });

  it('500 with Retry-After while the log does not answer: nothing was promised', async () => {
    logAnswers = false;
    const { status, headers } = await post('/call-id/l', dated(1, 0));
    logAnswers = true;
    expect([status, Number(headers['retry-after'])]).toEqual([500, expect.any(Number)]);
  });
});
