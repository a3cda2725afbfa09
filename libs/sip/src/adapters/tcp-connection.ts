// One TCP or TLS connection as a flow: frames what comes, gathers what is sent in one turn of the event loop into one write, and
// stays for the answers that are owed when the peer can say nothing more. RFC 3261 §18, RFC 5626 §4.4.1. Made by tcp.ts.
import type { Socket } from 'node:net';
import { detached } from '../message/detached.js';
import { isTokenCode } from '../message/scan.js';
import { framingReply } from '../transport/framing-reply.js';
import { SilenceWatch } from '../transport/silence-watch.js';
import { StreamFramer, type FramerSink, type FramingFault } from '../transport/stream-framer.js';
import { type Connection, type Connections, KEEP_ALIVES_WAITING_MAX } from './connections.js';
import {
  deliver, nextConnectionId, tellClosed, tellMalformed, tellSendFailed, type ListenerContext,
} from './listener.js'; // prettier-ignore
import type { StreamKind } from './stream-kind.js';
import { isOfPeer } from './tls/certificate-names.js';

/** What is gathered is written at once when it reaches this. */
const FLUSH_BYTES = 65_536;
/** A peer that does not close its side after our end is cut off after this. */
const CLOSE_GRACE_MS = 2_000;
/**
 * Nothing more can be read (the peer ended its side, or the stream lost its framing): answers to what came before may still
 * go out for this long, as long as a request other than INVITE may take (RFC 3261 §17.2.2, 64 × T1).
 */
export const LINGER_MS = 32_000;
/** INVITEs of one connection whose first 2xx is remembered; a further 2xx to an older one counts as another answer. */
const ACCEPTED_MAX = 32;

export interface TcpPeer {
  readonly localAddress: string;
  readonly localPort: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
  /** The name that the peer's certificate was asked for. */
  readonly serverName?: string | undefined;
}

type Phase = 'connecting' | 'open' | 'lingering' | 'closed';

export class TcpConnection implements Connection, FramerSink {
  readonly transport: 'tcp' | 'tls';
  readonly reliable = true;
  readonly connectionId = nextConnectionId();
  readonly listener: string;
  readonly localAddress: string;
  readonly localPort: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly #serverName: string | undefined;
  quietSweeps = 0;
  incompleteSweeps = 0;
  readonly #framer = new StreamFramer(this);
  #phase: Phase;
  #out = '';
  #flushing = false;
  #heard = false;
  #keepAlivesWaiting = 0;
  /** Requests that came and have no final answer yet. */
  #owed = 0;
  /** Branches of the INVITEs that had a 2xx last: a forked one has several, and each is sent again (RFC 3261 §13.3.1.4). */
  #accepted: Set<string> | undefined;
  #cancelLinger: (() => void) | undefined;
  /** Of a connection made here, where its listener asks for it. */
  readonly #watch: SilenceWatch | undefined;
  #onClosed: (() => void)[] = [];

  constructor(
    private readonly socket: Socket,
    peer: TcpPeer,
    private readonly context: ListenerContext,
    private readonly connections: Connections<TcpConnection>,
    /** Told when an outgoing connection could not be made. */
    private readonly connectFailed?: (connection: TcpConnection) => void,
  ) {
    this.transport = context.transport === 'tls' ? 'tls' : 'tcp';
    this.listener = context.name;
    this.#serverName = peer.serverName;
    this.localAddress = peer.localAddress;
    this.localPort = peer.localPort;
    this.remoteAddress = peer.remoteAddress;
    this.remotePort = peer.remotePort;
    this.#phase = connectFailed ? 'connecting' : 'open';
    // Ours to make: it is for the peer to speak. Theirs: they came to say something.
    this.#heard = connectFailed !== undefined;
    if (connectFailed !== undefined && context.findsSilent === true)
      this.#watch = new SilenceWatch(context.clock, {
        ping: () => this.#queue('\r\n\r\n'),
        silent: () => this.drop('peer is silent'),
      });
    socket.on('data', (chunk: Buffer) => this.#received(chunk));
    // The peer sends nothing more: it still gets the answers that are to come, and then our end.
    socket.on('end', () => this.#linger());
    socket.on('error', (error: NodeJS.ErrnoException) => this.#gone(error.code ?? 'error'));
    socket.on('close', () => this.#socketClosed());
  }

  /** Also while it lingers: no request goes out, and none comes in any more. */
  get closed(): boolean {
    return this.#phase === 'closed' || this.#phase === 'lingering';
  }

  get incomplete(): boolean {
    return !this.#heard || this.#framer.partial;
  }

  /** Did the peer open it? */
  get isAccepted(): boolean {
    return this.connectFailed === undefined;
  }

  /** May a request for that name go out on it? One that is being opened has asked for its own name only. */
  isFor(kind: StreamKind, serverName: string | undefined): boolean {
    return this.#serverName === serverName || (this.#phase === 'open' && kind.isFor(this.socket, serverName));
  }

  isOf(serverName: string): boolean {
    return this.#phase === 'open' && isOfPeer(this.socket, serverName);
  }

  /** The socket is connected: what waited is sent. */
  opened(): void {
    if (this.#phase !== 'connecting') return;
    this.#phase = 'open';
    this.#watch?.opened();
    this.#flush();
  }

  send(message: string): boolean {
    if (this.closed && !(this.#phase === 'lingering' && isResponse(message))) return false;
    const waiting = this.#out.length + this.socket.writableLength;
    if (waiting + message.length > this.context.limits.sendBufferBytesMax) {
      this.drop('peer reads too slowly');
      return false;
    }
    this.context.counters.sent += 1;
    this.context.counters.sentBytes += message.length;
    this.#queue(message);
    this.#watch?.sent();
    if (this.#owed > 0 && isFinal(message)) this.#answered(message);
    return true;
  }

  /** Sends what waits, then ends the connection. */
  close(): void {
    if (this.#phase === 'closed') return;
    const connected = this.#phase !== 'connecting';
    this.#framer.stop();
    if (connected) this.#flush();
    this.#leave();
    if (connected) {
      this.socket.end();
      const cancel = this.context.clock.after(CLOSE_GRACE_MS, () => this.socket.destroy());
      this.whenClosed(cancel);
    } else {
      this.socket.destroy();
    }
  }

  drop(reason: string): void {
    this.#gone(reason);
    this.socket.destroy();
  }

  whenClosed(run: () => void): void {
    if (this.socket.closed) run();
    else this.#onClosed.push(run);
  }

  // ---- FramerSink ----

  message(raw: string): void {
    this.#heard = true;
    this.incompleteSweeps = 0;
    this.connections.spoke(this);
    if (!isResponse(raw) && !raw.startsWith('ACK ')) this.#owed += 1;
    deliver(this.context, raw, this);
  }

  ping(): void {
    this.#heard = true;
    // Two answers to what was asked here are no question.
    if (this.#watch !== undefined) return;
    this.context.counters.keepAlives += 1;
    if (this.socket.writableLength === 0) this.#keepAlivesWaiting = 0;
    else if (++this.#keepAlivesWaiting > KEEP_ALIVES_WAITING_MAX) return this.drop('peer reads too slowly');
    this.#queue('\r\n');
  }

  blank(): void {
    this.#watch?.answered();
  }

  failed(fault: FramingFault, head: string): void {
    const reply = framingReply(fault, head, `f${this.connectionId.toString(36)}`);
    this.#log(fault, 'SIP stream lost its framing');
    tellMalformed(this.context, fault, this);
    if (reply !== undefined) {
      this.#owed += 1;
      this.send(reply);
    }
    this.#linger();
  }

  // ---- the socket ----

  #received(chunk: Buffer): void {
    this.quietSweeps = 0;
    this.#watch?.heard();
    this.#framer.push(chunk.toString('latin1'));
  }

  #queue(text: string): void {
    this.#out += text;
    if (this.#phase === 'connecting') return;
    if (this.#out.length >= FLUSH_BYTES) this.#flush();
    else if (!this.#flushing) {
      this.#flushing = true;
      setImmediate(() => this.#flush());
    }
  }

  #flush(): void {
    this.#flushing = false;
    if (this.#out === '' || this.#phase === 'connecting' || this.#phase === 'closed') return;
    const out = this.#out;
    this.#out = '';
    this.socket.write(out, 'latin1');
  }

  /** Of the peer and the reason alone: what was sent may hold credentials. */
  #log(reason: string, what: string): void {
    this.context.log.debug({ listener: this.listener, peer: this.remoteAddress, reason }, what);
  }

  #answered(message: string): void {
    const branch = acceptedBranch(message);
    if (branch !== undefined) {
      const accepted = (this.#accepted ??= new Set());
      if (accepted.has(branch)) return;
      accepted.add(detached(branch));
      const [oldest] = accepted;
      if (accepted.size > ACCEPTED_MAX) accepted.delete(oldest!);
    }
    this.#owed -= 1;
    if (this.#owed === 0 && this.#phase === 'lingering') this.close();
  }

  /**
   * Nothing more is read: whatever still comes is thrown away (left unread, it would make our end a reset, and that would
   * take answers on their way along). To everybody else the connection is gone; answers that are owed may still leave.
   */
  #linger(): void {
    if (this.closed) return;
    this.#framer.stop();
    if (this.#owed === 0 || this.#phase !== 'open' || !this.connections.linger(this)) return this.close();
    this.#phase = 'lingering';
    this.#cancelLinger = this.context.clock.after(LINGER_MS, () => this.close());
    tellClosed(this.context, this);
  }

  /** The connection is of no use any more: told once, at the first sign of it. */
  #gone(reason: string): void {
    if (this.#phase === 'closed') return;
    const connecting = this.#phase === 'connecting';
    const told = this.#phase === 'lingering';
    const undelivered = this.#out !== '' || this.socket.writableLength > 0;
    this.#framer.stop();
    this.#log(reason, 'SIP connection closed');
    if (connecting) this.connectFailed?.(this);
    this.#end();
    if (connecting || undelivered) tellSendFailed(this.context, this);
    if (!told) tellClosed(this.context, this);
  }

  /** Closed by us: the receiver is told too, so that it has one place to forget the flow. */
  #leave(): void {
    const told = this.#phase === 'lingering';
    this.#end();
    if (!told) tellClosed(this.context, this);
  }

  #end(): void {
    this.#phase = 'closed';
    this.#out = '';
    this.#cancelLinger?.();
    this.#watch?.stop();
    this.connections.remove(this);
  }

  #socketClosed(): void {
    this.#gone('closed');
    for (const run of this.#onClosed.splice(0)) run();
  }
}

/** `SIP/`: no method has a slash. */
const isResponse = (message: string): boolean => message.charCodeAt(3) === 0x2f;

/** `SIP/2.0 2..` and above. */
const isFinal = (message: string): boolean => isResponse(message) && message.charCodeAt(8) >= 0x32;

/** The topmost Via's branch in a 2xx to INVITE, undefined in anything else: read by position, as each answer passes here. */
const acceptedBranch = (message: string): string | undefined => {
  if (message.charCodeAt(8) !== 0x32 || !message.includes(' INVITE\r\n')) return undefined;
  const start = message.indexOf('branch=') + 7;
  if (start < 7) return undefined;
  let end = start;
  while (isTokenCode(message.charCodeAt(end))) end++;
  return message.slice(start, end);
};
