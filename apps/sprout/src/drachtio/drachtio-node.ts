// Where applications written with drachtio-srf attach (docs/application-servers.md): the control port that they connect to, and a
// SIP listener and endpoint of its own beside the router's. Criteria name an application by its tag, `sip:<tag>@drachtio.<home
// domain>`; requests go to it over the same interface as to any application server. Used by sprout-node.ts.
import {
  createControlPort,
  createDrachtioServer,
  DRACHTIO_COUNTS,
  type DrachtioServer,
  type DrachtioSettings,
} from '#libs/drachtio';
import {
  type Clock,
  isLoopback,
  type Logger,
  type Metrics,
  type PeerCheck,
  type Random,
} from '#libs/runtime';
import {
  createEndpoint,
  createTransports,
  hostPort,
  isWildcard,
  type ListenerAddress,
  type ListenerOptions,
  type MemoryHub,
  type NameTable,
  type Resolver,
  type SipEndpoint,
  type TimerWheel,
} from '#libs/sip';
import { targetsAt } from '../mmtel/mmtel-node.js';

const LISTENER = 'drachtio';
const LOOPBACK = '127.0.0.1';

export type DrachtioNodeOptions = Readonly<{
  homeDomain: string;
  bindAddress: string;
  /** Of the control protocol. */
  port: number;
  secret: string;
  sipPort: number;
  /** Finds the router's names, and others'. */
  resolver: Resolver;
  clock: Clock;
  random: Random;
  logger: Logger;
  metrics: Metrics;
  timers: TimerWheel;
  peers: PeerCheck;
  hub?: MemoryHub;
}>;

export interface DrachtioNode {
  readonly endpoint: SipEndpoint;
  readonly controlPort: number;
  /** Where the names in filter criteria lead: for the router's resolver. */
  readonly names: NameTable;
  stopAccepting(): void;
  close(): Promise<void>;
}

/** Without a secret whoever can connect is an application: then only this machine can. */
export const controlHost = ({
  bindAddress,
  secret,
}: Pick<DrachtioNodeOptions, 'bindAddress' | 'secret'>): string =>
  secret === '' && !isLoopback(bindAddress) ? LOOPBACK : bindAddress;

const settingsOf = (
  options: DrachtioNodeOptions,
  addresses: readonly ListenerAddress[],
): DrachtioSettings => {
  const { homeDomain, bindAddress, secret } = options;
  const name = `drachtio.${homeDomain}`;
  const port = addresses[0]?.port ?? 0;
  const host = isWildcard(bindAddress) ? name : bindAddress;
  const own = addresses.map(({ address, port: bound }) => hostPort(address, bound));
  return {
    homeDomain,
    ownHosts: new Set([name, `${name}:${port}`, hostPort(host, port), ...own]),
    address: { host, port, hostPort: hostPort(host, port) },
    listener: LISTENER,
    hostports: addresses.map(({ transport }) => `${transport}/${hostPort(host, port)}`).join(','),
    secret,
  };
};

const showMetrics = (metrics: Metrics, server: () => DrachtioServer) => {
  metrics.gauge('drachtio_applications', 'Applications that are attached', () => server().attached);
  metrics.gauge('drachtio_dialogs', 'Live dialogs of applications', () => server().dialogs);
  return metrics.counters(
    'drachtio_events_total',
    'What the control port did, by kind',
    'kind',
    DRACHTIO_COUNTS,
  );
};

/** Starts listening; resolves when both ports are bound. */
export const startDrachtio = async (options: DrachtioNodeOptions): Promise<DrachtioNode> => {
  const { bindAddress, sipPort, clock, random, logger, metrics, timers, peers, hub, resolver } = options;
  const listener = { name: LISTENER, address: bindAddress, port: sipPort, allowPeer: peers };
  const listeners: ListenerOptions[] = [
    { ...listener, transport: 'tcp' },
    { ...listener, transport: 'udp' },
  ];
  const transports = createTransports({
    listeners,
    clock,
    log: logger,
    ...(hub === undefined ? {} : { hub }),
  });
  await transports.listen();
  const addresses = transports.addresses();
  const settings = settingsOf(options, addresses);
  const counts = showMetrics(metrics, () => server);
  const server = createDrachtioServer(
    { clock, random, count: (kind) => (counts[kind].n += 1), endpoint: () => endpoint },
    settings,
  );
  const endpoint: SipEndpoint = createEndpoint({
    name: LISTENER,
    random,
    timers,
    transports,
    resolver,
    user: server,
    proxyRequire: 'any',
    onDefect: (error) => logger.error({ err: error }, 'defect in the server of applications'),
  });
  transports.setReceiver(endpoint);
  const host = controlHost(options);
  const control = await createControlPort({
    host,
    port: options.port,
    allowPeer: peers,
    server,
    log: logger,
  });
  return {
    endpoint,
    controlPort: control.port,
    names: { [`drachtio.${options.homeDomain}`]: targetsAt(addresses) },
    stopAccepting() {
      control.stopAccepting();
      transports.stopAccepting();
    },
    async close() {
      await control.close();
      await transports.close();
    },
  };
};
