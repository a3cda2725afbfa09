// Ellis in the all-in-one: its neighbours' APIs are answered here without a socket, by the same code that answers on their ports.
// Used by clearwater.ts.
import { type EllisConfig, type EllisNode, type Neighbour, startEllis, type Surroundings } from '#apps/ellis';
import type { HttpRequest } from '#libs/http-pool';
import {
  type ApiKeys,
  type ApiRole,
  type HttpServer,
  presentedKey,
  type ProcessConfig,
  type ProcessParts,
} from '#libs/runtime';
import type { LinesByAccount } from '#projections/lines-by-account';
import type { RegistrationRows } from '#projections/registrations-by-aor';
import type { Storage } from './storage.js';

export type EllisPartOptions = Readonly<{
  configs: Readonly<{ process: ProcessConfig; ellis: EllisConfig }>;
  apiKeys: ApiKeys;
  ownApiKey: string | undefined;
}> &
  ProcessParts;

export type EllisNeighbours = Readonly<{
  provisioning: HttpServer;
  homer: HttpServer;
  sprout: HttpServer;
  lines: LinesByAccount;
  registrations: RegistrationRows;
  surroundings: Surroundings;
  websocketUrls: readonly string[];
  isDemo: boolean;
}>;

/** Its API, asked as from another machine but for the connection. */
export const inProcess = ({ app }: HttpServer, apiKey: string | undefined): Neighbour => ({
  async request({ method, path: url, headers, body }: HttpRequest) {
    const key = apiKey === undefined ? {} : { 'x-api-key': apiKey };
    const payload = body === undefined ? {} : { payload: body };
    const answer = await app.inject({ method, url, headers: { ...key, ...headers }, ...payload });
    const first = Object.entries(answer.headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, String(Array.isArray(value) ? value[0] : value)] as const],
    );
    return { status: answer.statusCode, headers: Object.fromEntries(first), body: answer.body };
  },
});

export const startEllisPart = (
  options: EllisPartOptions,
  storage: Storage,
  { provisioning, homer, sprout, ...rest }: EllisNeighbours,
): Promise<EllisNode> => {
  const { configs, apiKeys, ownApiKey } = options;
  const { process, ellis: config } = configs;
  // The key of DATA_DIR opens everything; of several given ones, the first for this role.
  const keyFor = (role: ApiRole): string | undefined =>
    process.apiKeys === undefined ? ownApiKey : presentedKey(process.apiKeys, role);
  return startEllis({
    ...options,
    process,
    config,
    log: storage.log,
    isLogShared: storage.isLogShared,
    ...rest,
    credentials: storage.credentials,
    engines: storage.engines,
    apiKeys,
    provisioning: inProcess(provisioning, keyFor('provisioning')),
    homer: inProcess(homer, keyFor('homer')),
    registrar: inProcess(sprout, keyFor('sprout')),
  });
};
