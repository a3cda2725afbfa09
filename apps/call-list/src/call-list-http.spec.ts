// The call list's HTTP API over canned verdicts and rows: each status, by key and by digest, held to the OpenAPI document that it gives.
import type { Asked, Verdict, Whose } from '#libs/digest';
import type { CallList } from '#libs/domain';
import { createApiKeys, createPeerCheck, type HttpServer, silentLogger, startHttp } from '#libs/runtime';
import { StoreUnavailable } from '#libs/stores';
import { createFakeClock, createOpenApiCheck, type OpenApiCheck } from '#libs/testkit';
import { CallListModule } from './call-list.module.js';
import { createAccess } from './http/access.js';

const BOB = 'sip:bob@ims.test';
const URL = `/users/${encodeURIComponent(BOB)}/call-list`;
const NOW_MS = 1_767_226_200_000;
const FORBIDDEN = 'not the password, or not this user’s list';
const [ALL, OWN, OTHER] = ['key-of-every-role-0', 'key-of-call-list-00', 'key-of-history-00000'] as const;

let http: HttpServer;
let openApi: OpenApiCheck;
let verdict: Verdict;
let row: CallList | undefined;
let isAway: boolean;
let judged: (Asked & { impu: string })[];

const calls: CallList = {
  at: { generation: 1, partition: 0, offset: 9 },
  calls: [
    { call: 'c5', direction: 'incoming', begunAtMs: NOW_MS - 1_000 },
    { call: 'c4', direction: 'incoming', begunAtMs: NOW_MS - 700_000 },
    { call: 'c3', direction: 'outgoing', party: 'tel:+1', begunAtMs: NOW_MS - 800_000, concluded: { status: 404, atMs: NOW_MS - 799_000 } },
    { call: 'c2', direction: 'incoming', party: 'sip:a@t', begunAtMs: NOW_MS - 900_000, concluded: { status: 487, atMs: NOW_MS - 899_000 } },
    { call: 'c1', direction: 'incoming', party: 'sip:a@t', begunAtMs: NOW_MS - 990_000, concluded: { status: 200, atMs: NOW_MS - 989_000 } },
  ],
}; // prettier-ignore

beforeAll(async () => {
  const digest = {
    judge(asked: Asked, { impu }: Whose): Promise<Verdict> {
      judged.push({ ...asked, impu: impu ?? '' });
      return Promise.resolve(verdict);
    },
  };
  const apiKeys = createApiKeys([ALL, `call-list:${OWN}`, `history:${OTHER}`]);
  const access = createAccess({ apiKeys, peers: createPeerCheck(['10.0.0.0/8']), digest });
  const get = (key: string): Promise<CallList | undefined> => {
    if (isAway) return Promise.reject(new StoreUnavailable('down'));
    return Promise.resolve(key === BOB ? row : undefined);
  };
  const module = CallListModule.forRoot({ lists: { get }, access, clock: createFakeClock(NOW_MS) });
  const api = { module, title: 'Call list', role: 'call-list', logger: silentLogger } as const;
  http = await startHttp({ ...api, host: '127.0.0.1', port: 0 });
  openApi = createOpenApiCheck(http.openApi());
});
beforeEach(() => {
  verdict = { kind: 'ok', impu: BOB };
  row = calls;
  isAway = false;
  judged = [];
});
afterAll(() => http.close());

const get = async (headers: Record<string, string> = {}, url = URL, remoteAddress = '10.1.1.1') => {
  const answer = await http.app.inject({ method: 'GET', url, headers, remoteAddress });
  const contentType = String(answer.headers['content-type']);
  openApi.check({ method: 'GET', path: url, status: answer.statusCode, contentType, body: answer.body });
  return { status: answer.statusCode, headers: answer.headers, json: JSON.parse(answer.body) as object };
};

it('tells calls in words, for nobody to keep', async () => {
  const { status, headers, json } = await get();
  expect([status, headers['cache-control']]).toEqual([200, 'no-store']);
  const told = (json as { calls: { call: string; outcome: string; status?: number }[] }).calls;
  expect(told.map(({ call, outcome, status: of }) => [call, outcome, of])).toEqual([
    ['c5', 'ringing', undefined], ['c4', 'unknown', undefined], ['c3', 'failed', 404], ['c2', 'missed', 487], ['c1', 'answered', 200],
  ]); // prettier-ignore
  expect(told.at(-1)).toEqual({
    call: 'c1', direction: 'incoming', party: 'sip:a@t', begun: '2025-12-31T23:53:30.000Z',
    outcome: 'answered', status: 200, concluded: '2025-12-31T23:53:31.000Z',
  }); // prettier-ignore
  row = undefined;
  expect((await get()).json).toEqual({ calls: [] });
});

it('judges the request as it came, for the identity in its one spelling, whatever the address', async () => {
  const url = '/users/SIPS%3Abob%40IMS.test%3Auser%3Dphone/call-list?x=1';
  expect((await get({}, url)).status).toBe(400);
  const spelt = '/users/SIPS%3Abob%40IMS.test%3Buser%3Dphone/call-list?x=1';
  expect((await get({ authorization: 'Digest x' }, spelt, '203.0.113.9')).status).toBe(200);
  expect(judged).toEqual([
    { method: 'GET', target: spelt, authorization: 'Digest x', address: '203.0.113.9', impu: BOB },
  ]);
});

it.each<[Verdict, number, Readonly<Record<string, unknown>>]>([
  [{ kind: 'challenged', challenges: ['Digest a', 'Digest b'] }, 401, { 'www-authenticate': ['Digest a', 'Digest b'] }],
  [{ kind: 'refused' }, 403, {}],
  [{ kind: 'slowed', retryAfterS: 42 }, 429, { 'retry-after': '42' }],
  [{ kind: 'away', isLate: false, retryAfterS: 5 }, 500, { 'retry-after': '5' }],
  [{ kind: 'away', isLate: true, retryAfterS: 5 }, 504, { 'retry-after': '5' }],
])('answers %j with %s', async (judgement, status, headers) => {
  verdict = judgement;
  const answer = await get();
  expect(answer.status).toBe(status);
  expect(answer.headers).toMatchObject(headers);
  expect(JSON.stringify(answer.json)).not.toContain('c1');
}); // prettier-ignore

it('never shows a store that is away as an empty list', async () => {
  isAway = true;
  const { status, headers } = await get();
  expect([status, headers['retry-after']]).toEqual([500, '5']);
});

describe('an API key', () => {
  const status = async (key: string, address?: string): Promise<number> =>
    (await get({ 'x-api-key': key }, URL, address)).status;

  it('opens every list from a trusted address, where it has the role', async () => {
    expect([await status(ALL), await status(OWN), await status(OTHER), await status('of-nobody-at-all')]).toEqual([200, 200, 403, 403]); // prettier-ignore
    expect((await get({ 'ngv-api-key': ALL })).status).toBe(200);
    expect(judged).toEqual([]);
  });

  it('opens nothing from elsewhere', async () => {
    expect(await status(ALL, '203.0.113.9')).toBe(403);
    expect((await get({ 'x-api-key': ALL }, URL, '203.0.113.9')).json).toMatchObject({ reason: FORBIDDEN });
  });

  it('opens nothing where none is configured', async () => {
    const access = createAccess({
      apiKeys: createApiKeys([]),
      peers: () => true,
      digest: { judge: () => Promise.resolve({ kind: 'refused' } as const) },
    });
    const asked = { method: 'GET', target: URL, authorization: undefined, address: '127.0.0.1' };
    expect(await access.judge({ ...asked, apiKey: ALL }, BOB)).toEqual({ kind: 'refused' });
    expect(await access.judge({ ...asked, apiKey: undefined }, BOB)).toEqual({ kind: 'refused' });
  });
});

it('has answered with everything that it documents', () => expect(openApi.unseen()).toEqual([]));
