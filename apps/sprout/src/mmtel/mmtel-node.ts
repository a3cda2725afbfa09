// The telephony server as it runs: its own listener and endpoint beside the router's, in the same process. Criteria name it
// as any application server, `sip:mmtel.<home domain>`; what it is asked and what it answers goes through memory where there
// is a hub. Used by sprout-node.ts.
import type { Clock, Logger, Metrics, PeerCheck, Random } from '#libs/runtime';
import {
  createEndpoint,
  createStaticResolver,
  createTransports,
  hostPort,
  isWildcard,
  type ListenerAddress,
  type ListenerOptions,
  type MemoryHub,
  type SipEndpoint,
  type Target,
  type TimerWheel,
} from '#libs/sip';
import type { CallFacts, SproutObserver } from '../ports.js';
import { createMmtel } from './mmtel.js';
import { MMTEL_LISTENER } from './mmtel-listener.js';
import type { MmtelSettings, ServiceDocuments } from './mmtel.port.js';
import { PrivateDialogs } from './private-dialog.js';
import { ContactSeal } from './sealed-contact.js';

export type MmtelNodeOptions = Readonly<{
  homeDomain: string;
  bindAddress: string;
  port: number;
  homeCountry: string;
  /** Names of the router, where it gives itself out by name. */
  router?: MmtelNode['names'];
  /** ≥ 32 bytes that outlive the process: seals the contacts of private callers. */
  key: Buffer;
  documents?: ServiceDocuments;
  clock: Clock;
  random: Random;
  logger: Logger;
  metrics: Metrics;
  /** The router's, for what could not be served. */
  observer: SproutObserver;
  calls: CallFacts;
  timers: TimerWheel;
  peers: PeerCheck;
  hub?: MemoryHub;
  memoryOnly: boolean;
}>;

/** Where this process finds itself when it listens on every address. */
const LOOPBACK = '127.0.0.1';

export interface MmtelNode {
  readonly endpoint: SipEndpoint;
  /** Where the names in filter criteria lead: for the router's resolver. */
  readonly names: Readonly<Record<string, readonly Target[]>>;
  stopAccepting(): void;
  close(): Promise<void>;
}

const listenersOf = (options: MmtelNodeOptions): ListenerOptions[] => {
  const { bindAddress: address, port, peers: allowPeer, memoryOnly } = options;
  const common = { name: MMTEL_LISTENER, address, port, allowPeer, memoryOnly };
  return [
    { ...common, transport: 'tcp' },
    { ...common, transport: 'udp' },
  ];
};

/** Where this process finds its own listeners. */
export const targetsAt = (addresses: readonly ListenerAddress[]): readonly Target[] =>
  addresses.map(({ transport, address, port }) => ({
    transport,
    address: isWildcard(address) ? LOOPBACK : address,
    port,
  }));

const COUNTS = [
  'diverted',
  'diversion-limit',
  'diversion-nowhere',
  'barred',
  'privacy-not-given',
  'ack-dropped',
] as const;

const observerOf = ({ metrics, observer }: MmtelNodeOptions): SproutObserver => {
  const counts = metrics.counters(
    'mmtel_events_total',
    'What the telephony server did, by kind',
    'kind',
    COUNTS,
  );
  return {
    count: (kind) => (counts[kind as (typeof COUNTS)[number]].n += 1),
    fault: (kind, error) => observer.fault(kind, error),
  };
};

/** Starts listening; resolves when the port is bound. */
export const startMmtel = async (options: MmtelNodeOptions): Promise<MmtelNode> => {
  const { homeDomain, bindAddress, homeCountry, documents, clock, random, logger, timers, hub } = options;
  const transports = createTransports({
    listeners: listenersOf(options),
    clock,
    log: logger,
    ...(hub === undefined ? {} : { hub }),
  });
  await transports.listen();
  const addresses = transports.addresses();
  const hosts = [`mmtel.${homeDomain}`, `cdiv.${homeDomain}`];
  const port = addresses[0]?.port ?? 0;
  const settings: MmtelSettings = {
    homeDomain,
    homeCountry,
    ownHosts: new Set([
      ...hosts,
      ...hosts.map((host) => `${host}:${port}`),
      ...addresses.map(({ address, port: own }) => hostPort(address, own)),
    ]),
  };
  const self = isWildcard(bindAddress) ? `${hosts[0]}:${port}` : hostPort(bindAddress, port);
  const seal = new ContactSeal(options.key, self, random);
  const ports = {
    privateDialogs: new PrivateDialogs(seal, `sip:${self};transport=tcp`, settings.ownHosts),
    ...(documents === undefined ? {} : { documents }),
    clock,
    random,
    observer: observerOf(options),
    calls: options.calls,
    endpoint: () => endpoint,
  };
  const endpoint: SipEndpoint = createEndpoint({
    name: 'mmtel',
    random,
    timers,
    transports,
    resolver: createStaticResolver(options.router ?? {}),
    user: createMmtel(ports, settings),
    onDefect: (error) => logger.error({ err: error }, 'defect in the telephony server'),
  });
  transports.setReceiver(endpoint);
  const targets = targetsAt(addresses);
  return {
    endpoint,
    names: Object.fromEntries(hosts.map((host) => [host, targets])),
    stopAccepting: () => transports.stopAccepting(),
    close: () => transports.close(),
  };
};
