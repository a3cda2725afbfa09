// What operators and back ends do to registrations by HTTP: which question reaches the registrar, and what its answer becomes.
import { type HttpServer, silentLogger, startHttp } from '#libs/runtime';
import type { Administration } from '../registrar/administer.js';
import type { RegistrarDoor } from './registrar-door.js';
import { SproutModule } from './sprout.module.js';

const ALICE = encodeURIComponent('sip:alice@ims.test');
let http: HttpServer;
let asked: unknown[] = [];
let ended: Awaited<ReturnType<Administration['end']>> = 'ended';
const door: RegistrarDoor = {};
const administration: Administration = {
  end: async (...all) => {
    asked.push(all);
    return ended;
  },
  change: async (...all) => {
    asked.push(all);
    return all[1] === '<x/>' ? 'changed' : 'unusable';
  },
};

beforeAll(async () => {
  http = await startHttp({ module: SproutModule.forRoot(door), host: '127.0.0.1', port: 0, title: 'Sprout', role: 'sprout', logger: silentLogger }); // prettier-ignore
});
beforeEach(() => {
  asked = [];
  ended = 'ended';
  door.administration = administration;
});
afterAll(() => http.close());

const ask = async (method: 'DELETE' | 'PUT', url: string, payload?: object): Promise<number> => {
  const answer = await http.app.inject({ method, url, ...(payload === undefined ? {} : { payload }) });
  return answer.statusCode;
};

it('ends a registration, for now or for good', async () => {
  expect(await ask('DELETE', `/impu/${ALICE}`)).toBe(200);
  expect(await ask('DELETE', `/impu/${ALICE}?event=deactivated`)).toBe(200);
  expect(await ask('DELETE', `/impu/${ALICE}?event=rejected`)).toBe(200);
  expect(asked).toEqual([false, false, true].map((isRejected) => ['sip:alice@ims.test', isRejected]));
});

it('says what does not end', async () => {
  expect(await ask('DELETE', `/impu/${ALICE}?event=probation`)).toBe(400);
  ended = 'unknown';
  expect(await ask('DELETE', `/impu/${ALICE}`)).toBe(404);
  ended = 'unavailable';
  expect(await ask('DELETE', `/impu/${ALICE}`)).toBe(503);
});

it('takes a changed profile, and refuses what is none', async () => {
  expect(await ask('PUT', `/registrations/${ALICE}`, { 'user-data-xml': '<x/>' })).toBe(200);
  expect(asked).toEqual([['sip:alice@ims.test', '<x/>']]);
  expect(await ask('PUT', `/registrations/${ALICE}`, { 'user-data-xml': '<y/>' })).toBe(400);
  expect(await ask('PUT', `/registrations/${ALICE}`, { 'user-data-xml': 7 })).toBe(400);
  expect(await ask('PUT', `/registrations/${ALICE}`)).toBe(400);
});

it('is not there before the router is', async () => {
  delete door.administration;
  expect(await ask('DELETE', `/impu/${ALICE}`)).toBe(503);
  expect(await ask('PUT', `/registrations/${ALICE}`, { 'user-data-xml': '<x/>' })).toBe(503);
});
