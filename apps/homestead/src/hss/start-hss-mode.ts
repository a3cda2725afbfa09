// Homestead's HSS mode put together: the Diameter node with its peers, the cache in the view store, the core, and what serves pushes.
// Used by main.ts of this app and by the all-in-one.
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { APPLICATIONS, createDiameterNode, createTcpTransport, type DiameterNode, type DiameterTransport, parsePeerAddress, type PeerConfig } from '#libs/diameter'; // prettier-ignore
import type { EventLog } from '#libs/event-log';
import type { ProcessConfig, ProcessParts } from '#libs/runtime';
import type { Engines } from '#libs/stores';
import type { HomesteadConfig } from '../homestead.config.js';
import type { HomesteadCore } from '../homestead-core.js';
import { type HssConfig, isNamedPeer } from '../hss.config.js';
import { CachedSets } from './cached-sets.js';
import { openCacheStore } from './cache-store.js';
import { createCxClient } from './cx-client.js';
import { createCxTally } from './cx-tally.js';
import { createHssHomestead, createKeptVectors } from './hss-homestead.js';
import { servePushes } from './pushes.js';
import type { RegistrarLink } from './registrar-link.js';

export type HssModeOptions = Readonly<{
  process: Pick<ProcessConfig, 'homeDomain' | 'managementPort'>;
  homestead: Pick<HomesteadConfig, 'recordTtlS'>;
  hss: HssConfig;
  scscfUri: string;
  log: Pick<EventLog, 'append'>;
  engines: Engines;
  registrar: RegistrarLink;
  /** Where the cache is kept over a restart, unless the view store is shared. Default: nowhere. */
  snapshotFile?: string;
  /** Default: TCP and TLS. */
  transport?: DiameterTransport;
}> &
  Pick<ProcessParts, 'clock' | 'random' | 'logger' | 'metrics'>;

export interface HssMode {
  readonly core: HomesteadCore;
  readonly node: DiameterNode;
  close(): Promise<void>;
}

/** How long a start waits for an HSS. Without one it serves who is cached, and says 504 to the others. */
const UP_WAIT_MS = 2_000;

const text = (name: string): string => name.replaceAll(/[^A-Za-z0-9-]/g, '-').toLowerCase();

/** Unique a node: processes of one machine differ by their management port. */
const ownHost = ({ homeDomain, managementPort }: HssModeOptions['process'], given: string): string =>
  given || `homestead-${managementPort}.${text(hostname())}.${homeDomain}`;

const peersOf = ({ hssPeers }: HssConfig): readonly PeerConfig[] =>
  hssPeers.flatMap((peer) => {
    const address = parsePeerAddress(peer);
    if (!address) return [];
    const { host, port } = address;
    return isNamedPeer(peer) ? [{ host, address }] : [{ host: `${host}:${port}`, address, isAnyone: true }];
  });

const tlsOf = ({ diameterCaFile, diameterCertFile, diameterKeyFile }: HssConfig) => ({
  ...(diameterCaFile === '' ? {} : { ca: readFileSync(diameterCaFile, 'utf8') }),
  ...(diameterCertFile === '' ? {} : { cert: readFileSync(diameterCertFile, 'utf8') }),
  ...(diameterKeyFile === '' ? {} : { key: readFileSync(diameterKeyFile, 'utf8') }),
});

const createNode = (options: HssModeOptions): DiameterNode => {
  const { process, hss, clock, random, logger } = options;
  return createDiameterNode({
    host: ownHost(process, hss.diameterHost),
    realm: hss.diameterRealm || process.homeDomain,
    productName: 'Clearwater Homestead',
    applications: [APPLICATIONS.cx],
    peers: peersOf(hss),
    transport: options.transport ?? createTcpTransport(tlsOf(hss)),
    clock,
    random,
    told: (what) => logger.info({ part: 'diameter' }, what),
    failed: (what, error) => logger.error({ part: 'diameter', err: error }, what),
  });
};

/** Calls the HSSs; resolves when one has let us in, or when that takes too long to wait for. */
export const startHssMode = async (options: HssModeOptions): Promise<HssMode> => {
  const { process, hss, clock, log, logger, metrics, registrar } = options;
  const node = createNode(options);
  const cache = await openCacheStore(options);
  const recordTtlS = Math.max(options.homestead.recordTtlS, 2 * hss.hssReregistrationTime);
  const sets = new CachedSets({ store: cache.store, clock, recordTtlS });
  const tally = createCxTally(metrics);
  const onFault = (error: unknown): void => logger.warn({ err: error }, 'homestead');
  const cx = createCxClient({
    node,
    clock,
    tally,
    destination: {
      realm: hss.destRealm || process.homeDomain,
      ...(hss.destHost === '' ? {} : { host: hss.destHost }),
    },
    timeoutMs: hss.diameterTimeoutMs,
    requestSharedIfcs: hss.requestSharedIfcs,
  });
  const vectors = createKeptVectors();
  servePushes({ node, sets, cx, vectors, log, registrar, tally, onFault });
  metrics.gauge('homestead_hss_peers_up', 'HSSs that take requests', () => node.peers().filter(({ isTrusted }) => isTrusted).length); // prettier-ignore
  node.start();
  if (!(await node.whenUp(UP_WAIT_MS))) logger.warn({ peers: hss.hssPeers }, 'no HSS answers yet');
  const core = createHssHomestead({
    cx,
    sets,
    log,
    clock,
    vectors,
    scscfUri: options.scscfUri,
    homeNetwork: hss.destRealm || process.homeDomain,
    reregistrationS: hss.hssReregistrationTime,
    onFault,
  });
  return {
    core,
    node,
    async close() {
      await node.stop();
      await cache.close();
    },
  };
};
