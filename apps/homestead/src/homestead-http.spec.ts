// Homestead's HTTP API over a core of canned answers: every endpoint of backend.md §1.1 that local mode has, each status,
// and every answer validated against the OpenAPI document that the API itself gives.
import type { AkaVector, Answer, AuthVector, HomesteadFailure } from '#libs/homestead-client';
import { connectHomestead, regDataFromXml } from '#libs/homestead-client';
import { createApiKeys, type HttpServer, silentLogger, startHttp } from '#libs/runtime';
import { createFakeClock, createOpenApiCheck, createSeededRandom, type OpenApiCheck } from '#libs/testkit';
import type { HomesteadCore } from './homestead-core.js';
import { HomesteadModule } from './homestead.module.js';

const VECTOR = {
  kind: 'digest',
  realm: 'ims.test',
  qop: 'auth',
  ha1Md5: 'a'.repeat(32),
  ha1Sha256: 'b'.repeat(64),
  version: 'v1',
} as const;
const AKA = {
  kind: 'aka',
  challenge: Buffer.alloc(32).toString('base64'),
  response: '00ff'.repeat(4),
  cryptkey: 'c'.repeat(32),
  integritykey: 'd'.repeat(32),
  version: 1,
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
let vector: AuthVector | AkaVector = VECTOR;
const answer =
  <T>(value: T) =>
  (...request: unknown[]): Promise<Answer<T>> => {
    asked = request;
    return Promise.resolve(failure ? { ok: false, failure } : { ok: true, value });
  };
const core: HomesteadCore = {
  authVector: answer(VECTOR),
  authentication: (...request) => answer(vector)(...request),
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

const FAILURES: readonly (readonly [HomesteadFailure, number])[] = [
  ['not-found', 404],
  ['unavailable', 503],
  ['hss-unreachable', 503],
  ['timeout', 504],
  ['hss-error', 500],
];

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
  vector = VECTOR;
});

describe('authentication vectors', () => {
  it.each([
    ['av', 'any'],
    ['av/digest', 'digest'],
  ])('GET /impi/<impi>/%s gives the digest', async (path, scheme) => {
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
    expect(asked).toEqual([impi, impu, { scheme, serverName: 'x' }]);
  });

  it.each([
    ['av', 'any'],
    ['av/aka', 'akav1'],
    ['av/aka2', 'akav2'],
  ])('GET /impi/<impi>/%s gives AKA, also to a phone that has counted further', async (path, scheme) => {
    vector = AKA;
    const lost = Buffer.alloc(30, 7);
    const url = `${IMPI}/${path}?impu=${IMPU.slice(6)}&resync-auth=${encodeURIComponent(lost.toString('base64'))}`;
    const { status, json } = await call({ url });
    const { kind: _kind, ...aka } = AKA;
    expect([status, json]).toEqual([200, { aka }]);
    expect(asked).toEqual([impi, impu, { scheme, resync: lost }]);
  });

  it('GET /impi/<impi>/digest gives the legacy form, which has no place for AKA', async () => {
    const url = `${IMPI}/digest?public_id=sip%3Aalice%40ims.test`;
    expect((await call({ url })).json).toEqual({ digest_ha1: 'a'.repeat(32) });
    expect(asked).toEqual([impi, impu, { scheme: 'digest' }]);
    vector = AKA;
    expect((await call({ url })).status).toBe(404);
  });

  it.each(['digest?public_id=x', 'av?impu=x', 'av/digest?impu=x', 'av/aka?impu=x', 'av/aka2?impu=x'])(
    '%s says what fails',
    async (path) => {
      for (const [kind, status] of FAILURES) {
        failure = kind;
        expect((await call({ url: `${IMPI}/${path}` })).json).toMatchObject({ error: true, status });
      }
    },
  );

  it.each(['digest', 'av', 'av/digest', 'av/aka', 'av/aka2'])('%s without impu is 404', async (path) => {
    expect((await call({ url: `${IMPI}/${path}` })).status).toBe(404);
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
    for (const [kind, expected] of FAILURES) {
      failure = kind;
      expect((await call({ url: `${IMPI}/registration-status?impu=x` })).status).toBe(expected);
    }
  });

  it('GET /impu/<impu>/location', async () => {
    const { status, json } = await call({ url: `${IMPU}/location?originating=true&auth-type=CAPAB` });
    expect([status, json]).toEqual([200, { 'result-code': 2001, scscf: ASSIGNED.scscf }]);
    expect(asked).toEqual([impu, { originating: true, authType: 'CAPAB' }]);
    for (const [kind, expected] of FAILURES) {
      failure = kind;
      expect((await call({ url: `${IMPU}/location` })).status).toBe(expected);
    }
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

  it('PUT with Cache-Control: no-cache asks in any case', async () => {
    const headers = { 'x-api-key': KEY, 'cache-control': 'max-age=0, no-cache' };
    await server.app.inject({ method: 'PUT', url: `${IMPU}/reg-data`, headers, payload: { reqtype: 'reg' } });
    expect(asked).toEqual([impu, { reqtype: 'reg', noCache: true }]);
  });

  it('GET gives what was left', async () => {
    expect((await call({ url: `${IMPU}/reg-data` })).text).toBe(xml);
    for (const [kind, expected] of FAILURES) {
      failure = kind;
      expect((await call({ url: `${IMPU}/reg-data` })).status).toBe(expected);
    }
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
    ['timeout', 504],
    ['hss-error', 500],
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
      for (failure of ['not-found', 'hss-unreachable', 'timeout'] as const)
        expect(await ask()).toEqual(Array(4).fill({ ok: false, failure }));
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
