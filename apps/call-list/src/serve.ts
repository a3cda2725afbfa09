// The call list on the machine: its log and view, the control port that gives it calls, Homestead who says who asks, the HTTP API.
// Used by main.ts.
import { UPCASTERS } from '#libs/domain';
import { attachApplication, type DrachtioClientConfig } from '#libs/drachtio';
import { HttpDigest } from '#libs/digest';
import { systemHosts } from '#libs/dns';
import { connectHomestead } from '#libs/homestead-client';
import { resolverWith } from '#libs/http-pool';
import { openProcessData } from '#libs/projector';
import { createApiKeys, createPeerCheck, loadApiKeys, presentedKey, type ProcessConfig, type ProcessParts, startHttp } from '#libs/runtime'; // prettier-ignore
import type { StoresConfig } from '#libs/stores';
import { openCallListView } from '#projections/calls-by-user';
import type { CallListConfig } from './call-list.config.js';
import { CALL_LIST_COUNTS, createCallList } from './call-list.js';
import { CallListModule } from './call-list.module.js';
import { createAccess } from './http/access.js';

export type CallListConfigs = Readonly<{
  common: ProcessConfig;
  stores: StoresConfig;
  own: CallListConfig;
  server: DrachtioClientConfig;
}>;

const homesteadOf = (
  { common, own }: CallListConfigs,
  { clock, random, logger, httpCa: ca }: ProcessParts,
) => {
  const apiKey = presentedKey(common.apiKeys, 'homestead');
  return connectHomestead({
    url: own.homesteadUrl,
    clock,
    random,
    ca,
    resolve: resolverWith(systemHosts(common.hostsFile)),
    ...(apiKey === undefined ? {} : { apiKey }),
    onFault: (error) => logger.warn({ err: error }, 'homestead link'),
  });
};

const readingOf = (
  { common }: CallListConfigs,
  { clock, random, logger }: ProcessParts,
  homestead: ReturnType<typeof homesteadOf>['homestead'],
) => {
  const { apiKeys: configured, dataDir, homeDomain: realm, trustedPeers } = common;
  // Without keys nothing is open, on whatever address it listens: users have their own credentials.
  const apiKeys =
    configured?.length === 0
      ? createApiKeys([])
      : loadApiKeys({ configured, dataDir, httpHosts: [], random, logger }).keys;
  const digest = new HttpDigest({ homestead, clock, random, realm });
  return createAccess({ apiKeys, digest, peers: createPeerCheck(trustedPeers) });
};

/** Resolves when it listens; ready once it is attached too. */
export const serveCallList = async (configs: CallListConfigs, parts: ProcessParts): Promise<void> => {
  const { common, stores, own, server } = configs;
  const { clock, random, logger, metrics, health, shutdown } = parts;
  const data = await openProcessData(common, parts, UPCASTERS, stores);
  const { lists, view } = await openCallListView(data);
  data.serve(() => view.stop());

  const counts = metrics.counters('call_list_events_total', 'Calls noted, by kind', 'kind', CALL_LIST_COUNTS);
  const noting = createCallList({
    log: data.log,
    clock,
    random,
    count: (kind) => (counts[kind].n += 1),
    onFault: (error) => logger.warn({ err: error }, 'call not noted'),
  });
  const link = homesteadOf(configs, parts);
  const access = readingOf(configs, parts, link.homestead);
  const module = CallListModule.forRoot({ lists, access, clock });
  const api = { module, title: 'Call list', role: 'call-list', logger, tls: parts.httpTls } as const;
  const http = await startHttp({ ...api, host: common.bindAddress, port: own.callListPort });

  const application = await attachApplication({
    tag: 'call-list',
    server,
    logger,
    health,
    invited(invite, { pass }) {
      const concluded = noting.begin(invite);
      void pass({ destinations: [invite.uri], together: true }).then(concluded);
    },
  });
  shutdown.on('refuse', 'control port', () => application.detach());
  shutdown.on('finish', 'http', () => http.close());
  shutdown.on('flush', 'homestead link', () => link.close());
};
