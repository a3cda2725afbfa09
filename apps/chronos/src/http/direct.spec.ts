// What is answered in front of the framework is answered as the controller does: each request over a socket, and again without one.
import { AppendUnknown } from '#libs/event-log';
import { type DirectRoutes, type HttpServer, silentLogger, startHttp } from '#libs/runtime';
import { createFakeClock } from '#libs/testkit';
import { type Life, Receiver, request, startLife } from '../chronos.fixture.js';
import { ChronosModule } from '../chronos.module.js';
import { directTimers } from './direct.js';

const TIMERS_MAX = 10;
const NAME = '/timers/0000000100000009-2';

let life: Life;
let server: HttpServer;
let direct: number;
let logAnswers: boolean;

beforeAll(async () => {
  const clock = createFakeClock();
  logAnswers = true;
  life = await startLife({
    clock,
    receiver: new Receiver(() => clock.nowMs()),
    timersMax: TIMERS_MAX,
    appends: (log) => ({
      append: (...of) => (logAnswers ? log.append(...of) : Promise.reject(new AppendUnknown())),
    }),
  });
  const routes = directTimers(life.chronos);
  const counted: DirectRoutes = (method, url) => {
    const route = routes(method, url);
    return route && ((body) => (direct++, route(body)));
  };
  server = await startHttp({
    module: ChronosModule.forRoot(life.chronos),
    host: '127.0.0.1',
    port: 0,
    title: 'Chronos',
    role: 'chronos',
    logger: silentLogger,
    direct: counted,
  });
});
afterAll(async () => {
  await server.close();
  await life.stop();
});
beforeEach(() => {
  direct = 0;
  logAnswers = true;
});

const HEADERS = { 'content-type': 'application/json' };
/** A name that the node made differs from answer to answer, as does a time that is drawn. */
const alike = (text: string | null | undefined): string | undefined => text?.replace(/[0-9a-f]{16}/, 'ID');
type Answer = readonly [status: number, location: string | undefined, type: string | undefined, body: string];

const overSocket = async (method: 'POST' | 'PUT', path: string, payload: string): Promise<Answer> => {
  const answer = await fetch(`${server.url}${path}`, { method, headers: HEADERS, body: payload });
  const { headers } = answer;
  return [answer.status, alike(headers.get('location')), headers.get('content-type') ?? undefined, await answer.text()];
}; // prettier-ignore
const byFramework = async (method: 'POST' | 'PUT', url: string, payload: string): Promise<Answer> => {
  const { statusCode, headers, body } = await server.app.inject({ method, url, headers: HEADERS, payload });
  return [statusCode, alike(headers['location']), headers['content-type'], body];
}; // prettier-ignore

it.each<[string, 'POST' | 'PUT', string, unknown, number]>([
  ['a timer', 'POST', '/timers', request(300), 200],
  ['a timer by name', 'PUT', NAME, request(300), 200],
  ['no timing', 'POST', '/timers', {}, 400],
  ['no object', 'POST', '/timers', [], 400],
  ['a factor that is not the one of the name', 'PUT', NAME, request(300, 300, { reliability: { 'replication-factor': 3 } }), 400],
])('answers %s directly as the controller does', async (_what, method, path, body, status) => {
  const text = JSON.stringify(body);
  const answer = await overSocket(method, path, text);
  expect(answer).toEqual(await byFramework(method, path, text));
  expect([answer[0], direct]).toEqual([status, 1]);
}); // prettier-ignore

it.each(['/timers/0000000100000009-0', '/timers/000000010000000-2', '/timers/FFFFFFFFFFFFFFFF-2abc', `${NAME}?a=b`])(
  'leaves %s to the controller',
  async (path) => {
    const text = JSON.stringify(request(300));
    expect(await overSocket('PUT', path, text)).toEqual(await byFramework('PUT', path, text));
    expect(direct).toBe(0);
  },
); // prettier-ignore

it('says when to come again where the node is full, and where the log does not answer', async () => {
  const set = () => fetch(`${server.url}/timers`, { method: 'POST', headers: HEADERS, body: JSON.stringify(request(300)) }); // prettier-ignore
  logAnswers = false;
  const unknown = await set();
  logAnswers = true;
  while (life.due.timers.size < TIMERS_MAX) await set();
  const full = await set();
  expect([unknown.status, full.status]).toEqual([500, 503]);
  for (const { headers } of [unknown, full])
    expect(Number(headers.get('retry-after'))).toBeGreaterThanOrEqual(5);
});
