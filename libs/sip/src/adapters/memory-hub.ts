// Joins the nodes of one process: a message goes from one node's flow to the other's as the string it is, in the order
// sent, and never inside the processing of another message. Looks like TCP to both sides (RFC 3261 §18).
// With `transform` it is a simulated network: what it returns is what arrives, and when. Without, engines may join what they
// send to one another (transaction/exchange.ts).
// Readers: transports.ts; tests and simulations.
import type { Clock } from '#libs/runtime';
import type { SipMessage } from '../message/message.js';
import type { Flow, JoinedFlow, TransportName } from '../transport/transport.port.js';
import { hostPort } from '../fields/ip-address.js';
import { deliver, deliverWithin, nextConnectionId, tellClosed, type ListenerContext } from './listener.js';

/** Delivered in one go before other input gets its turn. */
export const DRAIN_MESSAGES_MAX = 1_000;
/** Waiting messages; above this send() says false. */
export const HUB_QUEUE_MAX = 100_000;

/** What arrives of one message sent: [] is a loss, two are a duplicate. */
export type Arrival = Readonly<{ message: string; delayMs: number }>;
export type Transform = (message: string, from: Flow, to: Flow) => readonly Arrival[];

/** One node's address in the hub. */
export interface HubEnd {
  readonly context: ListenerContext;
  /** What the other side sees as remote address: concrete even when the listener is bound to every interface. */
  readonly address: string;
  readonly port: number;
}

export interface MemoryHubOptions {
  readonly clock?: Clock;
  readonly transform?: Transform;
  /** Engines here exchange messages directly, past `transform`. Default: where there is no transform. */
  readonly joins?: boolean;
}

export class MemoryFlow implements JoinedFlow {
  readonly transport: TransportName;
  readonly reliable: boolean;
  readonly listener: string;
  readonly localAddress: string;
  readonly localPort: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly connectionId: number;
  closed = false;
  /** The same connection as the other node sees it. */
  peer: MemoryFlow = this;
  /** The receiver knows that it is closed. */
  told = false;

  constructor(
    readonly end: HubEnd,
    other: HubEnd,
    private readonly hub: MemoryHub,
  ) {
    this.transport = end.context.transport;
    this.reliable = this.transport !== 'udp';
    this.listener = end.context.name;
    this.localAddress = end.address;
    this.localPort = end.port;
    this.remoteAddress = other.address;
    this.remotePort = other.port;
    this.connectionId = this.reliable ? nextConnectionId() : 0;
  }

  get joined(): boolean {
    return (
      this.reliable && this.hub.joins && this.peer.end.context.receiver.current.messageWithin !== undefined
    );
  }

  send(message: string): boolean {
    return this.#counted(message.length, !this.closed && this.hub.carry(message, this));
  }

  sendWithin(message: SipMessage | string, exchange: object): boolean {
    const { length } = typeof message === 'string' ? message : message.raw;
    return this.#counted(length, !this.closed && this.hub.carryWithin(message, this, exchange));
  }

  #counted(bytes: number, sent: boolean): boolean {
    if (!sent) return false;
    const { counters } = this.end.context;
    counters.sent += 1;
    counters.sentBytes += bytes;
    return true;
  }

  close(): void {
    if (!this.closed && this.reliable) this.hub.disconnect(this);
  }
}

/** Marks a queued connection end. */
const CLOSE = Symbol('close');
type Item = SipMessage | string | typeof CLOSE;

export class MemoryHub {
  readonly #ends = new Map<string, HubEnd>();
  /** Ends that have not left: who has left sends nothing more, whatever its timers would like. */
  readonly #present = new Set<HubEnd>();
  readonly #flows = new Map<string, MemoryFlow>();
  readonly #clock: Clock | undefined;
  readonly #transform: Transform | undefined;
  /**
   * Messages, the flows they arrive on and the exchanges they are of, by one index, from #next up to #end. The arrays keep their length: an array
   * that is emptied gives its memory back, and would grow anew with each message.
   */
  readonly #items: (Item | undefined)[] = [];
  readonly #arrivals: (MemoryFlow | undefined)[] = [];
  readonly #exchanges: (object | undefined)[] = [];
  #next = 0;
  #end = 0;
  #scheduled = false;
  /** Do flows between engines carry exchanges? */
  readonly joins: boolean;

  constructor(options: MemoryHubOptions = {}) {
    this.#clock = options.clock;
    this.#transform = options.transform;
    this.joins = options.joins ?? options.transform === undefined;
  }

  get waiting(): number {
    return this.#end - this.#next;
  }

  /** Makes a listener reachable at these addresses; the function returned takes it away and closes its flows. */
  listen(end: HubEnd, addresses: readonly string[] = [end.address]): () => void {
    const keys = addresses.map((address) => endKey(end.context.transport, address, end.port));
    for (const key of keys) this.#ends.set(key, end);
    this.#present.add(end);
    return () => {
      this.#present.delete(end);
      for (const key of keys) if (this.#ends.get(key) === end) this.#ends.delete(key);
      for (const flow of [...this.#flows.values()]) if (flow.end === end) this.#leave(flow);
    };
  }

  /** The flow from one end to an address: the one that is open, or a new one; undefined when nobody of this hub is there, or no more here. */
  connect(from: HubEnd, address: string, port: number): Flow | undefined {
    const to = this.#ends.get(endKey(from.context.transport, address, port));
    if (!to || !this.#present.has(from)) return undefined;
    const key = flowKey(from, to);
    const open = this.#flows.get(key);
    if (open && !open.closed) return open;
    const near = new MemoryFlow(from, to, this);
    const far = new MemoryFlow(to, from, this);
    near.peer = far;
    far.peer = near;
    this.#flows.set(key, near);
    near.end.context.counters.connectionsOpened += 1;
    far.end.context.counters.connectionsOpened += 1;
    // One connection serves both directions: here both ends are certain of each other (RFC 5923 asks for certificates).
    this.#flows.set(flowKey(to, from), far);
    return near;
  }

  /** An open flow of this end by its connection id. */
  flowById(end: HubEnd, connectionId: number): Flow | undefined {
    for (const flow of this.#flows.values())
      if (flow.connectionId === connectionId && flow.end === end) return flow;
    return undefined;
  }

  carry(message: string, from: MemoryFlow): boolean {
    if (this.#isFull(from)) return false;
    if (this.#transform) this.#carrySimulated(this.#transform(message, from, from.peer), from);
    else this.#enqueue(message, from.peer);
    return true;
  }

  carryWithin(message: SipMessage | string, from: MemoryFlow, exchange: object): boolean {
    if (this.#isFull(from)) return false;
    this.#enqueue(message, from.peer, exchange);
    return true;
  }

  #isFull(from: MemoryFlow): boolean {
    if (this.waiting < HUB_QUEUE_MAX) return false;
    from.end.context.counters.dropped += 1;
    return true;
  }

  disconnect(flow: MemoryFlow): void {
    flow.closed = true;
    this.#forget(flow);
    // Behind what was sent before, as a FIN is.
    this.#enqueue(CLOSE, flow.peer);
    this.#enqueue(CLOSE, flow);
  }

  #leave(flow: MemoryFlow): void {
    if (flow.reliable) return flow.close();
    // What is sent to a port where nobody is any more is lost, as datagrams are.
    flow.closed = true;
    this.#forget(flow);
    this.#forget(flow.peer);
  }

  #forget(flow: MemoryFlow): void {
    const key = flowKey(flow.end, flow.peer.end);
    if (this.#flows.get(key) === flow) this.#flows.delete(key);
  }

  #carrySimulated(arrivals: readonly Arrival[], from: MemoryFlow): void {
    for (const { message, delayMs } of arrivals) {
      if (delayMs <= 0) this.#enqueue(message, from.peer);
      else if (this.#clock) this.#clock.after(delayMs, () => this.#enqueue(message, from.peer));
      else throw new Error('a delay needs a clock: new MemoryHub({ clock, transform })');
    }
  }

  #enqueue(item: Item, to: MemoryFlow, exchange?: object): void {
    this.#items[this.#end] = item;
    this.#exchanges[this.#end] = exchange;
    this.#arrivals[this.#end++] = to;
    if (this.#scheduled) return;
    this.#scheduled = true;
    // Runs when the processing at hand has returned, before any other input.
    process.nextTick(this.#drain);
  }

  readonly #drain = (): void => {
    const items = this.#items;
    const arrivals = this.#arrivals;
    const exchanges = this.#exchanges;
    for (let count = 0; this.#next < this.#end; count++) {
      if (count === DRAIN_MESSAGES_MAX) {
        this.#forgetDelivered();
        setImmediate(this.#drain);
        return;
      }
      const at = this.#next++;
      const item = items[at]!;
      const flow = arrivals[at]!;
      const exchange = exchanges[at];
      items[at] = arrivals[at] = exchanges[at] = undefined;
      this.#arrive(item, flow, exchange);
    }
    this.#next = this.#end = 0;
    this.#scheduled = false;
  };

  #arrive(item: Item, flow: MemoryFlow, exchange: object | undefined): void {
    if (item !== CLOSE) {
      if (flow.closed) return;
      if (exchange !== undefined) deliverWithin(flow.end.context, item, flow, exchange);
      else deliver(flow.end.context, typeof item === 'string' ? item : item.raw, flow);
      return;
    }
    if (flow.told) return;
    flow.closed = flow.told = true;
    this.#forget(flow);
    flow.end.context.counters.connectionsClosed += 1;
    tellClosed(flow.end.context, flow);
  }

  #forgetDelivered(): void {
    const waiting = this.#end - this.#next;
    for (const list of [this.#items, this.#arrivals, this.#exchanges]) {
      list.copyWithin(0, this.#next, this.#end);
      list.fill(undefined, waiting, this.#end);
    }
    this.#next = 0;
    this.#end = waiting;
  }
}

const endKey = (transport: TransportName, address: string, port: number): string =>
  `${transport} ${hostPort(address, port)}`;

const flowKey = (from: HubEnd, to: HubEnd): string =>
  `${from.context.transport} ${hostPort(from.address, from.port)} ${hostPort(to.address, to.port)}`;
