// A Diameter node: its peers, the requests it sends and the requests it serves. What programs use: createDiameterNode, `request` (a
// promise with what became of it), `handle`, `listen`. RFC 6733 §2, §6. Sockets, clock and chance come in as ports.
import type { Clock, Random } from '#libs/runtime';
import { FLAG } from '../codec/header.js';
import { type Application, commandByShort, type RequestShort } from '../dictionary/dictionary.js';
import type { Strictness } from '../message/check-message.js';
import { type Body, CannotWriteError, writeMessage } from '../message/write-message.js';
import type { LocalNode, RemoteCapabilities } from '../peer/capabilities.js';
import { createIds, type Ids } from '../peer/ids.js';
import { type Peer, type PeerTiming, USUAL_TIMING } from '../peer/peer.js';
import { CAUSE } from '../peer/peer-messages.js';
import type { DiameterTransport, Listening, PeerAddress } from '../peer/transport.port.js';
import { createIncoming } from './incoming.js';
import { createPeerTable, type PeerConfig, type PeerTableOptions } from './peer-table.js';
import { createRequests, type Outcome } from './requests.js';
import { candidates, type Destination, type Route } from './routing.js';
import { createServer, type Handler } from './serve.js';

export const TIMEOUT_MS = 2_000;
export const TRIES_MAX = 2;

export type NodeOptions = Readonly<{
  /** Origin-Host, unique a node, and Origin-Realm. */
  host: string;
  realm: string;
  productName?: string;
  vendorId?: number;
  addresses?: readonly string[];
  applications: readonly Application[];
  peers?: readonly PeerConfig[];
  /** Without one every configured peer, in order, for any realm. */
  routes?: readonly Route[];
  /** Who else may connect; by default nobody. */
  welcome?: (remote: RemoteCapabilities) => boolean;
  timing?: Partial<PeerTiming>;
  strictness?: Strictness;
  transport: DiameterTransport;
  clock: Clock;
  random: Random;
  /** For a log: peers that come and go, what is refused. */
  told?: (what: string) => void;
  /** Faults of ours. */
  failed?: (what: string, error: unknown) => void;
}>;

export type RequestOptions = Readonly<{
  /** Of one try; 2 s. */
  timeoutMs?: number;
  /** Peers that are tried one after another; 2. */
  triesMax?: number;
  /** These peers in order, instead of the routing table. */
  through?: readonly string[];
  /** It was sent before, by this node or another: the T flag. */
  isRetransmitted?: boolean;
}>;

export type PeerStatus = Readonly<{ host: string; state: string; watchdog: string; isTrusted: boolean; waiting: number; product: string }>; // prettier-ignore

export interface DiameterNode {
  /** Calls the configured peers. */
  start(): void;
  listen(at: PeerAddress): Promise<Listening>;
  /** Session-Id, origin, Destination-Realm, application and Auth-Session-State are filled in where they are not given. */
  request(short: RequestShort, body: Body, options?: RequestOptions): Promise<Outcome>;
  handle(short: RequestShort, handler: Handler): void;
  sessionId(): string;
  peers(): readonly PeerStatus[];
  /** Resolves when one is trusted; false when none was in time. */
  whenUp(timeoutMs: number): Promise<boolean>;
  readonly answers: ReadonlyMap<string, number>;
  /** Says good-bye to all, waits for it at most `closeMs` of the timing, then is gone. */
  stop(cause?: number): Promise<void>;
}

const CX_STATELESS = 1;

/** What every request has; the caller's own fields win, and keep their places behind. */
const around = (local: LocalNode, application: Application, sessionId: () => string, body: Body): Body => {
  const { id, vendorId, kind } = application;
  const isAuth = kind === 'auth';
  return {
    'Session-Id': body['Session-Id'] ?? sessionId(),
    ...(isAuth && {
      'Vendor-Specific-Application-Id': { 'Vendor-Id': vendorId, 'Auth-Application-Id': id },
      'Auth-Session-State': CX_STATELESS,
    }),
    'Origin-Host': local.host,
    'Origin-Realm': local.realm,
    'Destination-Host': body['Destination-Host'],
    'Destination-Realm': local.realm,
    ...(!isAuth && { 'Acct-Application-Id': id }),
    ...body,
  };
};

const localOf = (options: NodeOptions): LocalNode => ({
  host: options.host,
  realm: options.realm,
  addresses: options.addresses ?? ['127.0.0.1'],
  vendorId: options.vendorId ?? 0,
  productName: options.productName ?? 'Clearwater',
  applications: options.applications,
  originStateId: Math.floor(options.clock.nowMs() / 1000),
});

type Written = Readonly<{ bytes: Buffer; flags: number; destination: Destination }>;

/** Written once; another peer gets the same bytes under another hop-by-hop id. */
const writeRequest = (
  { local, ids }: Readonly<{ local: LocalNode; ids: Ids }>,
  short: RequestShort,
  body: Body,
  { through, isRetransmitted = false }: RequestOptions,
): Written | { detail: string } => {
  const { code, applicationId, isProxiable } = commandByShort(short);
  const application = local.applications.find(({ id }) => id === applicationId);
  if (!application) return { detail: `${short} is of no application of this node` };
  const flags =
    FLAG.request | (isProxiable ? FLAG.proxiable : 0) | (isRetransmitted ? FLAG.retransmitted : 0);
  const full = around(local, application, () => ids.session(local.host), body);
  const header = { flags, command: code, applicationId, hopByHop: 0, endToEnd: ids.endToEnd() };
  try {
    const realm = full['Destination-Realm'] as string;
    const host = full['Destination-Host'] as string | undefined;
    return { bytes: writeMessage(header, full), flags, destination: { applicationId, realm, host, through } };
  } catch (error) {
    if (error instanceof CannotWriteError || error instanceof RangeError) return { detail: error.message };
    throw error;
  }
};

export const createDiameterNode = (options: NodeOptions): DiameterNode => {
  const { clock, random, transport, told = () => undefined, failed = () => undefined } = options;
  const local = localOf(options);
  const ids = createIds(clock, random);
  const timing = { ...USUAL_TIMING, ...options.timing };
  const configured = options.peers ?? [];
  const routes = options.routes ?? [{ realm: '*', peers: configured.map(({ host }) => host) }];
  const listening: Listening[] = [];
  const requests = createRequests(clock, ids);
  const server = createServer({ local, strictness: options.strictness ?? {}, failed });
  const ports = { clock, random, ids, connect: transport.connect.bind(transport) };
  const sink: PeerTableOptions['sink'] = {
    failover: (peer) => requests.failover(peer, !peer.isOpen),
    closed: (peer) => requests.failover(peer, true),
    request: (peer, link, message, fault) =>
      server.serve({ peer: peer.host, realm: peer.remote?.realm ?? '' }, link, message, fault),
    answer: (peer, message) => {
      if (!requests.answered(peer, message)) told(`${peer.host}: an answer that nobody waits for`);
    },
    told: (peer, what) => told(`${peer.host}: ${what}`),
  };
  const welcome = options.welcome ?? (() => false);
  const table = createPeerTable({ configured, welcome, local, timing, ports, sink }, clock);
  const incoming = createIncoming({
    local,
    clock,
    isWelcome: (remote) => table.isWelcome(remote),
    accepted: (link, cer, remote) => table.of(remote).accept(link, cer, remote),
    told,
  });
  const all = (): readonly Peer[] => [...table.peers.values()];

  return {
    start: () => {
      for (const peer of all()) if (peer.address) peer.start();
    },
    async listen(at) {
      const made = await transport.listen(at, (connection) => incoming.accept(connection));
      listening.push(made);
      return made;
    },
    async request(short, body, choices = {}) {
      const written = writeRequest({ local, ids }, short, body, choices);
      if ('detail' in written) return { kind: 'not-sent', reason: 'cannot-write', detail: written.detail };
      const { bytes, flags, destination } = written;
      const { timeoutMs = TIMEOUT_MS, triesMax = TRIES_MAX } = choices;
      const possible = () => candidates(table.peers, routes, destination);
      return requests.send({ bytes, flags, candidates: possible, timeoutMs, triesMax });
    },
    handle: (short, handler) => server.handle(short, handler),
    sessionId: () => ids.session(local.host),
    peers: () => all().map(statusOf),
    whenUp: (timeoutMs) => table.until(() => all().some(({ isTrusted }) => isTrusted), timeoutMs),
    answers: server.counts,
    async stop(cause = CAUSE.REBOOTING) {
      const closed = listening.map((one) => one.close());
      incoming.stop();
      for (const peer of all()) peer.stop(cause);
      await table.until(() => all().every(({ state }) => state === 'Closed'), 2 * timing.closeMs);
      requests.stop();
      await Promise.all(closed);
    },
  };
};

const statusOf = (peer: Peer): PeerStatus => ({
  host: peer.host,
  state: peer.state,
  watchdog: peer.status,
  isTrusted: peer.isTrusted,
  waiting: peer.waiting,
  product: peer.remote?.productName ?? '',
});
