// SIP over UDP: one socket an address, one cached Flow a peer (RFC 3261 §18, RFC 5626 §8 for STUN keep-alives).
// Reader: transports.ts.
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { familyOf, isWildcard } from '../fields/ip-address.js';
import { answerBinding, looksLikeStun } from '../transport/stun.js';
import type { Flow } from '../transport/transport.port.js';
import { deliver, tellSendFailed, type Listener, type ListenerContext } from './listener.js';
import { Outbox } from './outbox.js';
import { PROBE_MARK, proberOf, WaitProbe } from './wait-probe.js';

/** Flow objects kept for reuse; at the bound the older half is forgotten, which loses nothing: a flow is its addresses. */
export const UDP_FLOWS_MAX = 65_536;
export const UDP_PAYLOAD_BYTES_MAX = 65_507;
/** Bytes that the kernel has not taken yet; over this, sends are refused until it has. */
export const UDP_SEND_QUEUE_BYTES_MAX = 16_777_216;
const SOCKET_BUFFER_BYTES = 4_194_304;
/** How often the send queue is looked at: a look costs as much as a tenth of a send. */
const SENDS_BETWEEN_LOOKS = 64;

const CR = 13;
const LF = 10;
/** `SIP/2.0 …`: no method has a slash there. */
const RESPONSE_SLASH = 3;
const SLASH = 47;

class UdpFlow implements Flow {
  readonly transport = 'udp';
  readonly reliable = false;
  readonly connectionId = 0;
  readonly closed = false;

  constructor(
    readonly listener: string,
    readonly localAddress: string,
    readonly localPort: number,
    readonly remoteAddress: string,
    readonly remotePort: number,
    private readonly socket: UdpListener,
  ) {}

  send(message: string): boolean {
    return this.socket.send(message, this.remoteAddress, this.remotePort);
  }

  close(): void {}
}

/** A cache of two generations: looking up costs one Map read, and forgetting needs no list of uses. */
class FlowCache {
  #young = new Map<string, UdpFlow>();
  #old = new Map<string, UdpFlow>();

  constructor(private readonly flowsMax: number) {}

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  get(key: string): UdpFlow | undefined {
    const flow = this.#young.get(key);
    if (flow) return flow;
    const older = this.#old.get(key);
    if (older) {
      this.#old.delete(key);
      this.set(key, older);
    }
    return older;
  }

  set(key: string, flow: UdpFlow): void {
    if (this.#young.size >= this.flowsMax / 2) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, flow);
  }
}

export class UdpListener implements Listener {
  port = 0;
  readonly #flows: FlowCache;
  #socket: Socket | undefined;
  #probe: WaitProbe | undefined;
  /** Where probes come from, on a shared port. */
  #lure: Socket | undefined;
  readonly #outbox = new Outbox((message, address, port) => this.#post(message, address, port));
  #sends = 0;
  #congested = false;

  constructor(
    readonly context: ListenerContext,
    flowsMax = UDP_FLOWS_MAX,
  ) {
    this.#flows = new FlowCache(flowsMax);
  }

  /** For tests and metrics. */
  get cachedFlows(): number {
    return this.#flows.size;
  }

  async listen(port: number): Promise<void> {
    const { address } = this.context;
    const family = familyOf(address);
    const socket = createSocket({
      type: family === 6 ? 'udp6' : 'udp4',
      ipv6Only: family === 6,
      reusePort: this.context.shared !== undefined,
      // Addresses only ever: dgram's own look-up costs 0.7–1 µs a packet even for those.
      lookup: (host, _options, done) => done(null, host, family),
    });
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind(port, address, () => {
        socket.off('error', reject);
        resolve();
      });
    });
    this.port = socket.address().port;
    this.#socket = socket;
    const { clock, shared } = this.context;
    const probeKey = shared
      ? Buffer.concat([shared.probeKey, Buffer.of(shared.worker)])
      : this.context.probeKey;
    if (probeKey) this.#probe = new WaitProbe(clock, probeKey, (bytes) => this.#toItself(bytes));
    enlargeBuffers(socket);
    socket.on('error', (error: NodeJS.ErrnoException & { address?: string; port?: number }) =>
      this.#failed(error),
    );
    socket.on('message', (datagram, peer) => this.#received(datagram, peer));
  }

  flowTo(address: string, port: number): Flow {
    const key = address + ' ' + port;
    return this.#flows.get(key) ?? this.#newFlow(key, address, port);
  }

  flowById(_connectionId: number): undefined {
    return undefined;
  }

  send(message: string, address: string, port: number): boolean {
    const { counters } = this.context;
    const socket = this.#socket;
    if (!socket || port === 0 || message.length > UDP_PAYLOAD_BYTES_MAX) return false;
    if (++this.#sends % SENDS_BETWEEN_LOOKS === 0 || this.#congested)
      this.#congested = socket.getSendQueueSize() > UDP_SEND_QUEUE_BYTES_MAX;
    if (this.#congested) {
      counters.dropped += 1;
      return false;
    }
    counters.sent += 1;
    counters.sentBytes += message.length;
    this.#outbox.add(message, address, port);
    return true;
  }

  waitMs(): number {
    return this.#probe?.look() ?? 0;
  }

  probeAstray(): void {
    this.#lure?.close();
    this.#lure = undefined;
    this.#probe?.forget();
  }

  /** UDP has nothing to accept: requests go on being answered, by 503 where the application drains. */
  stopAccepting(): void {}

  async close(): Promise<void> {
    this.#outbox.flush();
    this.#lure?.close();
    this.#lure = undefined;
    const socket = this.#socket;
    this.#socket = undefined;
    if (socket) await new Promise<void>((resolve) => socket.close(() => resolve()));
  }

  #post(message: string, address: string, port: number): void {
    const bytes = Buffer.from(message, 'latin1');
    // Errors are told to a callback only, which costs a twentieth of a send; nobody could act on a response's.
    try {
      if (message.charCodeAt(RESPONSE_SLASH) === SLASH) this.#socket?.send(bytes, port, address);
      else this.#socket?.send(bytes, port, address, this.#sent);
    } catch (error) {
      // What Node refuses costs this message only; told later, as whoever hears of it may send.
      process.nextTick(this.#failed, error);
    }
  }

  #received(datagram: Buffer, peer: RemoteInfo): void {
    const { counters, allowPeer } = this.context;
    const first = datagram[0];
    if (first === PROBE_MARK && this.#tookProbe(datagram)) return;
    // Nobody can be answered at port 0: such a source is forged.
    if (peer.port === 0 || (allowPeer && !allowPeer(peer.address))) {
      counters.dropped += 1;
      return;
    }
    // Below the letters: a keep-alive of some kind, or nothing that SIP begins with.
    if (first === undefined || first <= 0x20) {
      if (first !== CR && first !== LF) return this.#notSip(datagram, peer);
      const start = skipBlank(datagram);
      // RFC 5626 §4.4.1 forbids CRLF keep-alive over UDP; phones send it all the same to hold a NAT's binding open,
      // and expect no answer.
      if (start === datagram.length) counters.keepAlives += 1;
      else deliver(this.context, datagram.toString('latin1', start), this.flowTo(peer.address, peer.port));
      return;
    }
    deliver(this.context, datagram.toString('latin1'), this.flowTo(peer.address, peer.port));
  }

  /** From the socket to itself, past all that waits to be sent. */
  #toItself(bytes: Buffer): void {
    const { address } = this.context;
    const own = isWildcard(address) ? (familyOf(address) === 6 ? '::1' : '127.0.0.1') : address;
    // Who is told of errors has them; one that is lost is known by not coming.
    const from = this.context.shared === undefined ? this.#socket : this.#lureOf(familyOf(address) === 6);
    from?.send(bytes, this.port, own, () => undefined);
  }

  /**
   * What this socket sends to a port that it shares goes to whichever process the kernel picks for the two addresses. So probes come
   * from a port of their own, which is changed until it leads here (probeAstray).
   */
  #lureOf(isSix: boolean): Socket {
    if (this.#lure === undefined) {
      this.#lure = createSocket({ type: isSix ? 'udp6' : 'udp4' });
      this.#lure.on('error', () => undefined);
      this.#lure.unref();
    }
    return this.#lure;
  }

  #tookProbe(datagram: Buffer): boolean {
    if (this.#probe?.took(datagram)) return true;
    const { shared, name } = this.context;
    const worker = shared && proberOf(datagram, shared.probeKey);
    if (shared && worker !== undefined && worker !== shared.worker) shared.astray(worker, name);
    return worker !== undefined;
  }

  #notSip(datagram: Buffer, peer: RemoteInfo): void {
    const answer = looksLikeStun(datagram) ? answerBinding(datagram, peer.address, peer.port) : undefined;
    if (!answer) {
      this.context.counters.dropped += 1;
      return;
    }
    this.context.counters.keepAlives += 1;
    this.#socket?.send(answer, peer.port, peer.address);
  }

  /** One function for all sends: the errors carry the peer's address. */
  readonly #sent = (error: Error | null): void => {
    if (error) this.#failed(error);
  };

  #newFlow(key: string, address: string, port: number): UdpFlow {
    const flow = new UdpFlow(this.context.name, this.context.address, this.port, address, port, this);
    this.#flows.set(key, flow);
    return flow;
  }

  /** Send errors carry the peer's address (network unreachable, not permitted, …); others are the socket's own. */
  readonly #failed = (error: NodeJS.ErrnoException & { address?: string; port?: number }): void => {
    if (error.address !== undefined && error.port !== undefined) {
      tellSendFailed(this.context, this.flowTo(error.address, error.port));
      return;
    }
    this.context.log.warn({ err: error, listener: this.context.name }, 'UDP socket error');
  };
}

/** As large as the system lets them be. */
const enlargeBuffers = (socket: Socket): void => {
  for (const set of ['setRecvBufferSize', 'setSendBufferSize'] as const) {
    for (let bytes = SOCKET_BUFFER_BYTES; bytes >= 262_144; bytes /= 2) {
      try {
        socket[set](bytes);
        break;
      } catch {
        // The next smaller size.
      }
    }
  }
};

const skipBlank = (datagram: Buffer): number => {
  let at = 0;
  while (datagram[at] === CR || datagram[at] === LF) at++;
  return at;
};
