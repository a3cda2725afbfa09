// Who may use which of the three APIs: a key limited to a role opens one of them.
import type { HomesteadCore } from '#apps/homestead';
import type { Provisioning } from '#apps/homestead-prov';
import { createApiKeys, createPeerCheck, silentLogger } from '#libs/runtime';
import { type HttpApis, startHttpApis } from './http-apis.js';

const ROLES = ['homestead', 'provisioning', 'sprout'] as const;
const keyOf = (role: string): string => `key-of-${role}-alone`;
const FOR_ALL = 'a-key-for-everything';

let apis: HttpApis;
beforeAll(async () => {
  apis = await startHttpApis({
    host: '127.0.0.1',
    ports: { homestead: 0, provisioning: 0, sprout: 0 },
    homestead: {} as HomesteadCore,
    door: {},
    provisioning: {} as Provisioning,
    apiKeys: createApiKeys([...ROLES.map((role) => `${role}:${keyOf(role)}`), FOR_ALL]),
    peers: createPeerCheck([]),
    logger: silentLogger,
  });
});
afterAll(() => apis.close());

const statusAt = async (api: (typeof ROLES)[number], key: string): Promise<number> => {
  const answer = await apis[api].app.inject({ url: '/no-such-thing', headers: { 'x-api-key': key } });
  return answer.statusCode;
};

it.each(ROLES)('opens %s with a key of its role or of none, and with no other', async (api) => {
  for (const role of ROLES) expect(await statusAt(api, keyOf(role))).toBe(role === api ? 404 : 403);
  expect(await statusAt(api, FOR_ALL)).toBe(404);
  expect(await statusAt(api, `${api}:${keyOf(api)}`)).toBe(401);
});
