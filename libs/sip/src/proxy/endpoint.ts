// The SIP engine of one node: what came is matched to its transaction or begins one (RFC 3261 §17.1.3, §17.2.3, §9.2,
// §16.3), what its users send gets one. Sans-IO: sockets, clock and randomness are ports, all calls are synchronous.
// Users: bono, sprout. Machines: transaction.*.ts; response contexts: proxy.ts.
import type { Random } from '#libs/runtime';
import { admissionFault, isExhausted } from './admission.js';
import { BranchIds } from '../transaction/branch-id.js';
import {
  ClientBranch,
  viaValue,
  type BranchOwner,
  type ClientMachine,
} from '../transaction/client-branch.js';
import { detached } from '../message/detached.js';
import { makeCancel } from '../transaction/derived-request.js';
import { Edits } from '../message/edits.js';
import type { Endpoint, EndpointUser, NextHop, ProxyContext, ProxyUser, ServerTransaction, SipTiming } from './endpoint.port.js'; // prettier-ignore
import { newCounters, type EndpointCounters } from './endpoint.counters.js';
import { H } from '../message/header-table.js';
import type { SipMessage } from '../message/message.js';
import { headerParam } from '../fields/params.js';
import { parseMessage, type ParseFailure } from '../message/parse-message.js';
import { BRANCHES_MAX, Proxy, type ProxyLayer } from './proxy.js';
import { makeReply, reasonPhrase, retryAfter, sourceOf } from '../transaction/reply.js';
import { responsePath } from '../transaction/response-path.js';
import { PendingRequest, type ServerLayer, type ServerMachine } from '../transaction/server-transaction.js';
import type { HashKey } from '../transaction/keyed-hash.js';
import { replayKey, type ReplayLimits, ReplayStore } from '../transaction/replay-store.js';
import type { TimerWheel } from '../transaction/timer-wheel.js';
import { readTopVia, type TopVia } from '../transaction/top-via.js';
import {
  clientHash,
  clientKey,
  serverHash,
  serverKey,
  TransactionTable,
} from '../transaction/transaction-table.js';
import { type InviteClientTransaction } from '../transaction/transaction.invite-client.js';
import { InviteServerTransaction } from '../transaction/transaction.invite-server.js';
import { NonInviteClientTransaction } from '../transaction/transaction.non-invite-client.js';
import type { NonInviteServerTransaction } from '../transaction/transaction.non-invite-server.js';
import { DEFAULT_TIMING, TIMEOUT_T1S, type ClientUser } from '../transaction/transaction.js';
import type { Flow, Resolver, Target, TransportReceiver, Transports } from '../transport/transport.port.js';

/** Live transactions of one endpoint; at the bound new requests get 503 with Retry-After, ACK and CANCEL pass. */
export const TRANSACTIONS_MAX = 400_000;

export type EndpointLimits = Readonly<{
  transactionsMax: number;
  branchesMax: number;
  /** Of answers to non-INVITEs, kept for retransmissions (replay-store.ts). */
  replayBytesMax: number;
}>;

export type EndpointOptions = Readonly<{
  /** For logs and metrics. */
  name: string;
  random: Random;
  /** Shared by the endpoints of a process; holds the clock. */
  timers: TimerWheel;
  transports: Transports;
  resolver: Resolver;
  user: EndpointUser;
  timing?: Partial<SipTiming>;
  limits?: Partial<EndpointLimits>;
  /** Option tags that Proxy-Require may name; with any other a request gets 420. 'any': the user decides. */
  proxyRequire?: readonly string[] | 'any';
  /** An exception in a user's callback: to be logged. The request it concerns was answered 500. */
  onDefect?: (error: unknown) => void;
}>;

/** What createEndpoint makes: the users' side, the transports' side, and what an operator wants to see. */
export interface SipEndpoint extends Endpoint, TransportReceiver {
  readonly name: string;
  readonly counters: Readonly<EndpointCounters>;
  /** Requests that came and are not finally answered yet, and own ones without an answer. */
  readonly pendingCount: number;
  /** Takes no new dialogs or registrations: 503 with Retry-After. What runs goes on, and so do dialogs. */
  drain(): void;
}

export const createEndpoint = (options: EndpointOptions): SipEndpoint => new Engine(options);

/** The user of a CANCEL's own transaction: whatever answers it changes nothing (RFC 3261 §9.1). */
const NOBODY: ClientUser = { boundToFlow: false, response: () => undefined, failed: () => undefined };

class Engine implements SipEndpoint, ServerLayer, ProxyLayer {
  readonly name: string;
  readonly counters = newCounters();
  readonly random: Random;
  readonly timers: TimerWheel;
  readonly timing: SipTiming;
  readonly transports: Transports;
  readonly resolver: Resolver;
  readonly branchIds: BranchIds;
  readonly branchesMax: number;
  private readonly user: EndpointUser;
  private readonly table = new TransactionTable();
  private readonly transactionsMax: number;
  private readonly proxyRequire: readonly string[] | 'any';
  /** To tag of answers without a transaction: what acknowledges them ends here. */
  private readonly statelessTag: string;
  private draining = false;
  /** Not known outside: nobody can aim at one bucket of the tables. */
  private readonly hashKey: HashKey;
  private readonly replays: ReplayStore;
  /** Contexts made in the calls to `user.request` that are going on. */
  private readonly opened: Proxy<never>[] = [];
  private depth = 0;

  constructor(private readonly options: EndpointOptions) {
    this.name = options.name;
    this.random = options.random;
    this.timers = options.timers;
    this.timing = { ...DEFAULT_TIMING, ...options.timing };
    this.transports = options.transports;
    this.resolver = options.resolver;
    this.user = options.user;
    this.branchIds = new BranchIds(options.random);
    this.branchesMax = options.limits?.branchesMax ?? BRANCHES_MAX;
    this.transactionsMax = options.limits?.transactionsMax ?? TRANSACTIONS_MAX;
    this.proxyRequire = options.proxyRequire ?? [];
    this.statelessTag = `s${this.newTag()}`;
    const word = (): number => options.random.bytes(4).readInt32LE();
    this.hashKey = { low: word(), high: word() };
    this.replays = new ReplayStore(options.timers.clock, replayLimits(options.limits));
  }

  // ---- Users' side (endpoint.port.ts) ----

  get transactionCount(): number {
    return this.table.size;
  }

  get pendingCount(): number {
    return this.table.pendingCount;
  }

  drain(): void {
    this.draining = true;
  }

  proxy<L>(tx: ServerTransaction, user: ProxyUser<L>): ProxyContext<L> {
    if (!(tx instanceof PendingRequest)) throw new TypeError('not a server transaction of this engine');
    const context = new Proxy(tx, user, this);
    context.begin(this.depth > 0);
    if (this.depth > 0) this.opened.push(context as unknown as Proxy<never>);
    return context;
  }

  request(
    message: string,
    hop: NextHop,
    user: { response(response: SipMessage): void; failed(status: 408 | 503): void },
  ): void {
    const parsed = parseMessage(message);
    // Ours, and complete but for Via: a Via of nobody stands in while it is read.
    const own = parsed.ok ? parsed : parseMessage(withPlaceholderVia(message));
    if (!own.ok) throw new TypeError(`request of ours does not parse: ${own.reason}`);
    const edits = new Edits(own.message);
    edits.remove(H.Via);
    const owner: BranchOwner<undefined> = {
      wantsRetry: () => true,
      branchResponse: (_branch, response) => {
        if (response.status > 100) this.guard(() => user.response(response));
      },
      branchFailed: (_branch, status) => this.guard(() => user.failed(status)),
    };
    const hash = this.branchIds.hash(own.message, this.name);
    new ClientBranch(undefined, edits, hop, hash, owner, this).start();
  }

  sendStateless(edits: Edits, hop: NextHop): void {
    const { message } = edits;
    if (isExhausted(message)) return;
    const hops = message.header(H.MaxForwards);
    edits.replace(H.MaxForwards, hops === undefined ? '70' : String(Number(hops) - 1));
    const send = (flow: Flow | undefined): void => {
      const branchId = this.branchIds.stateless(message);
      const text = flow && edits.renderWithVia(viaValue(this.transports, flow, branchId));
      if (text === undefined || flow?.send(text) !== true) this.counters.acksLost++;
    };
    if (hop.kind === 'flow') return send(hop.flow);
    if (hop.kind === 'target') return send(this.transports.flowTo(hop.target, hop.listener));
    const toFirst = (targets: readonly Target[]): void =>
      send(targets[0] && this.transports.flowTo(targets[0], hop.listener));
    const targets = this.resolver.resolve(hop.uri);
    if (targets instanceof Promise) targets.then(toFirst, (error: unknown) => this.resolverFailed(error));
    else toFirst(targets);
  }

  // ---- Transports' side (transport.port.ts) ----

  message(raw: string, flow: Flow): void {
    try {
      const parsed = parseMessage(raw);
      if (!parsed.ok) this.receiveMalformed(parsed, flow);
      else if (parsed.message.isRequest) this.receiveRequest(parsed.message, flow);
      else this.receiveResponse(parsed.message, flow);
    } catch (error) {
      this.defect(error);
    }
  }

  flowClosed(flow: Flow): void {
    for (const client of this.table.clientsOn(flow)) client.flowClosed();
    this.table.forget(flow);
    this.user.flowClosed?.(flow);
  }

  sendFailed(peer: Target | Flow): void {
    for (const client of this.table.clientsTo(peer)) client.flowClosed();
  }

  malformed(reason: string, flow: Flow): void {
    this.counters.malformed++;
    this.user.malformed?.(reason, flow);
  }

  // ---- Transactions' side ----

  newTag(): string {
    return this.random.token(TAG_LENGTH);
  }

  begin(client: ClientMachine): void {
    this.table.addClient(client);
    client.start();
  }

  terminated(machine: ServerMachine | ClientMachine): void {
    this.table.remove(machine);
    if ('onEnd' in machine && machine.onEnd !== undefined) this.guard(machine.onEnd);
  }

  completed(machine: NonInviteServerTransaction, answer: string): void {
    const { key, hash, source } = machine;
    if (source !== undefined)
      this.replays.add(replayKey(key, source), hash, answer, TIMEOUT_T1S * this.timing.t1Ms);
    this.counters.replaysForgotten = this.replays.forgotten;
    this.terminated(machine);
  }

  sendCancel(invite: InviteClientTransaction, reason: string): void {
    const key = clientKey(invite.key, 'CANCEL');
    const text = makeCancel(invite.request, reason);
    if (text !== '')
      this.begin(new NonInviteClientTransaction(key, 'CANCEL', text, invite.flow, NOBODY, this));
  }

  resolverFailed(error: unknown): void {
    this.counters.resolverFailures++;
    this.options.onDefect?.(error);
  }

  defect(error: unknown): void {
    this.counters.defects++;
    this.options.onDefect?.(error);
  }

  /** For users' callbacks that timers may reach: nothing above would catch. */
  private guard(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.defect(error);
    }
  }

  // ---- Input ----

  private receiveResponse(response: SipMessage, flow: Flow): void {
    this.counters.responses++;
    const token = this.branchIds.tokenOf(response);
    const key = clientKey(token, response.cseqMethod);
    const client = token === '' ? undefined : this.table.clients.get(key, clientHash(key));
    if (client === undefined || client.method !== response.cseqMethod) this.counters.strayResponses++;
    // The branch is no secret: whoever the request reached may know it. Only who could have been asked may answer.
    else if (client.flow.listener !== flow.listener) this.counters.misplacedResponses++;
    else client.receive(response);
  }

  private receiveRequest(request: SipMessage, flow: Flow): void {
    this.counters.requests++;
    const via = readTopVia(request);
    if (via === undefined) return this.malformed('bad Via', flow);
    const { method } = request;
    const key = serverKey(request, via, method === 'ACK' ? 'INVITE' : method);
    const hash = serverHash(request, via, this.hashKey);
    const known = this.table.servers.get(key, hash);
    if (known !== undefined) return this.receiveKnown(known, request, flow);
    if (method === 'ACK') return this.receiveStrayAck(request, flow);
    if (!flow.reliable && this.replayed(key, hash, via, flow)) return;
    if (method === 'CANCEL' && this.receiveCancel(request, via, key, hash, flow)) return;
    if (this.isOverloaded(request)) return this.refuseStateless(request, 503, via, flow, true);

    const pending = this.newPending(request, via, key, hash, flow);
    const fault = admissionFault(request, this.branchIds, flow.listener, this.proxyRequire);
    if (fault === undefined) return this.ask(pending);
    this.counters.refused[fault.status] = (this.counters.refused[fault.status] ?? 0) + 1;
    pending.reply(fault.status, undefined, fault.headers);
  }

  /** A retransmission, or the ACK of an answered INVITE. */
  private receiveKnown(known: ServerMachine, request: SipMessage, flow: Flow): void {
    if (request.method !== 'ACK') {
      this.counters.retransmissions++;
      known.retransmission();
    } else if (known instanceof InviteServerTransaction && known.ack()) this.user.ack(request, flow);
  }

  /** A retransmission of what has been answered gets the same answer, by its own Via. */
  private replayed(key: string, hash: number, via: TopVia, flow: Flow): boolean {
    const answer = this.replays.find(replayKey(key, flow), hash);
    if (answer === undefined) return false;
    this.counters.retransmissions++;
    responsePath(flow, via, this.transports, this.counters).send(answer);
    return true;
  }

  /** The ACK of a 2xx is the user's; that of an answer without a transaction ends here. */
  private receiveStrayAck(ack: SipMessage, flow: Flow): void {
    if (ack.header(H.To)?.includes(this.statelessTag) !== true) this.user.ack(ack, flow);
  }

  /** False when there is no INVITE that it could cancel: then it is a request like any other. */
  private receiveCancel(cancel: SipMessage, via: TopVia, key: string, hash: number, flow: Flow): boolean {
    const invite = this.table.servers.get(serverKey(cancel, via, 'INVITE'), hash);
    if (!(invite instanceof InviteServerTransaction)) return false;
    const { owner } = invite;
    const pending = this.newPending(cancel, via, key, hash, flow, owner?.toTag);
    pending.reply(200);
    owner?.cancel(cancel);
    return true;
  }

  /** Gives the request to the user; contexts that this makes are sealed at the end (ProxyContext.seal). */
  private ask(pending: PendingRequest): void {
    const mark = this.opened.length;
    this.depth++;
    try {
      this.user.request(pending);
    } catch (error) {
      this.defect(error);
      pending.reply(500, undefined, retryAfter(this.random));
    } finally {
      this.depth--;
      while (this.opened.length > mark) this.opened.pop()!.endOfStack();
    }
  }

  private newPending(
    request: SipMessage,
    via: TopVia,
    key: string,
    hash: number,
    flow: Flow,
    tag?: string,
  ): PendingRequest {
    const source = sourceOf(via, flow);
    const path = responsePath(flow, via, this.transports, this.counters);
    // An INVITE's transaction outlives its request by 32 s; a key made of slices would keep all of that alive.
    const ownKey = request.method === 'INVITE' ? detached(key) : key;
    const pending = new PendingRequest(request, flow, source, ownKey, path, this, tag);
    this.table.servers.add(pending.machine, hash);
    pending.machine.start();
    return pending;
  }

  private isOverloaded(request: SipMessage): boolean {
    if (request.method === 'CANCEL') return false;
    if (this.table.size >= this.transactionsMax) return true;
    return this.draining && headerParam(request.header(H.To) ?? '', 'tag') === undefined;
  }

  private receiveMalformed(failure: ParseFailure, flow: Flow): void {
    this.malformed(failure.reason, flow);
    const { partial, status } = failure;
    if (partial === undefined || partial.method === 'ACK') return;
    const via = readTopVia(partial);
    if (via !== undefined) this.refuseStateless(partial, status, via, flow, false);
  }

  private refuseStateless(request: SipMessage, status: number, via: TopVia, flow: Flow, busy: boolean): void {
    if (busy) this.counters.overload++;
    const headers = busy ? retryAfter(this.random) : '';
    const source = sourceOf(via, flow);
    const path = responsePath(flow, via, this.transports, this.counters);
    path.send(makeReply(request, status, reasonPhrase(status), this.statelessTag, source, headers, ''));
  }
}

const TAG_LENGTH = 10;

const replayLimits = (limits: Partial<EndpointLimits> | undefined): Partial<ReplayLimits> =>
  limits?.replayBytesMax === undefined ? {} : { bytesMax: limits.replayBytesMax };

const withPlaceholderVia = (message: string): string => {
  const at = message.indexOf('\r\n') + 2;
  return `${message.slice(0, at)}Via: SIP/2.0/UDP placeholder.invalid\r\n${message.slice(at)}`;
};
