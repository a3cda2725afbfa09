// A network for tests of the engine: peers are flows that keep what was sent to them, time moves from timer to timer.
// Readers: the specs of the engine and of its transaction machines.
import type { Random } from '#libs/runtime';
import { TimerWheel } from '../transaction/timer-wheel.js';
import type {
  Flow,
  Resolver,
  Target,
  TransportName,
  TransportReceiver,
  Transports,
} from '../transport/transport.port.js';

export class PeerFlow implements Flow {
  readonly sent: string[] = [];
  readonly localAddress = '10.0.0.1';
  readonly localPort = 5060;
  closed = false;
  /** Answers at once, inside `send`, as a peer in the same process may. */
  onSend: ((message: string) => void) | undefined;

  constructor(
    readonly transport: TransportName,
    readonly remoteAddress: string,
    readonly remotePort: number,
    readonly listener: string,
    readonly connectionId: number,
  ) {}

  get reliable(): boolean {
    return this.transport !== 'udp';
  }

  get last(): string {
    return this.sent.at(-1) ?? '';
  }

  send(message: string): boolean {
    if (this.closed) return false;
    this.sent.push(message);
    this.onSend?.(message);
    return true;
  }

  close(): void {
    this.closed = true;
  }

  /** What was sent since the last call, as start lines. */
  take(): string[] {
    return this.sent.splice(0).map(startLine);
  }
}

export const startLine = (message: string): string => message.slice(0, message.indexOf('\r\n'));

/** Value of the first line of a header. */
export const headerOf = (message: string, name: string): string | undefined =>
  new RegExp(`^${name}: (.*)\r$`, 'im').exec(message)?.[1];

/** All values of a header, a line each. */
export const headersOf = (message: string, name: string): string[] =>
  [...message.matchAll(new RegExp(`^${name}: (.*)\r$`, 'gim'))].map((match) => match[1] ?? '');

/** Repeatable, not random. */
export const countingRandom = (seed = 1): Random => {
  let state = seed >>> 0;
  const next = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state;
  };
  return {
    bytes: (length) => Buffer.from(Array.from({ length }, () => next() >>> 24)),
    fraction: () => next() / 2 ** 32,
    token: (length) => Array.from({ length }, () => (next() >>> 27).toString(36)).join(''),
  };
};

export class ScriptedNetwork implements Transports, Resolver {
  nowMs = 1_000;
  readonly timers = new TimerWheel({ monotonicMs: () => this.nowMs });
  readonly random = countingRandom();
  /** What `resolve` says; IP targets `sip:host:port;transport=…` need no entry. */
  readonly names = new Map<string, readonly Target[] | Promise<readonly Target[]>>();
  receiver: TransportReceiver | undefined;
  private readonly flows = new Map<string, PeerFlow>();
  private connections = 0;

  /** The flow to or from this peer: always the same object until it is closed. */
  peer(transport: TransportName, port: number, address = '10.0.0.9', listener = 'core'): PeerFlow {
    const key = `${transport} ${address} ${port} ${listener}`;
    let flow = this.flows.get(key);
    if (flow === undefined || flow.closed) {
      flow = new PeerFlow(transport, address, port, listener, ++this.connections);
      this.flows.set(key, flow);
    }
    return flow;
  }

  flowTo(target: Target, listener: string): Flow | undefined {
    return this.peer(target.transport, target.port, target.address, listener);
  }

  sentBy(_flow: Flow): string {
    return 'proxy.test:5060';
  }

  resolve(uri: string): readonly Target[] | Promise<readonly Target[]> {
    return this.names.get(uri) ?? [];
  }

  /** The peer sends this. */
  receive(flow: Flow, message: string): void {
    this.receiver?.message(message, flow);
  }

  /** The peer's connection is lost. */
  lose(flow: PeerFlow): void {
    flow.closed = true;
    this.receiver?.flowClosed(flow);
  }

  advance(ms: number): void {
    const until = this.nowMs + ms;
    for (;;) {
      const next = this.timers.nextDeadlineMs();
      if (next === undefined || next > until) break;
      this.nowMs = Math.max(this.nowMs, next);
      this.timers.advance(this.nowMs);
    }
    this.nowMs = until;
    this.timers.advance(until);
  }

  /** Runs until no timer is left, at most this long. */
  drain(maxMs: number): void {
    this.advance(maxMs);
  }
}

export type RequestFields = Readonly<{
  uri?: string;
  branch?: string;
  via?: string;
  callId?: string;
  cseq?: number;
  toTag?: string;
  headers?: readonly string[];
  body?: string;
}>;

/** A request as a phone at 10.0.0.9:port sends it. */
export const requestText = (method: string, fields: RequestFields = {}): string => {
  const {
    branch = 'z9hG4bKclient1',
    callId = 'call-1',
    cseq = 1,
    headers = ['Max-Forwards: 70'],
    body = '',
  } = fields;
  const via = fields.via ?? `SIP/2.0/UDP 10.0.0.9:5070;branch=${branch}`;
  return [
    `${method} ${fields.uri ?? 'sip:bob@ims.test'} SIP/2.0`,
    `Via: ${via}`,
    'From: <sip:alice@ims.test>;tag=alice1',
    `To: <sip:bob@ims.test>${fields.toTag === undefined ? '' : `;tag=${fields.toTag}`}`,
    `Call-ID: ${callId}`,
    `CSeq: ${cseq} ${method}`,
    ...headers,
    `Content-Length: ${body.length}`,
    '',
    body,
  ].join('\r\n');
};

/** The answer of a peer to what it got. */
export const responseText = (
  request: string,
  status: number,
  toTag = 'bob1',
  headers: readonly string[] = [],
): string => {
  const to = headerOf(request, 'To') ?? '';
  return [
    `SIP/2.0 ${status} Whatever`,
    ...headersOf(request, 'Via').map((via) => `Via: ${via}`),
    `From: ${headerOf(request, 'From')}`,
    `To: ${to}${to.includes(';tag=') || status === 100 ? '' : `;tag=${toTag}`}`,
    `Call-ID: ${headerOf(request, 'Call-ID')}`,
    `CSeq: ${headerOf(request, 'CSeq')}`,
    ...headers,
    'Content-Length: 0',
    '',
    '',
  ].join('\r\n');
};
