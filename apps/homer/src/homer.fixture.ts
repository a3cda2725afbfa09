// Homer over memory ports for the tests: users as Homestead would know them, real validation, each answer held to the OpenAPI document.
// Read by *.spec.ts of this app only.
import { createMemoryLog } from '#libs/event-log';
import type { Answer, AuthVector } from '#libs/homestead-client';
import {
  type ApiKeys,
  clientAddressBy,
  createApiKeys,
  type HttpServer,
  silentLogger,
  startHttp,
} from '#libs/runtime';
import { ha1 } from '#libs/sip';
import { createMemoryTableStore } from '#libs/stores';
import { createFakeClock, createOpenApiCheck, createSeededRandom } from '#libs/testkit';
import { type DocumentRow, DocumentsByUser } from '#projections/documents-by-user';
import { createHomer } from './homer.js';
import { HomerModule } from './homer.module.js';
import type { SchemaValidator } from './schema/schema-validator.port.js';
import { createThreadValidator } from './schema/thread.schema-validator.js';
import { XCAP_BODY_BYTES_MAX } from './start-homer.js';
import { type Usage, USAGES } from './usages.js';

export const KEY = 'a-key-of-these-tests';
export const REALM = 'ims.test';
const USERS: Readonly<Record<string, readonly string[]>> = {
  'alice@ims.test': ['sip:alice@ims.test', 'tel:+4930123'],
  'bob@ims.test': ['sip:bob@ims.test'],
  'bill@ims.test': ['sip:bill@example.com', 'sip:bill@ims.test'],
};

export type Ask = Readonly<{ body?: string | Buffer; type?: string; headers?: Readonly<Record<string, string>>; as?: string }>; // prettier-ignore
export type Method = 'GET' | 'PUT' | 'DELETE' | 'POST' | 'PATCH' | 'HEAD';

export const TYPES = {
  simservs: 'application/vnd.etsi.simservs+xml',
  lists: 'application/resource-lists+xml',
  el: 'application/xcap-el+xml',
  att: 'application/xcap-att+xml',
};

export type FixtureOptions = Readonly<{
  nonceKey?: Buffer;
  apiKeys?: ApiKeys;
  validator?: SchemaValidator;
  mayAssert?: (address: string) => boolean;
  /** Beside those that are built in. */
  usages?: readonly Usage[];
}>;

export const createHomerFixture = async (options: FixtureOptions = {}) => {
  const clock = createFakeClock(1_767_225_600_000);
  const random = createSeededRandom(3);
  const log = await createMemoryLog({ clock, random });
  const table = createMemoryTableStore<DocumentRow>({ name: 'documents' });
  const documents = new DocumentsByUser({ table, readStream: (stream, from) => log.read(stream, from) });
  const validator = options.validator ?? createThreadValidator(clock);
  const state: { isHomesteadDown: boolean } = { isHomesteadDown: false };
  const found = (is: boolean): Promise<Answer<never> | { ok: true }> =>
    Promise.resolve(
      state.isHomesteadDown ? { ok: false, failure: 'unavailable' } : is ? { ok: true } : { ok: false, failure: 'not-found' },
    ); // prettier-ignore
  const vector = (impi: string): AuthVector => ({
    kind: 'digest',
    realm: REALM,
    qop: 'auth',
    ha1Md5: ha1('MD5', impi, REALM, 'secret'),
    // Alice was provisioned by her MD5 alone.
    ...(impi === 'alice@ims.test' ? {} : { ha1Sha256: ha1('SHA-256', impi, REALM, 'secret') }),
    version: '1',
  });
  const homer = createHomer({
    log,
    documents,
    validator,
    clock,
    random,
    homestead: {
      authVector: async (impi, impu) => {
        const answer = await found(USERS[impi]?.includes(impu) === true);
        return answer.ok ? { ok: true, value: vector(impi) } : answer;
      },
      location: async (impu) => {
        const answer = await found(Object.values(USERS).flat().includes(impu));
        return answer.ok ? { ok: true, value: { resultCode: 2001 } } : answer;
      },
    },
    usages: [...USAGES, ...(options.usages ?? [])],
    homeDomain: REALM,
    apiKeys: options.apiKeys ?? createApiKeys([`homer:${KEY}`, 'sprout:another-key']),
    mayAssert: options.mayAssert ?? (() => true),
    isTrusted: () => true,
    nonceKey: options.nonceKey,
  });
  const server: HttpServer = await startHttp({
    module: HomerModule.forRoot(
      homer,
      clientAddressBy((address) => address === '127.0.0.1'),
    ),
    host: '127.0.0.1',
    port: 0,
    title: 'Homer',
    role: 'homer',
    logger: silentLogger,
    rawBody: true,
    bodyBytesMax: XCAP_BODY_BYTES_MAX,
  });
  const openApi = createOpenApiCheck(server.openApi());
  const ask = async (method: Method, url: string, { body, type, headers = {}, as }: Ask = {}) => {
    const identity = as === undefined ? { 'x-api-key': KEY } : { 'x-xcap-asserted-identity': `"${as}"` };
    const { statusCode: status, headers: got, rawPayload } = await server.app.inject({
      method,
      url,
      headers: { ...identity, ...(type === undefined ? {} : { 'content-type': type }), ...headers },
      ...(body === undefined ? {} : { payload: body }),
    });
    const text = rawPayload.toString();
    const contentType = String(got['content-type'] ?? '');
    const path = url.split('?', 1)[0]!;
    const isDocumented = /^\/[^/]+\/(?:users\/[^/]+\/[^/]+(?:\/~~\/[^/]+)?|global\/[^/]+)$/.test(path) && method.length < 7;
    if (isDocumented && ['GET', 'PUT', 'DELETE'].includes(method) && !(path.includes('/global/') && method !== 'GET'))
      openApi.check({ method, path, status, contentType, body: text });
    return { status, text, type: contentType, etag: got.etag, headers: got };
  }; // prettier-ignore
  const events = async (): Promise<string[]> => {
    const found = [];
    for await (const { event } of log.readAll(['provisioning'], 'oldest')) found.push(event.type);
    return found;
  };
  const close = async (): Promise<void> => {
    await server.close();
    await validator.close();
  };
  return { ask, events, documents, log, clock, homer, state, openApi, server, close };
};

export type HomerFixture = Awaited<ReturnType<typeof createHomerFixture>>;

/** The kind of a conflict report. */
export const conflictIn = (text: string): string => /<xcap-error[^>]*><([a-z0-9-]+)/.exec(text)?.[1] ?? text;
