// Ellis with its real neighbours, Homestead Prov and Homer, over memory ports; each answer is held to the OpenAPI document.
// Read by ellis-*.spec.ts of this app only.
import { EllisConfig, type EllisNode, type Neighbour, startEllis } from '#apps/ellis';
import { startHomer } from '#apps/homer';
import { createHomestead } from '#apps/homestead';
import { createProvisioning, HomesteadProvModule } from '#apps/homestead-prov';
import type { Registration } from '#libs/domain';
import { createMemoryLog, type EventLog } from '#libs/event-log';
import { HttpFault, type HttpRequest, type HttpResponse } from '#libs/http-pool';
import {
  createApiKeys,
  createHealth,
  createMetrics,
  createShutdown,
  type HttpServer,
  silentLogger,
  startHttp,
  type TlsIdentity,
} from '#libs/runtime';
import {
  createMemoryCredentialStore,
  createMemoryKeyValueStore,
  createMemoryTableStore,
  type CredentialStore,
} from '#libs/stores';
import { createFakeClock, createOpenApiCheck, createSeededRandom } from '#libs/testkit';
import { type DocumentRow, DocumentsByUser } from '#projections/documents-by-user';
import { LinesByAccount, type LinesRow } from '#projections/lines-by-account';
import { RegistrationRows } from '#projections/registrations-by-aor';
import { createSubscriberProfiles } from '#projections/subscriber-profiles';
import { inProcess } from './ellis-part.js';

export const KEY = 'a-key-of-these-tests';
export const CODE = 'secret-code';
export type Method = 'GET' | 'PUT' | 'POST' | 'DELETE';

export type Ask = Readonly<{
  body?: string | object;
  headers?: Readonly<Record<string, string>>;
  /** A cookie, or `key`. */
  as?: string;
}>;

export type Reply = Readonly<{
  status: number;
  text: string;
  json: Record<string, unknown>;
  cookie: string | undefined;
  header(name: string): string | undefined;
}>;

/** As quick as it is unsafe. */
const PASSWORDS = {
  hash: (password: string) => Promise.resolve(`hash of ${password}`),
  verify: (hash: string, password: string) => Promise.resolve(hash === `hash of ${password}`),
};

export type FixtureOptions = Readonly<{
  config?: Partial<EllisConfig>;
  /** What a former fixture left: a restart. */
  kept?: Readonly<{ log: EventLog; credentials: CredentialStore }>;
  startMs?: number;
  httpTls?: TlsIdentity;
}>;

type World = Awaited<ReturnType<typeof createWorld>>;

const createWorld = async ({ kept, startMs = 1_767_225_600_000 }: FixtureOptions) => {
  const clock = createFakeClock(startMs);
  const random = createSeededRandom(5);
  const log = kept?.log ?? (await createMemoryLog({ clock, random }));
  const credentials = kept?.credentials ?? createMemoryCredentialStore({ clock });
  const readStream: EventLog['read'] = (stream, from) => log.read(stream, from);
  const profiles = createSubscriberProfiles({
    table: createMemoryTableStore({ name: 'profiles' }),
    readStream,
  });
  const documents = new DocumentsByUser({
    table: createMemoryTableStore<DocumentRow>({ name: 'documents' }),
    readStream,
  });
  for await (const event of log.readAll(['provisioning'], 'oldest')) {
    await profiles.apply([event]);
    await documents.apply([event]);
  }
  const provisioning = createProvisioning({ log, credentials, profiles, clock, random, homeDomain: 'ims.test', credentialKeptMs: 7 * 86_400_000 });
  const homestead = createHomestead({ profiles, credentials, clock, random, scscfUri: 'sip:scscf.ims.test' });
  return { clock, random, log, credentials, profiles, documents, provisioning, homestead };
}; // prettier-ignore

/** The neighbours' servers take long to start and hold no state: one of each serves every test, over the world of that test. */
let world: World;
const ofWorld = <Name extends keyof World>(name: Name): World[Name] =>
  new Proxy({} as World[Name], {
    get(_target, property) {
      const held = world[name];
      const value: unknown = Reflect.get(held, property, held);
      return typeof value === 'function' ? (value.bind(held) as unknown) : value;
    },
  });

const startNeighbours = async () => {
  const prov = await startHttp({
    module: HomesteadProvModule.forRoot(ofWorld('provisioning')),
    host: '127.0.0.1',
    port: 0,
    title: 'Homestead Prov',
    role: 'provisioning',
    logger: silentLogger,
  });
  const homer = await startHomer({
    process: { bindAddress: '127.0.0.1', homeDomain: 'ims.test', trustedPeers: [] },
    port: 0,
    usagesFile: '',
    log: ofWorld('log'),
    documents: ofWorld('documents'),
    homestead: ofWorld('homestead'),
    apiKeys: createApiKeys([KEY]),
    clock: ofWorld('clock'),
    random: ofWorld('random'),
    logger: silentLogger,
  });
  return { prov, homer };
};

let neighbours: ReturnType<typeof startNeighbours> | undefined;
const running = () => (neighbours ??= startNeighbours());
afterAll(async () => {
  if (neighbours === undefined) return;
  const { prov, homer } = await neighbours;
  await Promise.all([prov.close(), homer.close()]);
});

/** A neighbour that a test may take away, or look at. */
const breakable = (real: Neighbour) => {
  const state: {
    fails?: (request: HttpRequest) => HttpResponse | Error | undefined;
    asked: string[];
  } = { asked: [] };
  const neighbour: Neighbour = {
    request(request) {
      state.asked.push(`${request.method} ${request.path}`);
      const failure = state.fails?.(request);
      if (failure === undefined) return real.request(request);
      return failure instanceof Error ? Promise.reject(failure) : Promise.resolve(failure);
    },
  };
  return { neighbour, state };
};

export const AWAY = new HttpFault('unreachable', 'nobody listens');

const asking = (server: HttpServer) => {
  const openApi = createOpenApiCheck(server.openApi());
  return {
    openApi,
    ask: async (method: Method, path: string, { body, headers = {}, as }: Ask = {}): Promise<Reply> => {
      const identity: Record<string, string> =
        as === undefined ? {} : as === 'key' ? { 'ngv-api-key': KEY } : { cookie: as };
      const response = await server.app.inject({
        method,
        url: path,
        headers: { ...identity, ...headers },
        ...(body === undefined ? {} : { payload: body }),
      });
      const contentType = String(response.headers['content-type'] ?? '');
      openApi.check({ method, path, status: response.statusCode, contentType, body: response.body });
      const cookie = response.headers['set-cookie'];
      return {
        status: response.statusCode,
        text: response.body,
        json: contentType.includes('json') ? (JSON.parse(response.body) as Record<string, unknown>) : {},
        cookie: cookie === undefined ? undefined : String(cookie),
        header: (name) => (response.headers[name] === undefined ? undefined : String(response.headers[name])),
      };
    },
  };
};

export const createEllisFixture = async (options: FixtureOptions = {}) => {
  const { config = {} } = options;
  const mails: string[] = [];
  const parts = await createWorld(options);
  world = parts;
  const { log, clock, random, credentials } = parts;
  const lines = new LinesByAccount({
    table: createMemoryTableStore<LinesRow>({ name: 'lines' }),
    readStream: (stream, from) => log.read(stream, from),
  });
  for await (const event of log.readAll(['accounts'], 'oldest')) await lines.apply([event]);
  const health = createHealth();
  const registrations = new RegistrationRows(
    createMemoryKeyValueStore<Registration>({ name: 'registrations', clock }),
    clock,
  );
  const atProv = breakable({ request: async (asked) => inProcess((await running()).prov, KEY).request(asked) });
  const atHomer = breakable({ request: async (asked) => inProcess((await running()).homer, KEY).request(asked) });
  const atSprout = breakable({ request: () => Promise.resolve({ status: 200, headers: {}, body: '' }) });
  const node: EllisNode = await startEllis({
    clock,
    random,
    logger: silentLogger,
    metrics: createMetrics(),
    health,
    shutdown: createShutdown({ clock, health, logger: silentLogger }),
    process: { bindAddress: '127.0.0.1', homeDomain: 'ims.test', dataDir: '/nowhere', trustedPeers: [], credentialKeptDays: 7 },
    config: Object.assign(new EllisConfig(), { ellisPort: 0, signupCode: CODE, ellisApiKey: [KEY], ...config }),
    log,
    isLogShared: false,
    lines,
    credentials,
    registrations,
    engines: {},
    apiKeys: createApiKeys([]),
    provisioning: atProv.neighbour,
    homer: atHomer.neighbour,
    registrar: atSprout.neighbour,
    websocketUrls: ['ws://127.0.0.1:5062'],
    isDemo: true,
    ...(options.httpTls === undefined ? {} : { httpTls: options.httpTls }),
    passwords: PASSWORDS,
    mailer: { send: (mail) => Promise.resolve(void mails.push(mail.link)) },
  });
  const { ask, openApi } = asking(node.http);
  const events = async (): Promise<string[]> => {
    const found: string[] = [];
    for await (const { event, stream } of log.readAll(['accounts'], 'oldest'))
      found.push(`${stream} ${event.type}`);
    return found;
  };
  return {
    ...parts,
    lines,
    registrations,
    node,
    ask,
    openApi,
    mails,
    events,
    prov: atProv.state,
    homer: atHomer.state,
    sprout: atSprout.state,
    close: () => node.http.close(),
  };
}; // prettier-ignore

export type EllisFixture = Awaited<ReturnType<typeof createEllisFixture>>;

export const accountPath = (account: string, ...rest: readonly string[]): string =>
  `/${['accounts', account, ...rest].map(encodeURIComponent).join('/')}`;

/** An account that is signed in: its cookie. */
export const signedUp = async (
  { ask }: EllisFixture,
  email: string,
  password = 'correct horse',
): Promise<string> => {
  const body = { email, password, full_name: email.split('@')[0], signup_code: CODE };
  const made = await ask('POST', '/accounts/', { body });
  if (made.status !== 201) throw new Error(made.text);
  return cookieOf(await ask('POST', '/session/', { body: { username: email, password } }));
};

export const cookieOf = ({ status, text, cookie }: Reply): string => {
  const [pair] = (cookie ?? '').split(';');
  if (status >= 300 || pair === undefined || pair === '') throw new Error(`no session: ${status} ${text}`);
  return pair;
};

/** A number of the account: its SIP URI. */
export const newNumber = async ({ ask }: EllisFixture, account: string, as: string): Promise<string> => {
  const { status, text, json } = await ask('POST', accountPath(account, 'numbers'), { as });
  if (status !== 200) throw new Error(text);
  return String(json['sip_uri']);
};
