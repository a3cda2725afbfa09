// Clients as flows (RFC 5626 §3.4): who is registered on which transport and address, and the token that names a flow in
// Path and Record-Route. Tokens are self-contained, so a restart loses no UDP flow (docs/architecture.md §4).
import { detached, type Flow } from '#libs/sip';
import type { FlowIdentity, FlowNames } from './ports.js';

export type { FlowIdentity } from './ports.js';

/** Registered identities of all flows; beyond it a new one is not taken (its requests are 403) and counted. */
export const IDENTITIES_MAX = 1_000_000;
/** Flows with registrations; beyond it the one registered longest ago goes, and comes back with its next REGISTER. */
export const CLIENT_FLOWS_MAX = 200_000;
/** Verified tokens remembered; beyond it the oldest is verified again. */
export const TOKENS_MAX = 200_000;
/** The registrar's clock and ours may differ, and a refresh may be on its way (docs/architecture.md §5). */
const GRACE_MS = 30_000;

/** Identities remembered as displaced, a flow; beyond it the oldest is forgotten. */
export const DISPLACED_MAX = 100;

type Kept = { -readonly [K in keyof FlowIdentity]: FlowIdentity[K] };

const sameContacts = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((uri, at) => uri === b[at]);

/** One flow with its registered identities. */
export class ClientFlow {
  readonly #identities = new Map<string, Kept>();
  /** Of the devices that were at this address before: what is for them is not for the one that is there now. */
  #displaced: Set<string> | undefined;

  constructor(
    readonly flow: Flow,
    readonly token: string,
  ) {}

  get size(): number {
    return this.#identities.size;
  }

  identity(impu: string, nowMs: number): FlowIdentity | undefined {
    const found = this.#identities.get(impu);
    return found !== undefined && found.expiresAtMs + GRACE_MS > nowMs ? found : undefined;
  }

  /** The identity asserted when the client names none: the one registered first of those still there. */
  defaultIdentity(nowMs: number): FlowIdentity | undefined {
    for (const found of this.#identities.values()) if (found.expiresAtMs + GRACE_MS > nowMs) return found;
    return undefined;
  }

  register(identity: FlowIdentity): void {
    // A datagram's address tells devices apart only until a NAT gives it to another one.
    if (!this.flow.reliable) this.#dropOthers(identity);
    this.#keep(identity);
    this.#displaced?.delete(identity.impu);
  }

  /** A refresh that changes nothing but the time leaves no new object behind; what is new is kept in as little as it takes. */
  #keep(identity: FlowIdentity): void {
    const { impu, impi, instance, contacts, expiresAtMs, serviceRoute } = identity;
    const known = this.#identities.get(impu);
    if (known === undefined) {
      const own = detached(impu);
      // slice: as long as what is in it, where the given one may have room for more.
      this.#identities.set(own, { ...identity, impu: own, contacts: contacts.slice() });
      return;
    }
    known.impi = impi;
    known.instance = instance;
    if (!sameContacts(known.contacts, contacts)) known.contacts = contacts.slice();
    known.expiresAtMs = expiresAtMs;
    known.serviceRoute = serviceRoute;
  }

  /** Was the identity another device's, which had this address before and lost it? */
  displaced(impu: string): boolean {
    return this.#displaced?.has(impu) === true;
  }

  deregister(impu: string): void {
    this.#identities.delete(impu);
  }

  clear(): void {
    this.#identities.clear();
  }

  /** Lets what was registered together with an identity last at least so long. */
  keep({ impi }: FlowIdentity, untilMs: number): void {
    for (const other of this.#identities.values())
      if (other.impi === impi && other.expiresAtMs < untilMs) other.expiresAtMs = untilMs;
  }

  dropLapsed(nowMs: number): void {
    for (const [impu, { expiresAtMs }] of this.#identities)
      if (expiresAtMs + GRACE_MS <= nowMs) this.#identities.delete(impu);
  }

  #dropOthers({ impi, instance }: FlowIdentity): void {
    const [some] = this.#identities.values();
    if (some === undefined || some.instance === instance) return;
    for (const [impu, other] of this.#identities)
      if (other.impi !== impi && other.instance !== instance) this.#displace(impu);
  }

  #displace(impu: string): void {
    this.#identities.delete(impu);
    const displaced = (this.#displaced ??= new Set());
    displaced.add(impu);
    if (displaced.size > DISPLACED_MAX) displaced.delete(displaced.values().next().value!);
  }
}

/** A UDP flow is its addresses (the transport may make a new object for old ones); a connection is itself. */
const keyOf = (flow: Flow): string | Flow =>
  flow.reliable
    ? flow
    : `${flow.listener}|${flow.localAddress}:${flow.localPort}|${flow.remoteAddress}:${flow.remotePort}`;

export type ClientFlowLimits = Readonly<{ identitiesMax: number; flowsMax: number }>;
const LIMITS: ClientFlowLimits = { identitiesMax: IDENTITIES_MAX, flowsMax: CLIENT_FLOWS_MAX };

/** The flows of this node that somebody is registered on. Nothing is kept for a client before its first 200 OK. */
export class ClientFlows {
  /** Insertion order is the order of last registration. */
  readonly #clients = new Map<string | Flow, ClientFlow>();
  /** Spares the key of a datagram: the transport gives the same object while it is busy. */
  readonly #byFlow = new WeakMap<Flow, ClientFlow>();
  readonly #tokens = new WeakMap<Flow, string>();
  /** Tokens already verified. Insertion order is age. */
  readonly #byToken = new Map<string, Flow>();
  #identities = 0;
  /** The last one registered, which is where it belongs in the order. */
  #newest: ClientFlow | undefined;
  /** What the last ones were registered with: next to all users have the one, and users of one flow the other, in common. */
  #serviceRoute: string | undefined;
  #instance = '';

  constructor(
    private readonly ports: Readonly<{ tokens: Pick<FlowNames, 'of' | 'flow'> }>,
    private readonly limits: ClientFlowLimits = LIMITS,
  ) {}

  get size(): number {
    return this.#clients.size;
  }

  /** What is known of the flow; undefined when nobody is registered on it. */
  find(flow: Flow): ClientFlow | undefined {
    const known = this.#byFlow.get(flow);
    if (known !== undefined && known.size > 0) return known;
    const client = this.#clients.get(keyOf(flow));
    if (client !== undefined) this.#byFlow.set(flow, client);
    return client;
  }

  /** The token that names a flow in Path; undefined for one that is not between two IP addresses of one family. */
  tokenOf(flow: Flow): string | undefined {
    const known = this.#tokens.get(flow);
    if (known !== undefined) return known;
    const made = this.ports.tokens.of(flow);
    if (made !== undefined) this.#tokens.set(flow, made);
    return made;
  }

  /** Takes identities that the registrar accepted on the flow. False: at a bound, not all were taken. */
  register(flow: Flow, identities: readonly FlowIdentity[]): boolean {
    if (flow.closed) return true; // gone before its 200 OK came: nobody can be reached on it, and nothing would forget it
    const token = this.tokenOf(flow);
    if (token === undefined) return false;
    const client = this.find(flow) ?? new ClientFlow(flow, token);
    const before = client.size;
    if (this.#identities + identities.length > this.limits.identitiesMax) return false;
    for (const identity of identities) client.register(this.#sharing(identity));
    this.#identities += client.size - before;
    this.#touch(client);
    return true;
  }

  /** Equal texts become one. */
  #sharing(identity: FlowIdentity): FlowIdentity {
    if (identity.serviceRoute !== this.#serviceRoute) this.#serviceRoute = identity.serviceRoute;
    if (identity.instance !== this.#instance) this.#instance = identity.instance;
    return { ...identity, serviceRoute: this.#serviceRoute, instance: this.#instance };
  }

  deregister(flow: Flow, impus: readonly string[]): void {
    const client = this.find(flow);
    if (client === undefined) return;
    const before = client.size;
    for (const impu of impus) client.deregister(impu);
    this.#identities += client.size - before;
    if (client.size === 0) this.#drop(client);
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
    const client = this.#clients.get(keyOf(flow));
    if (client !== undefined) this.#drop(client);
    const token = this.#tokens.get(flow);
    if (token !== undefined) this.#byToken.delete(token);
  }

  /** Forgets identities that have lapsed, and flows with none left; called from time to time. */
  sweep(nowMs: number): void {
    for (const client of this.#clients.values()) {
      const before = client.size;
      client.dropLapsed(nowMs);
      this.#identities += client.size - before;
      if (client.size === 0) this.#drop(client);
    }
  }

  #touch(client: ClientFlow): void {
    this.#byFlow.set(client.flow, client);
    if (client === this.#newest) return;
    this.#newest = client;
    const key = keyOf(client.flow);
    this.#clients.delete(key);
    this.#clients.set(key, client);
    if (this.#clients.size > this.limits.flowsMax) this.#drop(this.#clients.values().next().value!);
  }

  #drop(client: ClientFlow): void {
    this.#identities -= client.size;
    client.clear();
    if (client === this.#newest) this.#newest = undefined;
    this.#clients.delete(keyOf(client.flow));
    this.#byFlow.delete(client.flow);
  }

  #remember(token: string, flow: Flow): void {
    this.#byToken.set(token, flow);
    if (this.#byToken.size > TOKENS_MAX) this.#byToken.delete(this.#byToken.keys().next().value!);
  }
}
