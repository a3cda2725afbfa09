// Homestead's HTTP API over a core of canned answers: every endpoint of backend.md §1.1 that local mode has, each status,
// and every answer validated against the OpenAPI document that the API itself gives.
import type { Answer, HomesteadFailure } from '#libs/homestead-client';
import { connectHomestead, regDataFromXml } from '#libs/homestead-client';
import { createApiKeys, type HttpServer, silentLogger, startHttp } from '#libs/runtime';
import { createFakeClock, createOpenApiCheck, createSeededRandom, type OpenApiCheck } from '#libs/testkit';
import type { LocalHomestead } from './homestead.js';
import { HomesteadModule } from './homestead.module.js';

const VECTOR = {
  kind: 'digest',
  realm: 'ims.test',
  qop: 'auth',
  ha1Md5: 'a'.repeat(32),
  ha1Sha256: 'b'.repeat(64),
  version: 'v1',
} as const;
const ASSIGNED = { resultCode: 2001, scscf: 'sip:scscf.ims.test:5054;transport=tcp' };
const REG_DATA = {
  state: 'REGISTERED',
  previousState: 'NOT_REGISTERED',
  imsSubscriptionXml: '<IMSSubscription><PrivateID>Unspecified</PrivateID></IMSSubscription>',
  chargingAddresses: { ccf: ['aaa://cdf1', 'aaa://cdf2'], ecf: ['aaa://ecf<1>'] },
} as const;
const KEY = 'k'.repeat(20);

/** What the core was asked last, and what it answers next. */
let asked: unknown[];
let failure: HomesteadFailure | undefined;
const answer =
  <T>(value: T) =>
  (...request: unknown[]): Promise<Answer<T>> => {
    asked = request;
    return Promise.resolve(failure ? { ok: false, failure } : { ok: true, value });
  };
const core: LocalHomestead = {
  authVector: answer(VECTOR),
  registrationStatus: answer(ASSIGNED),
  location: answer(ASSIGNED),
  regData: answer(REG_DATA),
  cachedRegData: answer(REG_DATA),
};

let server: HttpServer;
let openApi: OpenApiCheck;
type Call = Readonly<{ method?: 'GET' | 'PUT'; url: string; body?: unknown; key?: string | null }>;
const call = async ({ method = 'GET', url, body, key = KEY }: Call) => {
  const response = await server.app.inject({
    method,
    url,
    headers: key === null ? {} : { 'x-api-key': key },
    ...(body === undefined ? {} : { payload: body as object }),
  });
  const contentType = String(response.headers['content-type'] ?? '');
  openApi.check({ method, path: url, status: response.statusCode, contentType, body: response.body });
  return {
    status: response.statusCode,
    text: response.body,
    json: contentType.includes('json') ? (JSON.parse(response.body) as object) : undefined,
  };
};

const IMPI = '/impi/alice%40ims.test';
const IMPU = '/impu/sip%3Aalice%40ims.test';
const [impi, impu] = ['alice@ims.test', 'sip:alice@ims.test'];

beforeAll(async () => {
  server = await startHttp({
    module: HomesteadModule.forRoot(core),
    host: '127.0.0.1',
    port: 0,
    title: 'Homestead',
    role: 'homestead',
    logger: silentLogger,
    apiKeys: createApiKeys([KEY]),
  });
  openApi = createOpenApiCheck(server.openApi());
});
afterAll(() => server.close());
beforeEach(() => {
  failure = undefined;
});

describe('authentication vectors', () => {
  it.each(['av', 'av/digest'])('GET /impi/<impi>/%s gives the digest', async (path) => {
    const { status, json } = await call({ url: `${IMPI}/${path}?impu=sip%3Aalice%40ims.test&server-name=x` });
    expect([status, json]).toEqual([
      200,
      {
        digest: {
          ha1: 'a'.repeat(32),
          realm: 'ims.test',
          qop: 'auth',
          ha1_sha256: 'b'.repeat(64),
          version: 'v1',
        },
      },
    ]);
    expect(asked).toEqual([impi, impu]);
  });

  it('GET /impi/<impi>/digest gives the legacy form', async () => {
    const { json } = await call({ url: `${IMPI}/digest?public_id=sip%3Aalice%40ims.test` });
    expect(json).toEqual({ digest_ha1: 'a'.repeat(32) });
    expect(asked).toEqual([impi, impu]);
  });

  it('is 404 for AKA and for who is not known', async () => {
    expect((await call({ url: `${IMPI}/av/aka?impu=x` })).status).toBe(404);
    expect((await call({ url: `${IMPI}/av/aka2?impu=x` })).status).toBe(404);
    failure = 'not-found';
    expect((await call({ url: `${IMPI}/av?impu=x` })).json).toMatchObject({ error: true, status: 404 });
    expect((await call({ url: `${IMPI}/av/digest?impu=x` })).status).toBe(404);
    expect((await call({ url: `${IMPI}/digest` })).status).toBe(404);
  });
});

describe('registration-status and location', () => {
  it('GET /impi/<impi>/registration-status', async () => {
    const { status, json } = await call({
      url: `${IMPI}/registration-status?impu=${encodeURIComponent(impu ?? '')}&visited-network=v&auth-type=DEREG&sos=true`,
    });
    expect([status, json]).toEqual([200, { 'result-code': 2001, scscf: ASSIGNED.scscf }]);
    expect(asked).toEqual([impi, impu, { visitedNetwork: 'v', authType: 'DEREG', emergency: true }]);
    expect((await call({ url: `${IMPI}/registration-status` })).status).toBe(404);
    expect((await call({ url: `${IMPI}/registration-status?impu=x&auth-type=MAYBE` })).status).toBe(400);
  });

  it('GET /impu/<impu>/location', async () => {
    const { status, json } = await call({ url: `${IMPU}/location?originating=true&auth-type=CAPAB` });
    expect([status, json]).toEqual([200, { 'result-code': 2001, scscf: ASSIGNED.scscf }]);
    expect(asked).toEqual([impu, { originating: true, authType: 'CAPAB' }]);
    failure = 'not-found';
    expect((await call({ url: `${IMPU}/location` })).status).toBe(404);
  });
});

describe('reg-data', () => {
  const xml =
    '<ClearwaterRegData><RegistrationState>REGISTERED</RegistrationState>' +
    '<PreviousRegistrationState>NOT_REGISTERED</PreviousRegistrationState>' +
    '<IMSSubscription><PrivateID>Unspecified</PrivateID></IMSSubscription><ChargingAddresses>' +
    '<CCF priority="1">aaa://cdf1</CCF><CCF priority="2">aaa://cdf2</CCF><ECF priority="1">aaa://ecf&lt;1&gt;</ECF>' +
    '</ChargingAddresses></ClearwaterRegData>';

  it('PUT gives the profile, in a form that the client reads back', async () => {
    const body = { reqtype: 'reg', server_name: 'sip:s', wildcard_identity: 'sip:!.*!@ims.test' };
    const { status, text } = await call({
      method: 'PUT',
      url: `${IMPU}/reg-data?private_id=alice%40ims.test`,
      body,
    });
    expect([status, text]).toEqual([200, xml]);
    const request = { reqtype: 'reg', serverName: 'sip:s', wildcardIdentity: 'sip:!.*!@ims.test', impi };
    expect(asked).toEqual([impu, request]);
    expect(regDataFromXml(text)).toEqual({ ok: true, value: REG_DATA });
  });

  it('GET gives what was left', async () => {
    expect((await call({ url: `${IMPU}/reg-data` })).text).toBe(xml);
    failure = 'not-found';
    expect((await call({ url: `${IMPU}/reg-data` })).status).toBe(404);
  });

  it.each([
    ['no body', undefined],
    ['no reqtype', {}],
    ['a reqtype that is none', { reqtype: 'dereg-auth-failure' }],
    ['a list', []],
    ['text that is not JSON', 'reg'],
    ['a wrong type', { reqtype: 'reg', server_name: 1 }],
  ])('PUT is 400 for %s', async (_what, body) => {
    const { status, json } = await call({ method: 'PUT', url: `${IMPU}/reg-data`, body });
    expect([status, json]).toEqual([400, expect.objectContaining({ error: true })]);
  });

  it('takes JSON without a content type', async () => {
    expect((await call({ method: 'PUT', url: `${IMPU}/reg-data`, body: '{"reqtype":"call"}' })).status).toBe(
      200,
    );
  });

  it.each([
    ['bad-request', 400],
    ['forbidden', 403],
    ['not-found', 404],
    ['unavailable', 503],
  ] as const)('maps %s to %i', async (kind, status) => {
    failure = kind;
    expect((await call({ method: 'PUT', url: `${IMPU}/reg-data`, body: { reqtype: 'call' } })).status).toBe(
      status,
    );
  });
});

describe('the client, over a real socket', () => {
  it('gives what the core gives', async () => {
    const ports = { clock: createFakeClock(), random: createSeededRandom(1) };
    const { homestead, close } = connectHomestead({ url: server.url, apiKey: KEY, ...ports });
    const visit = { visitedNetwork: 'v', authType: 'REG' } as const;
    const ask = async () => [
      await homestead.authVector('a/b@x', 'sip:a?b@x'),
      await homestead.registrationStatus('a@x', 'sip:a@x', visit),
      await homestead.location('tel:+1'),
      await homestead.regData('sip:a@x', { reqtype: 'reg', impi: 'a@x' }),
    ];
    try {
      expect(await ask()).toEqual(
        [VECTOR, ASSIGNED, ASSIGNED, REG_DATA].map((value) => ({ ok: true, value })),
      );
      failure = 'not-found';
      expect(await ask()).toEqual(Array(4).fill({ ok: false, failure: 'not-found' }));
    } finally {
      await close();
    }
  });
});

describe('the API', () => {
  it('asks for a key, except for ping and documentation', async () => {
    expect((await call({ url: `${IMPU}/location`, key: null })).status).toBe(401);
    const ping = await server.app.inject({ url: '/ping' });
    expect([ping.statusCode, ping.body]).toEqual([200, 'OK']);
    expect((await server.app.inject({ url: '/docs/json' })).json()).toHaveProperty('openapi');
  });

  it('was asked every documented operation', () => {
    expect(openApi.unseen([401, 403, 503])).toEqual([]);
  });
});
