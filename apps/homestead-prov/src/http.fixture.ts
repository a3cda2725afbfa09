// The provisioning API over memory ports for the tests: each answer is held to the OpenAPI document.
// Read by http-*.spec.ts of this app only.
import { type HttpServer, silentLogger, startHttp } from '#libs/runtime';
import { createOpenApiCheck, type OpenApiCheck } from '#libs/testkit';
import { HomesteadProvModule } from './homestead-prov.module.js';
import { createFixture, type Fixture, type FixtureOptions } from './provisioning.fixture.js';

export type Reply = Readonly<{
  status: number;
  text: string;
  /** undefined when the body is not JSON. */
  json: unknown;
  location: string | undefined;
  etag: string | undefined;
  header: (name: string) => string | undefined;
}>;
export type Ask = Readonly<{ body?: string | object; headers?: Record<string, string> }>;
export type Method = 'GET' | 'PUT' | 'POST' | 'DELETE';

export type HttpFixture = Fixture &
  Readonly<{
    openApi: OpenApiCheck;
    ask: (method: Method, path: string, ask?: Ask) => Promise<Reply>;
    close: () => Promise<void>;
  }>;

const header = (value: string | number | string[] | undefined): string | undefined =>
  value === undefined ? undefined : [value].flat().join(', ');

export const createHttpFixture = async (options: FixtureOptions = {}): Promise<HttpFixture> => {
  const fixture = await createFixture(options);
  const server: HttpServer = await startHttp({
    module: HomesteadProvModule.forRoot(fixture.provisioning),
    host: '127.0.0.1',
    port: 0,
    title: 'Homestead Prov',
    role: 'provisioning',
    logger: silentLogger,
  });
  const openApi = createOpenApiCheck(server.openApi());
  return {
    ...fixture,
    openApi,
    ask: async (method, path, { body, headers = {} } = {}) => {
      const response = await server.app.inject({
        method,
        url: path,
        headers,
        ...(body === undefined ? {} : { payload: body }),
      });
      const contentType = header(response.headers['content-type']) ?? '';
      openApi.check({ method, path, status: response.statusCode, contentType, body: response.body });
      return {
        status: response.statusCode,
        text: response.body,
        json: contentType.includes('json') ? (JSON.parse(response.body) as unknown) : undefined,
        location: header(response.headers.location),
        etag: header(response.headers.etag),
        header: (name) => header(response.headers[name]),
      };
    },
    close: () => server.close(),
  };
};

export const UNKNOWN = '00000000-0000-4000-8000-000000000000';

export const publicIdentity = (impu: string): string =>
  `<PublicIdentity><Identity>${impu}</Identity></PublicIdentity>`;

export const path = (...parts: readonly string[]): string => `/${parts.map(encodeURIComponent).join('/')}`;

/** A private identity, a set with one profile and one public identity; all linked. */
export const makeSubscriber = async ({ ask }: HttpFixture, name: string) => {
  const impi = `${name}@ims.test`;
  const impu = `sip:${name}@ims.test`;
  await ask('PUT', path('private', impi), { body: { plaintext_password: 'secret' } });
  const set = (await ask('POST', '/irs')).location ?? '';
  await ask('PUT', `${set}${path('private_ids', impi)}`);
  const profile = (await ask('POST', `${set}/service_profiles`)).location ?? '';
  await ask('PUT', `${profile}${path('public_ids', impu)}`, { body: publicIdentity(impu) });
  return { impi, impu, set, profile, irs: set.split('/')[2] ?? '', sp: profile.split('/')[4] ?? '' };
};
