// One running Bono: listeners, endpoint, handlers, put together from configuration. Used by this app's main.ts and by
// the all-in-one; everything that a test would replace comes in.
import type { Registration } from '#libs/domain';
import type { Clock, DrainPart, Logger, Metrics, PeerCheck, ProcessConfig, Random, Traces } from '#libs/runtime'; // prettier-ignore
import {
  canonicalIp,
  createDnsResolver,
  createEndpoint,
  createTransports,
  overloadCounts,
  endpointCounts,
  type Flow,
  type Handover,
  flowTokens,
  hostPort,
  type ListenerAddress,
  type MemoryHub,
  type NameLookup,
  type NodeTransports,
  OverloadControl,
  type SharedPort,
  sharePorts,
  type SipEndpoint,
  type SipMessage,
  type Target,
  type TimerWheel,
  type TlsOptions,
  type WaitGauge,
  type WorkerLinks,
} from '#libs/sip';
import type { BonoConfig } from './bono.config.js';
import { createBono } from './bono.js';
import { type ChargingLog, openEdgeCharging } from './charging/open-edge-charging.js';
import type { ClientFlows } from './client-flows.js';
import { coreCheck } from './core-hosts.js';
import { createEdgeDrain } from './edge-drain.js';
import { createFlowNames } from './flow-names.js';
import { familiesOf, hostsOf, listenersOf, trunkSides } from './listeners.js';
import { type BonoPorts, type BonoSettings, TRUSTED_LISTENER } from './ports.js';
import { PrivatePeers } from './private-peer.js';
import { hasHost } from './record-route.js';
import { recoverFlows } from './recover-flows.js';
import { HiddenTopology } from './trunks/hidden-topology.js';
import { openTrunks } from './trunks/open-trunks.js';
import { createSiblings, learnFrom, trustedTargets } from './workers.js';

export type BonoNodeOptions = Readonly<{
  process: Pick<ProcessConfig, 'homeDomain' | 'bindAddress' | 'publicHost'>;
  config: BonoConfig;
  clock: Clock;
  random: Random;
  logger: Logger;
  metrics: Metrics;
  /** Where calls are traced. */
  traces?: Traces;
  timers: TimerWheel;
  peers: PeerCheck;
  /** ≥ 32 bytes that outlive the process. */
  flowTokenKey: Buffer;
  /** Who clients are shown over TLS and WSS; without it there are neither (edge-identity.ts). */
  tls?: TlsOptions;
  /** Names that the edge must find: a SPROUT_ADDRESS that is one. Default: addresses only. */
  dns?: NameLookup;
  /** Joins nodes of one process. */
  hub?: MemoryHub;
  /** No sockets: reachable through the hub only. */
  memoryOnly?: boolean;
  /** Of answers kept for retransmissions; default: as much as a busy node needs. */
  replayBytesMax?: number;
  /** How long input waits; default: measured on the sockets, where there are any. */
  wait?: WaitGauge;
  /** Other processes on the same ports for clients. Default: this one has them for itself. */
  workers?: WorkerLinks;
  /** What charging facts are written to; needed where CDF_IDENTITY asks for them. */
  charging?: ChargingLog;
  /** Registrations at start, to take UDP flows back from. */
  rows?: Iterable<readonly [string, Registration]>;
}>;

export interface BonoNode {
  readonly endpoint: SipEndpoint;
  readonly flows: ClientFlows;
  readonly addresses: readonly ListenerAddress[];
  readonly recovered: number;
  readonly drainPart: DrainPart;
  stopAccepting(): void;
  close(): Promise<void>;
}

const SWEEP_MS = 60_000;

/** A worker is meant by what any of them has recorded. */
const trustedHosts = ({ config }: BonoNodeOptions, workers: readonly Target[]): readonly string[] =>
  workers.flatMap(({ address, port }) => [
    hostPort(address, port),
    ...(config.bonoTrustedHost === '' ? [] : [hostPort(config.bonoTrustedHost, port).toLowerCase()]),
  ]);

const settingsOf = (options: BonoNodeOptions, addresses: readonly ListenerAddress[]): BonoSettings => {
  const { process: { homeDomain, bindAddress, publicHost }, config, peers } = options; // prettier-ignore
  const trusted = addresses.find(({ name }) => name === TRUSTED_LISTENER);
  const workers = options.workers ? trustedTargets(config, bindAddress, options.workers) : [];
  const { icscfPort, scscfPort } = config;
  const router = config.sproutAddress || bindAddress;
  return {
    homeDomain,
    ownHosts: new Set([...hostsOf(addresses), ...trustedHosts(options, workers)]),
    workers,
    isCore: coreCheck({ homeDomain, router, icscfPort, scscfPort, peers }),
    upstreamUri: `sip:icscf.${homeDomain}:${config.icscfPort};transport=tcp`,
    trustedHostPort: trusted?.sentBy ?? hostPort(bindAddress, config.bonoTrustedPort),
    emergency: {
      numbers: new Set(config.emergencyNumbers),
      homeDomain,
      unregistered: config.emergencyUnregistered,
    },
    publicHost: publicHost || bindAddress,
    trunkSide: trunkSides(addresses),
  };
};

/** The router by its names of this deployment: one address at hand, or a name behind which DNS has several. */
const resolverOf = ({
  process: { homeDomain, bindAddress },
  config,
  dns,
  clock,
  random,
  tls,
}: BonoNodeOptions) => {
  const sprout = config.sproutAddress || bindAddress;
  const address = canonicalIp(sprout);
  const at = (port: number) => (address === undefined ? [] : [{ transport: 'tcp' as const, address, port }]);
  const [icscf, scscf] = [`icscf.${homeDomain}`, `scscf.${homeDomain}`];
  return createDnsResolver({
    dns,
    clock,
    random,
    transports: tls === undefined ? ['udp', 'tcp'] : ['udp', 'tcp', 'tls'],
    families: familiesOf(bindAddress, config.bonoSecondAddress),
    ...(address === undefined
      ? { aliases: { [icscf]: sprout, [scscf]: sprout } }
      : { names: { [icscf]: at(config.icscfPort), [scscf]: at(config.scscfPort) } }),
  });
};

const COUNTS = [
  'flow-full',
  'flow-failed',
  'ack-dropped',
  'trunk-limited',
  'trunk-peer-failed',
  'trunk-transit-refused',
  'emergency',
  'emergency-refused',
] as const;

type Shown = Readonly<{
  endpoint: SipEndpoint;
  flows: ClientFlows;
  overload: OverloadControl;
  handover: Handover | undefined;
}>;

const showMetrics = (metrics: Metrics, { endpoint, flows, overload, handover }: Shown): void => {
  if (handover !== undefined)
    metrics.counted('bono_handover_total', 'Messages handed between workers', 'kind', handover.counts);
  metrics.gauge('bono_client_flows', 'Flows of registered clients', () => flows.size);
  metrics.counted(
    'bono_sip_total',
    'What the SIP engine of the edge counted, by kind',
    'kind',
    endpointCounts(endpoint.counters),
  );
  metrics.counted(
    'bono_overload_refused_total',
    'Requests refused because input waits too long, by urgency',
    'urgency',
    overloadCounts(overload),
  );
  metrics.gauge('bono_input_wait_ms', 'How long input waits until it is read', () => overload.waitMs);
  metrics.gauge('bono_transactions', 'Live SIP transactions of the edge', () => endpoint.transactionCount);
};

/** One that has ended is not waited for, and nobody rings for it. */
const isRouter = ({ listener }: Flow): boolean => listener === TRUSTED_LISTENER;

const transportsOf = (options: BonoNodeOptions, shared: SharedPort | undefined): NodeTransports => {
  const { clock, random, logger, hub, memoryOnly = false } = options;
  return createTransports({
    listeners: listenersOf({ ...options, shared }).map((listener) => ({ ...listener, memoryOnly })),
    clock,
    random,
    log: logger,
    limits: { lifetimeMs: options.config.sipConnectionLifetimeS * 1_000 },
    ...(hub === undefined ? {} : { hub }),
  });
};

const flowNamesOf = (
  { flowTokenKey, random, workers }: BonoNodeOptions,
  transports: NodeTransports,
): BonoPorts['tokens'] => {
  const start = random.bytes(4).readUInt32BE();
  return createFlowNames(flowTokens(flowTokenKey, start, workers?.own), transports, workers);
};

const overloadOf = (
  { clock, memoryOnly, wait }: BonoNodeOptions,
  transports: NodeTransports,
): OverloadControl =>
  new OverloadControl(clock, wait ?? (memoryOnly === true ? undefined : () => transports.waitMs()));

/** What goes through the hands of clients and trunks unread, and comes back. */
const sealsOf = (key: Buffer, { ownHosts }: BonoSettings): Pick<BonoPorts, 'privatePeers' | 'topology'> => {
  const isOwn = (uri: string): boolean => hasHost(ownHosts, uri);
  return { privatePeers: new PrivatePeers(key, isOwn), topology: new HiddenTopology(key, isOwn) };
};

/** Until the function returned is called. */
const startSweeping = (clock: Clock, flows: ClientFlows): (() => void) => {
  const sweep = (): void => {
    flows.sweep(clock.nowMs());
    cancel = clock.after(SWEEP_MS, sweep);
  };
  let cancel = clock.after(SWEEP_MS, sweep);
  return () => cancel();
};

/** What an edge has where its operator wants it. */
const whereAsked = (
  edgeCharging: ReturnType<typeof openEdgeCharging>,
  { traces }: BonoNodeOptions,
): Pick<BonoPorts, 'charging' | 'traces'> => ({
  ...(edgeCharging === undefined ? {} : { charging: edgeCharging.charging }),
  ...(traces === undefined ? {} : { traces }),
});

/** Starts listening; resolves when every port is bound. Rejects when one cannot be. */
export const startBono = async (options: BonoNodeOptions): Promise<BonoNode> => {
  const { process: settings, config, clock, random, logger, metrics, timers, flowTokenKey } = options;
  const sharing =
    options.workers &&
    sharePorts({
      links: options.workers,
      key: flowTokenKey,
      transports: () => transports,
      receiver: () => endpoint,
      told: (text) => learnFrom(text, flows, (target, listener) => transports.flowTo(target, listener)),
    });
  const transports = transportsOf(options, sharing?.shared);
  await transports.listen();
  const addresses = transports.addresses();
  const counts = metrics.counters('bono_events_total', 'What the edge did, by kind', 'kind', COUNTS);
  const bonoSettings = settingsOf(options, addresses);
  const opened = openTrunks(config.trunksFile, logger);
  const edgeCharging = openEdgeCharging(options);
  const ports: BonoPorts = {
    tokens: flowNamesOf(options, transports),
    ...sealsOf(flowTokenKey, bonoSettings),
    ...(opened === undefined ? {} : { trunks: opened.trunks }),
    ...whereAsked(edgeCharging, options),
    clock,
    random,
    transports,
    observer: { count: (kind) => (counts[kind as (typeof COUNTS)[number]].n += 1) },
    endpoint: () => endpoint,
    ...(sharing === undefined ? {} : { siblings: createSiblings((text) => sharing.handover.tell(text)) }),
  };
  const { user, flows, urgency } = createBono(ports, bonoSettings);
  const overload = overloadOf(options, transports);
  const endpoint: SipEndpoint = createEndpoint({
    name: 'bono',
    random,
    timers,
    transports,
    resolver: resolverOf(options),
    user,
    proxyRequire: 'any',
    ...(options.replayBytesMax === undefined ? {} : { limits: { replayBytesMax: options.replayBytesMax } }),
    endsWithConnection: isRouter,
    ...sharing?.handover.endpointOptions,
    // How urgent it is does not matter while everything is taken.
    admits: (request: SipMessage, flow: Flow) =>
      overload.admits(overload.isLimiting ? urgency(request, flow) : 'new'),
    onDefect: (error) => logger.error({ err: error }, 'defect in the edge'),
  });
  const scscfUri = `sip:scscf.${settings.homeDomain}:${config.scscfPort};transport=tcp`;
  const recovered = recoverFlows(ports, flows, options.rows ?? [], `<${scscfUri};lr;orig>`);
  const stopSweeping = startSweeping(clock, flows);
  transports.setReceiver(endpoint);
  sharing?.handover.open();
  showMetrics(metrics, { endpoint, flows, overload, handover: sharing?.handover });
  return {
    endpoint,
    flows,
    addresses,
    recovered,
    drainPart: createEdgeDrain({ endpoint, flows, urgency }),
    stopAccepting: () => transports.stopAccepting(),
    close: async () => {
      stopSweeping();
      overload.stop();
      opened?.close();
      await transports.close();
      await edgeCharging?.flush();
    },
  };
};
