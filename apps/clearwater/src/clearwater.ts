// The whole of Clearwater in one process: storage, views, Homestead, provisioning, router, edge, HTTP, management.
// The functions below are the start-up order; each part is ready before the next begins. Stopping is shutdown.ts's order.
import { type BonoConfig, type BonoNode, openEdgeIdentity, startBono } from '#apps/bono';
import { type ChronosConfig, type ChronosNode, startChronos } from '#apps/chronos';
import type { EllisConfig, EllisNode } from '#apps/ellis';
import type { HomesteadConfig, HomesteadCore, HssConfig } from '#apps/homestead';
import type { HomerConfig } from '#apps/homer';
import {
  createProvisioning,
  type HomesteadProvConfig,
  keepSweeping,
  type Provisioning,
} from '#apps/homestead-prov';
import { hasCdf, type RalfConfig, type RalfNode, startRalf } from '#apps/ralf';
import {
  ownershipOn,
  type RegistrarDoor,
  routerAdmission,
  routerDrainPart,
  type SproutConfig,
  type SproutNode,
  startSprout,
} from '#apps/sprout';
import { connectHomestead, type Homestead } from '#libs/homestead-client';
import type { ArchiveConfig } from '#libs/archive';
import { comparePositions } from '#libs/decider';
import { openChargingSpool } from '#libs/event-log';
import {
  type ApiKeys,
  createPeerCheck,
  type HttpServer,
  isLoopback,
  type PeerCheck,
  type ProcessConfig,
  type ProcessParts,
  StartRefused,
  waitUntil,
} from '#libs/runtime';
import { keptMsOf, type StoresConfig } from '#libs/stores';
import { refuseLostCredentials } from '#projections/subscriber-profiles';
import { openDns, openEnumDns } from '#libs/dns';
import { driveTimers, hostPort, MemoryHub, TimerWheel } from '#libs/sip';
import { startArchive } from './archive.js';
import type { ClearwaterConfig } from './clearwater.config.js';
import { startEllisPart } from './ellis-part.js';
import { startHomerPart } from './homer-part.js';
import { startHomesteadCore } from './homestead-part.js';
import { type HttpApis, startHttpApis } from './http-apis.js';
import { wantsDemo } from './wants-demo.js';
import { openStorage, type Storage } from './storage.js';
import { surroundingsOf } from './surroundings.js';
import { openViews, type Views } from './views.js';

export type ClearwaterConfigs = Readonly<{
  process: ProcessConfig;
  bono: BonoConfig;
  sprout: SproutConfig;
  homestead: HomesteadConfig;
  hss: HssConfig;
  provisioning: HomesteadProvConfig;
  homer: HomerConfig;
  chronos: ChronosConfig;
  ralf: RalfConfig;
  ellis: EllisConfig;
  clearwater: ClearwaterConfig;
  stores: StoresConfig;
  archive: ArchiveConfig;
}>;

export type ClearwaterOptions = Readonly<{
  configs: ClearwaterConfigs;
  apiKeys: ApiKeys;
  /** A key that this process may use itself, for HOMESTEAD_LINK=http and HOMER_LINK=http. */
  ownApiKey: string | undefined;
}> &
  ProcessParts;

export interface Clearwater {
  readonly provisioning: Provisioning;
  readonly sprout: SproutNode;
  readonly bono: BonoNode;
  readonly chronos: ChronosNode;
  /** Where a CDF is configured. */
  readonly ralf: RalfNode | undefined;
  readonly http: HttpApis;
  readonly homer: HttpServer;
  readonly ellis: EllisNode;
}

/** A view that has seen more than the log holds: events are gone, and rebuilding would take away what was acknowledged. */
const refuseLostLog = async ({ log, profiles }: Storage): Promise<void> => {
  const seen = await profiles.checkpoint();
  const { head } = log;
  if (seen === undefined || (head !== undefined && comparePositions(seen, head) <= 0)) return;
  throw new StartRefused(
    `the log ends at offset ${head?.offset ?? 'none'}, but the views have seen ${seen.offset}: events are lost. ` +
      'Restore DATA_DIR/log from a backup; or, to go on without them, remove DATA_DIR/views.sqlite* (where they are in Cassandra: name another CASSANDRA_KEYSPACE)',
  );
};

const openData = async (options: ClearwaterOptions): Promise<{ storage: Storage; views: Views }> => {
  const config = options.configs.process;
  const storage = await openStorage(config, options.configs.stores, options);
  await refuseLostLog(storage);
  const views = await openViews(config, options.configs.stores, storage, options.random);
  await refuseLostCredentials(storage, config);
  const stopArchive = await startArchive(storage, options.configs.archive, config, options);
  storage.serve(async () => void (await Promise.all([views.stop(), stopArchive()])));
  return { storage, views };
};

/** Subscribers: the cores of Homestead and Homestead Prov, what a crash left unfinished finished, and their HTTP APIs. */
const startSubscribers = async (options: ClearwaterOptions, storage: Storage, peers: PeerCheck) => {
  const { configs, apiKeys, clock, random, logger, health, shutdown } = options;
  const part = health.part('http');
  const provisioning = createProvisioning({
    log: storage.log,
    credentials: storage.credentials,
    profiles: storage.profiles,
    clock,
    random,
    homeDomain: configs.process.homeDomain,
    storePlaintextPasswords: configs.provisioning.storePlaintextPasswords,
    credentialKeptMs: keptMsOf(configs.process),
  });
  await provisioning.finishInterrupted();
  keepSweeping(provisioning, options);
  const door: RegistrarDoor = {};
  const { core: homestead, peers: hssPeers } = await startHomesteadCore(options, storage, door);
  const http = await startHttpApis({
    host: configs.process.bindAddress,
    ports: {
      homestead: configs.homestead.homesteadPort,
      provisioning: configs.provisioning.homesteadProvPort,
      sprout: configs.sprout.sproutHttpPort,
    },
    homestead,
    door,
    provisioning,
    apiKeys,
    peers,
    logger,
    tls: options.httpTls,
    drain: options.drain,
  });
  shutdown.on('finish', 'http', () => http.close());
  part.ready();
  return { provisioning, homestead, hssPeers, door, http };
};

/** How the router asks Homestead: its functions, or its HTTP API as from another machine. */
const homesteadLink = (options: ClearwaterOptions, core: HomesteadCore, http: HttpApis): Homestead => {
  const { configs, clock, random, logger, shutdown, ownApiKey } = options;
  if (configs.clearwater.homesteadLink === 'memory') return core;
  const { homestead, close } = connectHomestead({
    url: http.homestead.url,
    clock,
    random,
    ca: options.httpCa,
    ...(ownApiKey === undefined ? {} : { apiKey: ownApiKey }),
    onFault: (error) => logger.warn({ err: error }, 'homestead link'),
  });
  shutdown.on('close', 'homestead link', close);
  return homestead;
};

/** What the phone in the page connects to: the secure one first. */
const webSocketsOf = (
  { addresses }: BonoNode,
  { publicHost, bindAddress }: ProcessConfig,
): readonly string[] =>
  ['wss', 'ws'].flatMap((transport) => {
    const port = addresses.find((address) => address.transport === transport)?.port;
    return port === undefined ? [] : [`${transport}://${hostPort(publicHost || bindAddress, port)}`];
  });

/** Nothing new, then what runs, then the sockets. */
const drainSip = (
  { clock, shutdown, drain }: ProcessParts,
  nodes: readonly [BonoNode, SproutNode],
  stop: () => void,
): void => {
  const [bono, sprout] = nodes;
  drain?.add('edge', bono.drainPart);
  drain?.add('router', routerDrainPart(sprout));
  shutdown.on('refuse', 'sip', () => {
    for (const node of nodes) {
      node.endpoint.drain(node === sprout ? routerAdmission : undefined);
      node.stopAccepting();
    }
  });
  const isIdle = (): boolean => nodes.every(({ endpoint }) => endpoint.pendingCount === 0);
  shutdown.on('finish', 'sip', () => waitUntil(clock, isIdle));
  shutdown.on('flush', 'sip', async () => {
    stop();
    await Promise.all(nodes.map((node) => node.close()));
  });
};

const dnsOf = ({
  configs: { process },
  clock,
  random,
  metrics,
}: ClearwaterOptions): ReturnType<typeof openDns> =>
  openDns({ servers: process.dnsServers, hostsFile: process.hostsFile, clock, random, metrics });

const tracesOf = ({ traces }: ClearwaterOptions): Pick<ProcessParts, 'traces'> =>
  traces === undefined ? {} : { traces };

/** Starts everything; resolves when it is ready to serve. Rejects with what stops the start. */
export const startClearwater = async (options: ClearwaterOptions): Promise<Clearwater> => {
  const { configs, clock, random, logger, metrics, health } = options;
  const sip = health.part('sip');
  const peers = createPeerCheck(configs.process.trustedPeers);
  if (!isLoopback(configs.process.bindAddress))
    logger.warn(
      `trusted SIP ${options.httpTls === undefined ? 'and HTTP ports listen' : 'ports listen'} beyond loopback without TLS: only TRUSTED_PEERS may use them`,
    );
  const { storage, views } = await openData(options);
  const { provisioning, homestead, hssPeers, door, http } = await startSubscribers(options, storage, peers);
  const { homer, documents } = await startHomerPart(options, storage, homestead);
  const { log, follow } = storage;
  const { process, chronos: config } = configs;
  const chronos = await startChronos({ ...options, process, config, log, follow, peers });
  const ralf = hasCdf(configs.ralf)
    ? await startRalf({ ...options, process, config: configs.ralf, log, follow, peers })
    : undefined;

  const timers = new TimerWheel(clock);
  const stopTimers = driveTimers(timers);
  const hub = configs.clearwater.sproutLink === 'memory' ? { hub: new MemoryHub({ clock }) } : {};
  const dns = dnsOf(options);
  const nodes = { process: configs.process, clock, random, logger, metrics, timers, peers, dns };
  const shared = { ...nodes, ...hub, ...tracesOf(options) };
  const { dataDir } = configs.process;
  const spoolDir = configs.sprout.chargingSpoolDir;
  const spool = await openChargingSpool({ program: 'sprout', dataDir, spoolDir, log }, options);
  const sprout = await startSprout({
    ...shared,
    ...openEnumDns({ servers: configs.sprout.enumServers, clock, random, metrics }),
    config: configs.sprout,
    log: storage.log,
    ownership: ownershipOn(storage),
    chargingSpool: spool,
    registrations: views.registrations,
    challenges: storage.challenges,
    ...storage.chains,
    dialogKey: storage.flowTokenKey,
    homestead: homesteadLink(options, homestead, http),
    documents,
  });
  door.withdraw = (withdrawals) => sprout.withdraw(withdrawals);
  door.administration = sprout.administration;
  door.expire = (aor) => sprout.expire(aor);
  const { close: forgetIdentity, ...identity } = await openEdgeIdentity({ ...shared, config: configs.bono });
  const bono = await startBono({
    ...shared,
    ...identity,
    config: configs.bono,
    flowTokenKey: storage.flowTokenKey,
    charging: { log, spool },
    rows: views.registrations.all(),
  });
  drainSip(options, [bono, sprout], () => {
    stopTimers();
    forgetIdentity();
  });
  sip.ready();
  const ellis = await startEllisPart(options, storage, {
    provisioning: http.provisioning,
    sprout: http.sprout,
    homer,
    lines: views.lines,
    registrations: views.registrations,
    surroundings: surroundingsOf({ views, chronos, hssPeers, ralf, clock, logger }),
    websocketUrls: webSocketsOf(bono, configs.process),
    isDemo: wantsDemo(configs),
  });
  return { provisioning, sprout, bono, chronos, ralf, http, homer, ellis };
};
