// POST /timers at the router, as Chronos calls it back: octets that are JSON, each status, and the OpenAPI document (backend.md §6.8).
import { type HttpServer, silentLogger, startHttp } from '#libs/runtime';
import { createOpenApiCheck } from '#libs/testkit';
import type { RegistrarDoor } from './registrar-door.js';
import { SproutModule } from './sprout.module.js';

const door: RegistrarDoor = {};
const asked: string[] = [];
let server: HttpServer;
beforeAll(async () => {
  server = await startHttp({
    module: SproutModule.forRoot(door),
    host: '127.0.0.1',
    port: 0,
    title: 'Sprout',
    role: 'sprout',
    logger: silentLogger,
  });
});
afterAll(() => server.close());

const pop = async (payload: string): Promise<number> => {
  const headers = { 'content-type': 'application/octet-stream', 'x-sequence-number': '1' };
  const { statusCode, body, headers: got } = await server.app.inject({ method: 'POST', url: '/timers', payload, headers }); // prettier-ignore
  createOpenApiCheck(server.openApi()).check({ method: 'POST', path: '/timers', status: statusCode, contentType: String(got['content-type'] ?? ''), body }); // prettier-ignore
  return statusCode;
};

it('removes what has lapsed, or says when it cannot', async () => {
  expect(await pop('{"aor_id":"sip:a@t"}')).toBe(503);
  let isAway = true;
  door.expire = (aor) => {
    asked.push(aor);
    return Promise.resolve(!isAway);
  };
  expect(await pop('{"aor_id":"sip:a@t"}')).toBe(500);
  isAway = false;
  expect(await pop('{"aor_id":"sip:a@t","binding_id":"x"}')).toBe(200);
  expect(asked).toEqual(['sip:a@t', 'sip:a@t']);
});

it.each(['', '{', '[]', '{"aor_id":1}', '{"aor_id":""}'])('does not take %s', async (body) => {
  expect(await pop(body)).toBe(400);
});
