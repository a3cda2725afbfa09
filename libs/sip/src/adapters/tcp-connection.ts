// One TCP connection as a flow: frames what comes, and gathers what is sent in one turn of the event loop into one
// write. RFC 3261 §18, RFC 5626 §4.4.1 (pong). Made by tcp.ts.
import type { Socket } from 'node:net';
import { framingReply } from '../transport/framing-reply.js';
import { StreamFramer, type FramerSink, type FramingFault } from '../transport/stream-framer.js';
import type { Connections, Connection } from './connections.js';
import {
  deliver, nextConnectionId, tellClosed, tellMalformed, tellSendFailed, type ListenerContext,
} from './listener.js'; // prettier-ignore

/** What is gathered is written at once when it reaches this. */
const FLUSH_BYTES = 65_536;
/** A peer that does not close its side after our end is cut off after this. */
const CLOSE_GRACE_MS = 2_000;

export interface TcpPeer {
  readonly localAddress: string;
  readonly localPort: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
}

type Phase = 'connecting' | 'open' | 'closed';

export class TcpConnection implements Connection, FramerSink {
  readonly transport = 'tcp';
  readonly reliable = true;
  readonly connectionId = nextConnectionId();
  readonly listener: string;
  readonly localAddress: string;
  readonly localPort: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
  quietSweeps = 0;
  readonly #framer = new StreamFramer(this);
  #phase: Phase;
  #out = '';
  #flushing = false;
  #heard = false;
  #onClosed: (() => void)[] = [];

  constructor(
    private readonly socket: Socket,
    peer: TcpPeer,
    private readonly context: ListenerContext,
    private readonly connections: Connections<TcpConnection>,
    /** Told when an outgoing connection could not be made. */
    private readonly connectFailed?: (connection: TcpConnection) => void,
  ) {
    this.listener = context.name;
    this.localAddress = peer.localAddress;
    this.localPort = peer.localPort;
    this.remoteAddress = peer.remoteAddress;
    this.remotePort = peer.remotePort;
    this.#phase = connectFailed ? 'connecting' : 'open';
    // Ours to make: it is for the peer to speak. Theirs: they came to say something.
    this.#heard = connectFailed !== undefined;
    socket.on('data', (chunk: Buffer) => this.#received(chunk));
    // The peer sends nothing more: it still gets what is on its way, and then our end.
    socket.on('end', () => this.close());
    socket.on('error', (error: NodeJS.ErrnoException) => this.#gone(error.code ?? 'error'));
    socket.on('close', () => this.#socketClosed());
  }

  get closed(): boolean {
    return this.#phase === 'closed';
  }

  get incomplete(): boolean {
    return !this.#heard || this.#framer.partial;
  }

  /** The socket is connected: what waited is sent. */
  opened(): void {
    if (this.#phase !== 'connecting') return;
    this.#phase = 'open';
    this.#flush();
  }

  send(message: string): boolean {
    if (this.#phase === 'closed') return false;
    const waiting = this.#out.length + this.socket.writableLength;
    if (waiting + message.length > this.context.limits.sendBufferBytesMax) {
      this.drop('peer reads too slowly');
      return false;
    }
    this.context.counters.sent += 1;
    this.context.counters.sentBytes += message.length;
    this.#queue(message);
    return true;
  }

  /** Sends what waits, then ends the connection. */
  close(): void {
    if (this.#phase === 'closed') return;
    const connected = this.#phase === 'open';
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
    deliver(this.context, raw, this);
  }

  ping(): void {
    this.#heard = true;
    this.context.counters.keepAlives += 1;
    this.#queue('\r\n');
  }

  failed(fault: FramingFault, head: string): void {
    const reply = framingReply(fault, head, `f${this.connectionId.toString(36)}`);
    tellMalformed(this.context, fault, this);
    if (this.#phase === 'closed') return;
    if (reply !== undefined) this.send(reply);
    this.close();
  }

  // ---- the socket ----

  #received(chunk: Buffer): void {
    this.quietSweeps = 0;
    this.#framer.push(chunk.toString('latin1'));
  }

  #queue(text: string): void {
    this.#out += text;
    if (this.#phase !== 'open') return;
    if (this.#out.length >= FLUSH_BYTES) this.#flush();
    else if (!this.#flushing) {
      this.#flushing = true;
      setImmediate(() => this.#flush());
    }
  }

  #flush(): void {
    this.#flushing = false;
    if (this.#out === '' || this.#phase !== 'open') return;
    const out = this.#out;
    this.#out = '';
    this.socket.write(out, 'latin1');
  }

  /** The connection is of no use any more: told once, at the first sign of it. */
  #gone(reason: string): void {
    if (this.#phase === 'closed') return;
    const connecting = this.#phase === 'connecting';
    const undelivered = this.#out !== '' || this.socket.writableLength > 0;
    this.#framer.stop();
    this.context.log.debug(
      { listener: this.listener, peer: this.remoteAddress, reason },
      'SIP connection closed',
    );
    if (connecting) this.connectFailed?.(this);
    this.#phase = 'closed';
    this.#out = '';
    this.connections.remove(this);
    if (connecting || undelivered) tellSendFailed(this.context, this);
    tellClosed(this.context, this);
  }

  /** Closed by us: the receiver is told too, so that it has one place to forget the flow. */
  #leave(): void {
    this.#phase = 'closed';
    this.#out = '';
    this.connections.remove(this);
    tellClosed(this.context, this);
  }

  #socketClosed(): void {
    this.#gone('closed');
    for (const run of this.#onClosed.splice(0)) run();
  }
}
