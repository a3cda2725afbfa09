// Clients as flows (RFC 5626 §3.4): who is registered on which transport and address, and the token that names a flow in
// Path and Record-Route. Tokens are self-contained, so a restart loses no UDP flow (docs/architecture.md §4).
import type { Flow } from '#libs/sip';
import type { BonoPorts } from './ports.js';

/** Whom the registrar accepted on a flow, for one public identity. */
export type FlowIdentity = Readonly<{
  impu: string;
  impi: string;
  /** `+sip.instance` of the device, '' when it gave none. */
  instance: string;
  expiresAtMs: number;
  serviceRoute: string | undefined;
}>;

/** Registered identities of one flow; beyond it a new one is not asserted (its requests are 403) and counted. */
export const FLOW_IDENTITIES_MAX = 100_000;
/** Known flows of clients; beyond it the one that has been quiet longest goes, and comes back with its next REGISTER. */
export const CLIENT_FLOWS_MAX = 1_000_000;
/** The registrar's clock and ours may differ, and a refresh may be on its way (sip.md §1.4). */
const GRACE_MS = 30_000;

export class ClientFlow {
  readonly #identities = new Map<string, FlowIdentity>();

  constructor(
    readonly flow: Flow,
    readonly token: string,
  ) {}

  identity(impu: string, nowMs: number): FlowIdentity | undefined {
    const found = this.#identities.get(impu);
    if (found === undefined || found.expiresAtMs + GRACE_MS > nowMs) return found;
    this.#identities.delete(impu);
    return undefined;
  }

  /** The identity asserted when the client names none: the one registered first of those still there. */
  defaultIdentity(nowMs: number): FlowIdentity | undefined {
    for (const impu of this.#identities.keys()) {
      const found = this.identity(impu, nowMs);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** False at the bound: the identity is not taken. */
  register(identity: FlowIdentity): boolean {
    if (this.#identities.size >= FLOW_IDENTITIES_MAX && !this.#identities.has(identity.impu)) return false;
    // A datagram's address tells devices apart only until a NAT gives it to another one.
    if (!this.flow.reliable) this.#dropOthers(identity);
    this.#identities.set(identity.impu, identity);
    return true;
  }

  deregister(impu: string): void {
    this.#identities.delete(impu);
  }

  #dropOthers({ impi, instance }: FlowIdentity): void {
    const [some] = this.#identities.values();
    if (some === undefined || some.instance === instance) return;
    for (const [impu, other] of this.#identities)
      if (other.impi !== impi && other.instance !== instance) this.#identities.delete(impu);
  }
}

/** All flows of clients of this node. */
export class ClientFlows {
  readonly #byFlow = new Map<Flow, ClientFlow>();
  /** UDP flows by address, because the transport may make a new flow object for an old address. */
  readonly #byAddress = new Map<string, ClientFlow>();
  /** Tokens already verified. Insertion order is age. */
  readonly #byToken = new Map<string, Flow>();

  constructor(private readonly ports: Pick<BonoPorts, 'tokens'>) {}

  /** Flows that somebody registered on. */
  get size(): number {
    return this.#byFlow.size;
  }

  /** What is known of the flow; undefined when nobody registered on it. */
  find(flow: Flow): ClientFlow | undefined {
    return this.#byFlow.get(flow) ?? this.#adopt(flow);
  }

  /** The same, made when there is none: for a REGISTER. undefined: the flow cannot be named (no IP addresses). */
  ensure(flow: Flow): ClientFlow | undefined {
    const known = this.find(flow);
    if (known !== undefined) return known;
    const token = this.ports.tokens.of(flow);
    if (token === undefined) return undefined;
    const client = new ClientFlow(flow, token);
    if (!flow.reliable) this.#byAddress.set(addressOf(flow), client);
    this.#byFlow.set(flow, client);
    this.#remember(token, flow);
    if (this.#byFlow.size > CLIENT_FLOWS_MAX) this.#forgetOldest();
    return client;
  }

  /** The flow that a token of ours names: undefined when the token is not ours or the connection is gone (430). */
  byToken(token: string): Flow | undefined {
    const known = this.#byToken.get(token);
    if (known !== undefined && !known.closed) return known;
    const flow = this.ports.tokens.flow(token);
    if (flow !== undefined) this.#remember(token, flow);
    return flow;
  }

  closed(flow: Flow): void {
    const client = this.#byFlow.get(flow);
    if (client === undefined) return;
    this.#byFlow.delete(flow);
    this.#byToken.delete(client.token);
  }

  #adopt(flow: Flow): ClientFlow | undefined {
    if (flow.reliable) return undefined;
    const client = this.#byAddress.get(addressOf(flow));
    if (client !== undefined) this.#byFlow.set(flow, client);
    return client;
  }

  #remember(token: string, flow: Flow): void {
    this.#byToken.set(token, flow);
    if (this.#byToken.size > CLIENT_FLOWS_MAX) this.#byToken.delete(this.#byToken.keys().next().value!);
  }

  #forgetOldest(): void {
    const [flow] = this.#byFlow.keys();
    if (flow === undefined) return;
    this.#byFlow.delete(flow);
    if (!flow.reliable) this.#byAddress.delete(addressOf(flow));
  }
}

const addressOf = (flow: Flow): string =>
  `${flow.listener}|${flow.localAddress}:${flow.localPort}|${flow.remoteAddress}:${flow.remotePort}`;
