// Ralf as a part of a process: view, owners, Diameter node, accountant, HTTP, put together from configuration.
// Used by this app's main.ts and by the all-in-one.
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { APPLICATIONS, createDiameterNode, createTcpTransport, type DiameterNode, parsePeerAddress, type PeerConfig } from '#libs/diameter'; // prettier-ignore
import { icidOfStream } from '#libs/domain';
import { type EventLog, EventLogConfig, openPartitionOwners, tracedAppends } from '#libs/event-log';
import type { FollowOptions } from '#libs/projector';
import { type ApiKeys, type HttpServer, loadConfigOrExit, type PeerCheck, type ProcessConfig, type ProcessParts, startHttp, waitUntil } from '#libs/runtime'; // prettier-ignore
import { type ChargingSessions, openChargingSessions } from '#projections/charging-sessions';
import type { AccountantObserver } from './accountant.js';
import { Cdfs } from './cdfs.js';
import { createRalf, type Ralf } from './ralf.js';
import type { RalfConfig } from './ralf.config.js';
import { RalfModule } from './ralf.module.js';
import { createRfClient } from './rf-client.js';
import { createRfTally } from './rf-tally.js';
import { tracedRf } from './traced-rf.js';

/** Members of the group, by which partitions are owned. */
const GROUP = 'ralf';
/** Of what a client tells in one request: it is kept until a CDF has it. */
const BODY_BYTES_MAX = 64 * 1024;
/** How long a start waits for a CDF. Without one what is chargeable waits. */
const UP_WAIT_MS = 2_000;

export type RalfOptions = ProcessParts &
  Readonly<{
    process: ProcessConfig;
    config: RalfConfig;
    log: EventLog;
    follow: FollowOptions;
    apiKeys: ApiKeys;
    peers: PeerCheck;
  }>;

export interface RalfNode {
  readonly ralf: Ralf;
  readonly http: HttpServer;
  /** CDFs, and whether they take requests. */
  peers(): readonly Readonly<{ name: string; up: boolean }>[];
}

const text = (name: string): string => name.replaceAll(/[^A-Za-z0-9-]/g, '-').toLowerCase();

/** Unique a node: processes of one machine differ by their management port. */
const ownHost = ({ homeDomain, managementPort }: ProcessConfig, given: string): string =>
  given || `ralf-${managementPort}.${text(hostname())}.${homeDomain}`;

/** Of a DiameterURI the host is the CDF's own name; of a bare address nothing is known but that. */
export const peersOf = (cdfPeers: readonly string[]): readonly PeerConfig[] =>
  cdfPeers.flatMap((peer) => {
    const address = parsePeerAddress(peer);
    if (!address) return [];
    const { host, port } = address;
    return /^aaas?:/.test(peer) ? [{ host, address }] : [{ host: `${host}:${port}`, address, isAnyone: true }];
  }); // prettier-ignore

const tlsOf = ({ cdfCaFile, cdfCertFile, cdfKeyFile }: RalfConfig) => ({
  ...(cdfCaFile === '' ? {} : { ca: readFileSync(cdfCaFile, 'utf8') }),
  ...(cdfCertFile === '' ? {} : { cert: readFileSync(cdfCertFile, 'utf8') }),
  ...(cdfKeyFile === '' ? {} : { key: readFileSync(cdfKeyFile, 'utf8') }),
});

const createNode = ({ process, config, clock, random, logger }: RalfOptions, peers: readonly PeerConfig[]): DiameterNode =>
  createDiameterNode({
    host: ownHost(process, config.ralfDiameterHost),
    realm: process.homeDomain,
    productName: 'Clearwater Ralf',
    applications: [APPLICATIONS.accounting],
    peers,
    transport: createTcpTransport(tlsOf(config)),
    clock,
    random,
    told: (what) => logger.info({ part: 'diameter' }, what),
    failed: (what, error) => logger.error({ part: 'diameter', err: error }, what),
  }); // prettier-ignore

const observer = ({ metrics, logger }: ProcessParts): AccountantObserver => {
  const refused = metrics.counter('ralf_records_refused_total', 'Accounting records that a CDF will never take'); // prettier-ignore
  const unrecorded = metrics.counter('ralf_unrecorded_total', 'Events that the log did not take at first');
  return {
    refused(stream, result) {
      refused.n++;
      logger.warn({ stream, result }, 'a CDF refused an accounting record for good');
    },
    defect: (stream, error) => logger.error({ stream, err: error }, 'an accounting record could not be sent'),
    notRecorded(error) {
      unrecorded.n++;
      if (unrecorded.n % 1_000 === 1) logger.warn({ err: error }, 'the log does not take what became of accounting records'); // prettier-ignore
    },
  };
};

const gauges = ({ metrics, clock }: ProcessParts, sessions: ChargingSessions, node: DiameterNode): void => {
  const oldestS = (): number => {
    let oldestMs = Infinity;
    for (const { waiting } of sessions.rows.values()) oldestMs = Math.min(oldestMs, waiting[0]?.loggedMs ?? Infinity); // prettier-ignore
    return oldestMs === Infinity ? 0 : Math.max(0, (clock.nowMs() - oldestMs) / 1000);
  };
  metrics.gauge('ralf_sessions', 'Charging sessions that are open or not settled', () => sessions.rows.size);
  metrics.gauge('ralf_sessions_waiting', 'Those with records that no CDF has answered', () => sessions.waiting); // prettier-ignore
  metrics.gauge('ralf_full', '1 while so many wait that the rest waits in the log', () => Number(sessions.isFull)); // prettier-ignore
  metrics.gauge('ralf_oldest_waiting_s', 'Age of the oldest record that no CDF has answered, s', oldestS);
  metrics.gauge('ralf_cdfs_up', 'CDFs that take requests', () => node.peers().filter(({ isTrusted }) => isTrusted).length); // prettier-ignore
};

const createCore = async (options: RalfOptions, node: DiameterNode, peers: readonly PeerConfig[]) => {
  const { process, config, log, clock, random, logger, metrics, follow } = options;
  const view = await openChargingSessions({ dataDir: process.dataDir, waitingMax: config.chargingWaitingMax }, follow); // prettier-ignore
  const report = (message: string): void => logger.warn({ part: 'ralf' }, message);
  const owners = await openPartitionOwners(loadConfigOrExit(EventLogConfig), { group: GROUP, clock, report });
  const isUp = (peer: string): boolean => node.peers().some(({ host, isTrusted }) => isTrusted && host === peer); // prettier-ignore
  const rf = createRfClient({
    node,
    cdfs: new Cdfs(peers, isUp, () => clock.nowMs()),
    clock,
    tally: createRfTally(metrics),
    names: {
      sessionHost: config.ralfSessionHost || `ralf.${process.homeDomain}`,
      billingRealm: config.billingRealm || process.homeDomain,
      serviceContextId: config.serviceContextId,
    },
    timeoutMs: config.cdfTimeoutMs,
  });
  const ralf = createRalf({
    sessions: view.sessions,
    caughtUp: () => view.projector.caughtUp(),
    log: tracedAppends(log, options, icidOfStream),
    owners,
    rf: tracedRf(rf, options),
    clock,
    random,
    times: {
      interimS: config.chargingInterimS,
      sessionMaxS: config.chargingSessionMaxS,
      startWaitS: config.chargingStartWaitS,
    },
    window: config.cdfWindow,
    observe: observer(options),
  });
  gauges(options, view.sessions, node);
  return { ralf, view, owners };
};

/** Starts it; resolves when it shows what the log holds, listens, and sends what it owns. */
export const startRalf = async (options: RalfOptions): Promise<RalfNode> => {
  const { process, config, clock, logger, health, shutdown } = options;
  const part = health.part('ralf');
  const peers = peersOf(config.cdfPeers);
  const node = createNode(options, peers);
  const { ralf, view, owners } = await createCore(options, node, peers);
  const http = await startHttp({
    module: RalfModule.forRoot(ralf),
    host: process.bindAddress,
    port: config.ralfPort,
    title: 'Ralf',
    role: 'ralf',
    logger,
    bodyBytesMax: BODY_BYTES_MAX,
    apiKeys: options.apiKeys,
    peers: options.peers,
    tls: options.httpTls,
    drain: options.drain,
  });
  node.start();
  if (!(await node.whenUp(UP_WAIT_MS))) logger.warn({ peers: config.cdfPeers }, 'no CDF answers yet');
  ralf.accountant.start();
  options.drain?.add('ralf', {
    leave: () => owners.leave(),
    comeBack: () => owners.comeBack(),
    unfinished: () =>
      ralf.accountant.pending === 0 ? undefined : `${ralf.accountant.pending} accounting records`,
  });
  shutdown.on('refuse', 'ralf', () => ralf.accountant.stop());
  shutdown.on('finish', 'ralf', async () => {
    await http.close();
    await waitUntil(clock, () => ralf.accountant.pending === 0);
    await owners.stop();
  });
  shutdown.on('flush', 'ralf', async () => {
    await node.stop();
    await view.stop();
  });
  part.ready();
  return { ralf, http, peers: () => node.peers().map(({ host: name, isTrusted: up }) => ({ name, up })) };
};
