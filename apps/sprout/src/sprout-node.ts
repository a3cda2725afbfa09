// One running Sprout: listeners, endpoint, handlers, expiry, put together from configuration. Used by this app's main.ts
// and by the all-in-one; everything that a test would replace comes in.
import { icidOfStream } from '#libs/domain';
import { type AppendSpool, CallSpool, type CallSpoolObserver, type EventLog, tracedAppends } from '#libs/event-log'; // prettier-ignore
import type { Homestead } from '#libs/homestead-client';
import {
  type Clock,
  type Logger,
  type Metrics,
  type PeerCheck,
  type ProcessConfig,
  type Random,
  type Traces,
} from '#libs/runtime';
import {
  createEndpoint,
  createDnsResolver,
  createTransports,
  endpointCounts,
  type EndpointLimits,
  familyOf,
  type Handover,
  type ListenerAddress,
  type MemoryHub,
  type NameLookup,
  type NameTable,
  type NodeTransports,
  type Resolver,
  OverloadControl,
  type SharedPort,
  overloadCounts,
  type SipEndpoint,
  type SipMessage,
  type TimerWheel,
  type WaitGauge,
  type WorkerLinks,
} from '#libs/sip';
import { createMemoryKeyValueStore, type KeyValueStore } from '#libs/stores';
import type { RegistrationRows } from '#projections/registrations-by-aor';
import type { LiveChallenges } from './authentication/challenges.js';
import type { ChainLink } from './isc/chain-link.js';
import type { SproutObserver, SproutPorts, SproutSettings } from './ports.js';
import { observerOf } from './sprout-observer.js';
import { LogOutage, toldByCalls } from './log-outage.js';
import { expireOnDemand } from './registrar/expire-on-demand.js';
import { followRegistrations } from './registrar/follow-log.js';
import { type Administration, createAdministration } from './registrar/administer.js';
import { type Withdrawal, withdrawRegistrations } from './registrar/withdraw.js';
import { type EffectOwnership, SOLE_OWNER } from './reg-event/ownership.port.js';
import { settingsOf } from './settings-of.js';
import type { SproutConfig } from './sprout.config.js';
import { Gruus } from './gruu/gruus.js';
import { openCriteriaFiles } from './isc/criteria-files.js';
import { CHAIN_SERVERS_MAX } from './isc/departure.js';
import { OdiTokens } from './isc/odi-tokens.js';
import { type RouterSign, RouterSigns } from './isc/router-signs.js';
import { type DrachtioNode, startDrachtio } from './drachtio/drachtio-node.js';
import type { ServiceDocuments } from './mmtel/mmtel.port.js';
import { type MmtelNodeOptions, startMmtel, targetsAt } from './mmtel/mmtel-node.js';
import { openRouting } from './routing/open-routing.js';
import { DialogMarks } from './session/own-route.js';
import { TARGETS_MAX } from './ringing/targets.js';
import { createSprout } from './sprout.js';
import { ICSCF_LISTENER, listenersOf, receiveWith, SCSCF_LISTENER, sharingOf } from './listeners.js';
import { urgencyOf } from './urgency.js';

export type SproutNodeOptions = Readonly<{
  process: Pick<ProcessConfig, 'homeDomain' | 'bindAddress' | 'publicHost'>;
  config: SproutConfig;
  log: EventLog;
  registrations: RegistrationRows;
  challenges: KeyValueStore<LiveChallenges>;
  /** Chains that are at an application server, shared by all routers of a deployment. Default: of this one alone. */
  chainLinks?: KeyValueStore<ChainLink>;
  /** Where those are shared with other routers: which of them live. */
  routerSigns?: KeyValueStore<RouterSign>;
  homestead: Homestead;
  /** The telephony services of users. Default: users have none. */
  documents?: ServiceDocuments;
  clock: Clock;
  random: Random;
  logger: Logger;
  metrics: Metrics;
  /** Where calls are traced. */
  traces?: Traces;
  timers: TimerWheel;
  peers: PeerCheck;
  /**
   * ≥ 32 bytes that outlive the process and are the same for all routers of a deployment: signs what Record-Route remembers.
   * Default: made anew, and dialogs of before are not charged any more.
   */
  dialogKey?: Buffer;
  hub?: MemoryHub;
  /** Names that the router must find. Default: addresses only. */
  dns?: NameLookup;
  /** What is asked for the URIs of numbers, where ENUM_SERVERS name somebody. */
  enumDns?: NameLookup;
  /** No sockets: reachable through the hub only. */
  memoryOnly?: boolean;
  /** Of answers kept for retransmissions; default: as much as a busy node needs. */
  replayBytesMax?: number;
  chargingSpool?: AppendSpool;
  /** Which streams' effects are this router's. Default: it is the only one on the log. */
  ownership?: EffectOwnership;
  /** Other processes on the same ports. Default: this one has them for itself. */
  workers?: WorkerLinks;
  /** How long input waits; default: measured on the sockets, where there are any. */
  wait?: WaitGauge;
}>;

export interface SproutNode {
  readonly endpoint: SipEndpoint;
  readonly addresses: readonly ListenerAddress[];
  readonly settings: SproutSettings;
  /** Where applications attach; none without sockets. */
  readonly applications: DrachtioNode | undefined;
  /** Ends registrations on the network's behalf. */
  withdraw(withdrawals: readonly Withdrawal[]): Promise<void>;
  readonly administration: Administration;
  /** Removes what has lapsed of an address of record; false: not now. */
  expire(aor: string): Promise<boolean>;
  stopAccepting(): void;
  close(): Promise<void>;
}

const DIALOG_KEY_BYTES = 32;
/** Tells runs of routers apart. */
const RUN_CHARACTERS = 13;
/** Drawn when it is asked for. */
const runOf = (random: Random): (() => string) => {
  let run: string | undefined;
  return () => (run ??= random.token(RUN_CHARACTERS));
};

/** What only the routers of this deployment can write. */
const signaturesOf = (key: Buffer, random: Random): Pick<SproutPorts, 'dialogMarks' | 'gruus'> => ({
  dialogMarks: new DialogMarks(key),
  gruus: new Gruus(key, random),
});

const showMetrics = (
  metrics: Metrics,
  endpoint: SipEndpoint,
  overload: OverloadControl,
  handover: Handover | undefined,
): void => {
  if (handover !== undefined)
    metrics.counted('sprout_handover_total', 'Messages handed between workers', 'kind', handover.counts);
  metrics.counted(
    'sprout_sip_total',
    'What the SIP engine of the router counted, by kind',
    'kind',
    endpointCounts(endpoint.counters),
  );
  metrics.gauge(
    'sprout_transactions',
    'Live SIP transactions of the router',
    () => endpoint.transactionCount,
  );
  metrics.counted(
    'sprout_overload_refused_total',
    'Requests refused because input waits too long, by urgency',
    'urgency',
    overloadCounts(overload),
  );
  metrics.gauge('sprout_input_wait_ms', 'How long input waits until it is read', () => overload.waitMs);
};

const mmtelOptions = (
  options: SproutNodeOptions,
  addresses: readonly ListenerAddress[],
  { observer, calls }: Pick<SproutPorts, 'observer' | 'calls'>,
  key: Buffer,
): MmtelNodeOptions => {
  const { process, config, clock, random, logger, metrics, timers, peers, hub, documents } = options;
  return {
    homeDomain: process.homeDomain,
    bindAddress: process.bindAddress,
    port: config.mmtelPort,
    homeCountry: config.homeCountry,
    router: {
      [`scscf.${process.homeDomain}`]: targetsAt(addresses.filter(({ name }) => name === SCSCF_LISTENER)),
    },
    key,
    clock,
    random,
    logger,
    metrics,
    observer,
    calls,
    timers,
    peers,
    memoryOnly: options.memoryOnly ?? false,
    ...(hub === undefined ? {} : { hub }),
    ...(documents === undefined ? {} : { documents }),
  };
};

const resolverOf = ({ dns, clock, random, process }: SproutNodeOptions, names: NameTable = {}): Resolver => {
  const families = [familyOf(process.bindAddress)];
  return createDnsResolver({ dns, clock, random, transports: ['udp', 'tcp'], families, names });
};

const limitsOf = ({ replayBytesMax }: SproutNodeOptions): Partial<EndpointLimits> => ({
  branchesMax: TARGETS_MAX + CHAIN_SERVERS_MAX,
  ...(replayBytesMax === undefined ? {} : { replayBytesMax }),
});

/** What chains of application servers go by, and are kept in. */
const openIsc = async (
  { config, chainLinks, routerSigns: store, clock, random, logger }: SproutNodeOptions,
  dialogKey: Buffer,
  observer: SproutObserver,
) => {
  const criteriaFiles = openCriteriaFiles(config, logger);
  const routerSigns = store && new RouterSigns({ store, clock, observer }, random.token(RUN_CHARACTERS));
  await routerSigns?.start();
  return {
    ports: {
      criteriaFiles,
      odiTokens: new OdiTokens(dialogKey, random, chainLinks === undefined),
      chainLinks: chainLinks ?? createMemoryKeyValueStore<ChainLink>({ name: 'chain links', clock }),
      ...(routerSigns === undefined ? {} : { routerSigns }),
    },
    close() {
      routerSigns?.stop();
      criteriaFiles.close();
    },
  };
};

/** Applications need sockets: none attach where there are none. */
const startApplications = async (
  options: SproutNodeOptions,
  addresses: readonly ListenerAddress[],
  mmtel: NameTable,
): Promise<DrachtioNode | undefined> => {
  if (options.memoryOnly === true) return undefined;
  const { process, config, clock, random, logger, metrics, timers, peers, hub } = options;
  const { homeDomain, bindAddress } = process;
  const at = (listener: string) => targetsAt(addresses.filter(({ name }) => name === listener));
  const names = {
    ...mmtel,
    [homeDomain]: at(ICSCF_LISTENER),
    [`icscf.${homeDomain}`]: at(ICSCF_LISTENER),
    [`scscf.${homeDomain}`]: at(SCSCF_LISTENER),
  };
  return startDrachtio({
    ...{ homeDomain, bindAddress, clock, random, logger, metrics, timers, peers },
    port: config.drachtioPort,
    secret: config.drachtioSecret,
    sipPort: config.drachtioSipPort,
    resolver: resolverOf(options, names),
    ...(hub === undefined ? {} : { hub }),
  });
};

const transportsOf = (options: SproutNodeOptions, shared: SharedPort | undefined): NodeTransports => {
  const { clock, random, logger, hub, config, memoryOnly = false } = options;
  return createTransports({
    limits: { lifetimeMs: config.sipConnectionLifetimeS * 1_000 },
    listeners: listenersOf(options.process, options.config, options.peers, shared).map((listener) => ({
      ...listener,
      memoryOnly,
    })),
    clock,
    random,
    log: logger,
    ...(hub === undefined ? {} : { hub }),
  });
};

const overloadOf = (
  { clock, memoryOnly, wait }: SproutNodeOptions,
  transports: NodeTransports,
): OverloadControl =>
  new OverloadControl(clock, wait ?? (memoryOnly === true ? undefined : () => transports.waitMs()));

const spoolOf = (options: SproutNodeOptions, told: CallSpoolObserver): CallSpool => {
  const { clock, chargingSpool: charging } = options;
  return new CallSpool({ log: tracedAppends(options.log, options, icidOfStream), clock, told, charging });
};

/** As they come in. */
const givenPorts = (options: SproutNodeOptions) => {
  const { log, registrations, challenges, homestead, clock, timers, random, traces } = options;
  const traced = traces === undefined ? {} : { traces };
  return { log, registrations, challenges, homestead, clock, timers, random, ...traced };
};

/** Starts listening; resolves when every port is bound and expiry runs. */
export const startSprout = async (options: SproutNodeOptions): Promise<SproutNode> => {
  const { clock, random, logger, metrics, timers } = options;
  const { dialogKey = random.bytes(DIALOG_KEY_BYTES) } = options;
  const late = { transports: () => transports, receiver: () => endpoint };
  const sharing = sharingOf(options.workers, dialogKey, late);
  const transports = transportsOf(options, sharing?.shared);
  await transports.listen();
  const addresses = transports.addresses();
  const settings = settingsOf(options, addresses);
  const observer = observerOf(metrics, logger, clock);
  const outage = new LogOutage(clock, settings.regMaxExpiresS * 1000);
  const calls = spoolOf(options, toldByCalls(outage, observer));
  const mmtel = await startMmtel(mmtelOptions(options, addresses, { observer, calls }, dialogKey));
  const isc = await openIsc(options, dialogKey, observer);
  const routing = openRouting(options);
  const applications = await startApplications(options, addresses, mmtel.names);
  const ports: SproutPorts = {
    ...isc.ports,
    ...routing.ports,
    calls,
    outage,
    run: runOf(random),
    ownership: options.ownership ?? SOLE_OWNER,
    ...signaturesOf(dialogKey, random),
    ...givenPorts(options),
    observer,
    endpoint: () => endpoint,
  };
  const overload = overloadOf(options, transports);
  const endpoint: SipEndpoint = createEndpoint({
    name: 'sprout',
    random,
    timers,
    transports,
    resolver: resolverOf(options, { ...mmtel.names, ...applications?.names }),
    user: createSprout(ports, settings),
    limits: limitsOf(options),
    admits: (request: SipMessage) => overload.admits(overload.isLimiting ? urgencyOf(request) : 'new'),
    onDefect: (error) => logger.error({ err: error }, 'defect in the router'),
    ...sharing?.handover.endpointOptions,
  });
  const stopFollowing = await followRegistrations(ports, settings, metrics, options.config);
  receiveWith(transports, endpoint, sharing);
  showMetrics(metrics, endpoint, overload, sharing?.handover);
  return {
    endpoint,
    addresses,
    settings,
    applications,
    withdraw: (withdrawals) => withdrawRegistrations(ports, settings, withdrawals),
    administration: createAdministration(ports, settings),
    expire: (aor) => expireOnDemand(ports, settings, aor),
    stopAccepting: () => [transports, mmtel, applications].forEach((part) => part?.stopAccepting()),
    async close() {
      overload.stop();
      isc.close();
      routing.close();
      await stopFollowing();
      await applications?.close();
      await Promise.all([transports.close(), mmtel.close()]);
      await calls.flush();
    },
  };
};
