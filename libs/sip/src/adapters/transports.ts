// All transports of one SIP node behind the port: its listeners, the flows they make, and the way round the network
// for nodes of the same process. RFC 3261 §18, RFC 3263 §4.1 (size). Made by each app; readers: the endpoint, bono.
import { networkInterfaces } from 'node:os';
import type { Clock } from '#libs/runtime';
import type { FlowReference } from '../transport/flow-token.js';
import { canonicalIp, familyOf, hostPort, isWildcard } from '../fields/ip-address.js';
import type { Flow, Target, TransportName, TransportReceiver } from '../transport/transport.port.js';
import {
  DEFAULT_LIMITS, newCounters,
  type Listener, type ListenerContext, type ListenerCounters, type ReceiverSlot,
} from './listener.js'; // prettier-ignore
import type { HubEnd, MemoryHub } from './memory-hub.js';
import { MemoryListener } from './memory-listener.js';
import { TcpListener } from './tcp.js';
import type { TlsOptions } from './tls/tls-options.js';
import { tlsStream } from './tls/tls-stream.js';
import { UdpListener } from './udp.js';
import type {
  ListenerAddress,
  ListenerOptions,
  NodeTransports,
  TransportsOptions,
} from './transports.options.js';
import { PROBE_KEY_BYTES } from './wait-probe.js';
import { WsListener } from './ws.js';

/** RFC 3261 §18.1.1: larger requests go over a congestion-controlled transport. */
export const UDP_REQUEST_BYTES_MAX = 1_300;
/** Peers known not to take TCP are remembered so long, and so many of them; the oldest are forgotten first. */
export const NO_STREAM_MS = 60_000;
export const NO_STREAM_PEERS_MAX = 4_096;
/** Flows to other nodes of this process kept at hand; the next one takes the place of the oldest. */
const RECENT_FLOWS_MAX = 4;
/** Tries to find one free port for UDP and TCP together. */
const PORT_PAIR_ATTEMPTS_MAX = 20;

type Entry = { options: ListenerOptions; listener: Listener; end: HubEnd | undefined; sentBy: string };

export const createTransports = (options: TransportsOptions): NodeTransports => new SocketTransports(options);

class SocketTransports implements NodeTransports {
  readonly #receiver: ReceiverSlot;
  readonly #entries: Entry[];
  readonly #hub: MemoryHub | undefined;
  readonly #clock: Clock;
  readonly #probeKey: Buffer | undefined;
  /** "address port" → when to try TCP again. Insertion order is age. */
  readonly #noStream = new Map<string, number>();
  readonly #leaveHub: (() => void)[] = [];
  #addresses: readonly ListenerAddress[] = [];
  /** Flows inside this process, found without a key. */
  readonly #recent: { target: Target; listener: string; flow: Flow }[] = [];
  #nextRecent = 0;

  constructor(options: TransportsOptions) {
    this.#receiver = { current: options.receiver ?? NO_RECEIVER };
    this.#hub = options.hub;
    this.#clock = options.clock;
    this.#probeKey = options.random?.bytes(PROBE_KEY_BYTES);
    this.#entries = options.listeners.map((listener) => ({
      options: listener,
      listener: this.#makeListener(listener, options),
      end: undefined,
      sentBy: listener.sentBy ?? '',
    }));
  }

  setReceiver(receiver: TransportReceiver): void {
    this.#receiver.current = receiver;
  }

  async listen(): Promise<void> {
    try {
      for (const entry of this.#entries) {
        if (entry.listener.port !== 0) continue; // bound with the first of its name
        await this.#listenTogether(this.#entries.filter((other) => sharesPort(entry, other)));
      }
    } catch (error) {
      await this.close();
      throw error;
    }
    for (const entry of this.#entries) this.#announce(entry);
    this.#addresses = this.#entries.map(({ options: { name, transport, address }, listener, sentBy }) => ({
      name, transport, address, port: listener.port, sentBy,
    })); // prettier-ignore
  }

  flowTo(target: Target, listener: string): Flow | undefined {
    // The resolver gives the same object for the same host: nearly every request goes to one of a few.
    for (const recent of this.#recent)
      if (recent.target === target && recent.listener === listener && !recent.flow.closed) return recent.flow;
    const entry = this.#find(listener, target.transport, familyOf(target.address));
    if (!entry) return undefined;
    const flow = entry.end && this.#hub?.connect(entry.end, target.address, target.port);
    if (flow === undefined) return entry.listener.flowTo(target.address, target.port, target.serverName);
    // A connection says when it is over; a datagram's other end may be another one by now.
    if (flow.reliable) this.#recent[this.#nextRecent++ % RECENT_FLOWS_MAX] = { target, listener, flow };
    return flow;
  }

  preferStream(messageBytes: number, target: Target, listener: string): Target {
    if (target.transport !== 'udp' || messageBytes <= UDP_REQUEST_BYTES_MAX) return target;
    if (!this.#find(listener, 'tcp', familyOf(target.address))) return target;
    const key = `${target.address} ${target.port}`;
    const until = this.#noStream.get(key);
    if (until !== undefined) {
      if (until > this.#clock.monotonicMs()) return target;
      this.#noStream.delete(key);
    }
    return { transport: 'tcp', address: target.address, port: target.port };
  }

  sentBy(flow: Flow): string {
    return this.#find(flow.listener, flow.transport, familyOf(flow.localAddress))?.sentBy
      ?? hostPort(flow.localAddress, flow.localPort); // prettier-ignore
  }

  addresses(): readonly ListenerAddress[] {
    return this.#addresses;
  }

  flowOf(reference: FlowReference): Flow | undefined {
    const { transport, listener, localPort, remoteAddress, remotePort, connectionId } = reference;
    const entry = this.#entries[listener];
    if (!entry || entry.options.transport !== transport) return undefined;
    if (transport === 'udp') {
      if (entry.listener.port !== localPort) return undefined;
      if (familyOf(remoteAddress) !== familyOf(entry.options.address)) return undefined;
      const inMemory = entry.end && this.#hub?.connect(entry.end, remoteAddress, remotePort);
      return inMemory ?? entry.listener.flowTo(remoteAddress, remotePort);
    }
    const flow =
      entry.listener.flowById(connectionId) ?? (entry.end && this.#hub?.flowById(entry.end, connectionId));
    if (!flow || flow.closed) return undefined;
    return flow.remoteAddress === remoteAddress && flow.remotePort === remotePort ? flow : undefined;
  }

  waitMs(): number {
    let longest = 0;
    for (const { listener } of this.#entries) longest = Math.max(longest, listener.waitMs?.() ?? 0);
    return longest;
  }

  probeAstray(name: string): void {
    for (const { listener } of this.#entries) if (listener.context.name === name) listener.probeAstray?.();
  }

  stopAccepting(): void {
    for (const { listener } of this.#entries) listener.stopAccepting();
  }

  async close(): Promise<void> {
    for (const leave of this.#leaveHub.splice(0)) leave();
    await Promise.all(this.#entries.map(({ listener }) => listener.close()));
  }

  counters(): readonly { name: string; transport: TransportName; counters: Readonly<ListenerCounters> }[] {
    return this.#entries.map(({ options: { name, transport }, listener }) => ({
      name, transport, counters: listener.context.counters,
    })); // prettier-ignore
  }

  #makeListener(options: ListenerOptions, { clock, log, limits, random }: TransportsOptions): Listener {
    const address = canonicalIp(options.address);
    if (address === undefined)
      throw new Error(`listener ${options.name}: '${options.address}' is no IP address`);
    const context: ListenerContext = {
      name: options.name,
      transport: options.transport,
      address,
      receiver: this.#receiver,
      counters: newCounters(),
      limits: { ...DEFAULT_LIMITS, ...limits },
      clock,
      log,
      allowPeer: options.allowPeer,
      probeKey: this.#probeKey,
      fraction: random === undefined ? undefined : () => random.fraction(),
      shared: options.shared,
      connectionsToPeer: options.connectionsToPeer,
      findsSilent: options.findsSilent,
    };
    if (options.memoryOnly) return new MemoryListener(context);
    if (options.transport === 'udp') return new UdpListener(context);
    if (options.transport === 'ws') return new WsListener(context, options.allowOrigin);
    if (options.transport === 'wss') return new WsListener(context, options.allowOrigin, tlsOf(options));
    if (options.transport === 'tls')
      return new TcpListener(context, undefined, tlsStream(tlsOf(options), context));
    return new TcpListener(context, (peer, port) => this.#rememberNoStream(`${peer} ${port}`));
  }

  /** Binds listeners that share one port; where 0 was asked, another is tried while it is free for only some of them. */
  async #listenTogether(entries: readonly Entry[]): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      let port = entries[0]!.options.port;
      try {
        for (const { listener } of entries) {
          await listener.listen(port);
          port = listener.port;
        }
        return;
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        const retry =
          code === 'EADDRINUSE' && entries[0]!.options.port === 0 && attempt < PORT_PAIR_ATTEMPTS_MAX;
        if (!retry) throw new Error(describe(entries, code), { cause: error });
        for (const { listener } of entries) await listener.close();
      }
    }
  }

  #announce(entry: Entry): void {
    const { options, listener } = entry;
    const address = isWildcard(listener.context.address)
      ? localAddresses(listener.context.address)[0]!
      : listener.context.address;
    if (options.sentBy === undefined) entry.sentBy = hostPort(address, listener.port);
    if (!this.#hub || (options.transport !== 'tcp' && !options.memoryOnly)) return;
    entry.end = { context: listener.context, address, port: listener.port };
    const reachableAt = isWildcard(listener.context.address)
      ? localAddresses(listener.context.address)
      : [address];
    this.#leaveHub.push(this.#hub.listen(entry.end, reachableAt));
  }

  #find(name: string, transport: TransportName, family: 4 | 6): Entry | undefined {
    // A handful of listeners: a loop is quicker than building a key.
    for (const entry of this.#entries) {
      const { context } = entry.listener;
      if (context.name === name && context.transport === transport && familyOf(context.address) === family)
        return entry;
    }
    return undefined;
  }

  #rememberNoStream(peer: string): void {
    if (this.#noStream.size >= NO_STREAM_PEERS_MAX)
      this.#noStream.delete(this.#noStream.keys().next().value!);
    this.#noStream.delete(peer);
    this.#noStream.set(peer, this.#clock.monotonicMs() + NO_STREAM_MS);
  }
}

const sharesPort = (one: Entry, other: Entry): boolean =>
  one === other ||
  (one.options.name === other.options.name &&
    one.options.address === other.options.address &&
    one.options.port === 0 &&
    other.options.port === 0 &&
    PAIRED.has(one.options.transport) &&
    PAIRED.has(other.options.transport));

/** RFC 3261 §18.1.1: what goes over UDP and TCP is served at one port. */
const PAIRED: ReadonlySet<TransportName> = new Set(['udp', 'tcp']);

const tlsOf = ({ name, transport, tls }: ListenerOptions): TlsOptions => {
  if (tls === undefined) throw new Error(`listener ${name}: ${transport} needs a certificate`);
  return tls;
};

const describe = (entries: readonly Entry[], code: string | undefined): string => {
  const { name, transport, address, port } = entries[0]!.options;
  return `cannot listen on ${transport} ${hostPort(address, port)} (${name}): ${code ?? 'unknown error'}`;
};

/** Addresses of this host in the wildcard's family, those of real interfaces first. */
const localAddresses = (wildcard: string): readonly string[] => {
  const family = familyOf(wildcard) === 6 ? 'IPv6' : 'IPv4';
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  const usable = all.filter((one) => one.family === family && !one.address.startsWith('fe80'));
  const sorted = [...usable]
    .sort((a, b) => Number(a.internal) - Number(b.internal))
    .map(({ address }) => address);
  return sorted.length > 0 ? sorted : [family === 'IPv6' ? '::1' : '127.0.0.1'];
};

/** Until the endpoint is there, input is dropped. */
const NO_RECEIVER: TransportReceiver = { message: () => {}, flowClosed: () => {}, sendFailed: () => {} };
