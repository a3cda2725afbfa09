// An application server in a scenario: takes what filter criteria send it, and gives it back, bridges it, answers or is silent
// (TS 23.218 §9: the modes of operation). On the product's own engine, with sockets of the simulated network.
import {
  addrUri,
  createEndpoint,
  createStaticResolver,
  createTransports,
  Edits,
  H,
  type MemoryHub,
  type NameTable,
  type NodeTransports,
  type ServerTransaction,
  type SipEndpoint,
  type SipMessage,
  tagOf,
  TimerWheel,
  values,
} from '#libs/sip';
import type { FakeClock, SeededRandom } from '#libs/testkit';
import { Bridge, dialogHeaders } from './bridge.js';

export const SERVER_PORT = 5080;
const TICK_MS = 10;

export type Behaviour =
  /** Gives the request back; to another target, staying on the way of the dialog, answering by itself after it. */
  | Readonly<{ kind: 'proxies'; to?: string; records?: boolean; then?: number; by?: string }>
  /** Two dialogs with itself between (B2BUA). */
  | Readonly<{ kind: 'bridges'; to?: string }>
  | Readonly<{ kind: 'answers'; statuses: readonly number[] }>
  /** Takes its time, until `giveBackKept`. */
  | Readonly<{ kind: 'keeps' }>
  /** As if it were not there, but for the port. */
  | Readonly<{ kind: 'silent' }>;

export type GivesBack = Extract<Behaviour, { kind: 'proxies' }>;

export type ServerOptions = Readonly<{
  address: string;
  clock: FakeClock;
  random: SeededRandom;
  hub: MemoryHub;
  onRequest: (request: SipMessage) => void;
  /** Names that it finds. */
  names?: NameTable;
}>;

const SILENT_LOG = { warn: () => undefined, info: () => undefined, debug: () => undefined, error: () => undefined }; // prettier-ignore

export class ApplicationServer {
  behaviour: Behaviour = { kind: 'proxies' };
  private running = true;
  private readonly endpoint: SipEndpoint;
  private readonly bridges = new Map<string, Bridge>();
  private readonly kept: ServerTransaction[] = [];

  private constructor(
    private readonly options: ServerOptions,
    private readonly transports: NodeTransports,
  ) {
    const { clock, random } = options;
    const timers = new TimerWheel(clock);
    const tick = (): void => {
      timers.advance();
      if (this.running) clock.after(TICK_MS, tick);
    };
    clock.after(TICK_MS, tick);
    this.endpoint = createEndpoint({
      name: 'server',
      random,
      timers,
      transports,
      resolver: createStaticResolver(options.names),
      user: { request: (tx) => this.#asked(tx), ack: (ack) => this.#acknowledged(ack) },
    });
    const { endpoint } = this;
    // Over its sockets, never as one process with the router: what is between them is SIP.
    transports.setReceiver({
      message: (raw, flow) => {
        if (this.behaviour.kind !== 'silent') endpoint.message(raw, flow);
      },
      flowClosed: (flow) => endpoint.flowClosed(flow),
      sendFailed: (peer) => endpoint.sendFailed(peer),
    });
  }

  static async start(options: ServerOptions): Promise<ApplicationServer> {
    const { address, clock, hub } = options;
    const common = { address, port: SERVER_PORT, memoryOnly: true } as const;
    const transports = createTransports({
      listeners: [
        { name: 'server', transport: 'tcp', ...common },
        { name: 'server', transport: 'udp', ...common },
      ],
      clock,
      log: SILENT_LOG,
      hub,
    });
    await transports.listen();
    return new ApplicationServer(options, transports);
  }

  async close(): Promise<void> {
    this.running = false;
    await this.transports.close();
  }

  /** Gives back what it has kept, the oldest first. */
  giveBackKept(behaviour: GivesBack): void {
    for (const tx of this.kept.splice(0)) this.#giveBack(tx, behaviour);
  }

  get uri(): string {
    return `sip:${this.options.address}:${SERVER_PORT};transport=tcp`;
  }

  #asked(tx: ServerTransaction): void {
    const { request } = tx;
    this.options.onRequest(request);
    const known = this.bridges.get(request.header(H.CallId)!);
    if (known !== undefined) return known.asked(tx);
    if (tagOf(request.header(H.To)!) !== '') return this.#giveBack(tx, { kind: 'proxies' });
    const { behaviour } = this;
    switch (behaviour.kind) {
      case 'proxies':
        return this.#giveBack(tx, behaviour);
      case 'bridges':
        return this.#bridge(tx, behaviour.to);
      case 'answers':
        for (const status of behaviour.statuses)
          tx.reply(status, undefined, status < 300 ? dialogHeaders(request, this.uri) : '');
        return;
      case 'keeps':
        this.kept.push(tx);
        return;
      case 'silent':
        return;
    }
  }

  #giveBack(tx: ServerTransaction, behaviour: GivesBack): void {
    const edits = new Edits(tx.request);
    edits.popValue(H.Route);
    if (behaviour.to !== undefined) edits.requestUri(behaviour.to);
    if (behaviour.records === true) edits.prepend(H.RecordRoute, `<${this.uri};lr>`);
    if (behaviour.by !== undefined) {
      const odi = edits.topValue(H.Route)!;
      edits.popValue(H.Route);
      edits.prepend(H.Route, odi.replace(/@[^;>]+/, `@${behaviour.by}`));
    }
    const next = edits.topValue(H.Route);
    const uri = next === undefined ? tx.request.requestUri : addrUri(next);
    const proxy = this.endpoint.proxy(tx, {});
    proxy.fork(edits, { kind: 'uri', uri, listener: 'server' }, undefined);
    proxy.seal();
    const { then } = behaviour;
    if (then !== undefined) this.options.clock.after(1_000, () => proxy.reply(then));
  }

  #bridge(tx: ServerTransaction, to: string | undefined): void {
    const { request } = tx;
    const [, odi = ''] = values(request, H.Route);
    const { random } = this.options;
    const bridge = new Bridge(this.endpoint, tx, this.uri, odi, to ?? request.requestUri, random);
    for (const callId of bridge.callIds) this.bridges.set(callId, bridge);
    bridge.call();
  }

  #acknowledged(ack: SipMessage): void {
    if (this.bridges.has(ack.header(H.CallId)!)) return;
    const edits = new Edits(ack);
    edits.popValue(H.Route);
    const next = edits.topValue(H.Route);
    const uri = next === undefined ? ack.requestUri : addrUri(next);
    this.endpoint.sendStateless(edits, { kind: 'uri', uri, listener: 'server' });
  }
}
