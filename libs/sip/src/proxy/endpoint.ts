// The SIP engine of one node: what came is matched to its transaction or begins one (RFC 3261 §17.1.3, §17.2.3, §9.2,
// §16.3), what its users send gets one. Sans-IO: sockets, clock and randomness are ports, all calls are synchronous.
// Users: bono, sprout. Machines: transaction.*.ts; response contexts: proxy.ts.
import type { Random } from '#libs/runtime';
import { admissionFault } from './admission.js';
import { BranchIds } from '../transaction/branch-id.js';
import { ClientBranch, type BranchOwner, type ClientMachine } from '../transaction/client-branch.js';
import { type DrainAdmission, DrainGate } from './drain-gate.js';
import { detached } from '../message/detached.js';
import { makeCancel } from '../transaction/derived-request.js';
import type { Edits } from '../message/edits.js';
import { Exchange } from '../transaction/exchange.js';
import type { EndpointUser, NextHop, OwnRequest, OwnRequestUser, ProxyContext, ProxyUser, ServerTransaction, SipTiming } from './endpoint.port.js'; // prettier-ignore
import { newCounters } from './endpoint.counters.js';
import {
  TRANSACTIONS_MAX,
  type EndpointLimits,
  type EndpointOptions,
  type SipEndpoint,
} from './endpoint.options.js';
import { H } from '../message/header-table.js';
import type { SipMessage } from '../message/message.js';
import { ownRequest } from './own-request.js';
import { readMessage, type ParseFailure, type ParseResult } from '../message/parse-message.js';
import { BRANCHES_MAX, Proxy, type ProxyLayer } from './proxy.js';
import { makeReply, reasonPhrase, retryAfter, sourceOf, withoutEmpty } from '../transaction/reply.js';
import { responsePath } from '../transaction/response-path.js';
import { PendingRequest, type ServerLayer } from '../transaction/server-transaction.js';
import type { HashKey } from '../transaction/keyed-hash.js';
import { replayKey, type ReplayLimits, ReplayStore } from '../transaction/replay-store.js';
import type { TimerWheel } from '../transaction/timer-wheel.js';
import { sendStateless } from './send-stateless.js';
import { readTopVia, type TopVia } from '../transaction/top-via.js';
import {
  clientHash,
  clientKey,
  serverHash,
  serverKey,
  type FoundServer,
  TransactionTable,
} from '../transaction/transaction-table.js';
import { type InviteClientTransaction } from '../transaction/transaction.invite-client.js';
import { InviteServerTransaction } from '../transaction/transaction.invite-server.js';
import { NonInviteClientTransaction } from '../transaction/transaction.non-invite-client.js';
import { NonInviteServerTransaction } from '../transaction/transaction.non-invite-server.js';
import { DEFAULT_TIMING, TIMEOUT_T1S, type ClientUser } from '../transaction/transaction.js';
import type { Flow, JoinedFlow, Resolver, Target, Transports } from '../transport/transport.port.js';

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
  private readonly gate = new DrainGate();
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
    this.branchIds = new BranchIds(options.random, options.branchMark);
    this.branchesMax = options.limits?.branchesMax ?? BRANCHES_MAX;
    this.transactionsMax = options.limits?.transactionsMax ?? TRANSACTIONS_MAX;
    this.proxyRequire = options.proxyRequire ?? [];
    this.statelessTag = `s${this.newTag()}`;
    const word = (): number => options.random.bytes(4).readInt32LE();
    this.hashKey = { low: word(), high: word() };
    this.replays = new ReplayStore(options.timers, this.counters, replayLimits(options.limits));
  }

  // ---- Users' side (endpoint.port.ts) ----

  get transactionCount(): number {
    return this.table.size;
  }

  get pendingCount(): number {
    return this.table.pendingCount;
  }

  readonly drain = (letsIn?: DrainAdmission): void => this.gate.close(letsIn);
  readonly undrain = (): void => this.gate.open();

  proxy<L>(tx: ServerTransaction, user: ProxyUser<L>): ProxyContext<L> {
    if (!(tx instanceof PendingRequest)) throw new TypeError('not a server transaction of this engine');
    const context = new Proxy(tx, user, this);
    context.begin(this.depth > 0);
    if (this.depth > 0) this.opened.push(context as unknown as Proxy<never>);
    return context;
  }

  request(message: string, hop: NextHop, user: OwnRequestUser): OwnRequest {
    const edits = ownRequest(message);
    const owner: BranchOwner<undefined> = {
      wantsRetry: () => true,
      branchResponse: (_branch, response) => {
        if (response.status > 100) this.guard(() => user.response(response));
      },
      branchFailed: (_branch, status) => this.guard(() => user.failed(status)),
    };
    const hash = this.branchIds.hash(edits.message, this.name);
    const branch = new ClientBranch(undefined, edits, hop, hash, owner, this);
    branch.start();
    return { cancel: (reason = '') => branch.cancel(reason) };
  }

  sendStateless(edits: Edits, hop: NextHop): void {
    sendStateless(edits, hop, this);
  }

  // ---- Transports' side (transport.port.ts) ----

  message(raw: string, flow: Flow): void {
    try {
      const parsed = readMessage(raw);
      if (!parsed.ok) this.receiveMalformed(parsed, flow);
      else if (parsed.message.isRequest) this.receiveRequest(parsed.message, flow);
      else this.receiveResponse(parsed.message, flow);
    } catch (error) {
      this.defect(error);
    }
  }

  messageWithin(given: SipMessage | string, flow: JoinedFlow, exchange: object): void {
    if (!(exchange instanceof Exchange)) throw new TypeError('not an exchange of these engines');
    try {
      const parsed = readMessage(given);
      const message = parsed.ok ? parsed.message : parsed.partial;
      if (!parsed.ok) this.malformed(parsed.reason, flow);
      if (message?.isRequest === true) this.receiveWithin(message, flow, exchange, parsed);
      else if (parsed.ok) this.receiveAnswer(parsed.message, exchange);
      // Of a provisional or a CANCEL that cannot be read nothing is lost that a timer would not end.
      else if (!/^(?:SIP\/2\.0 1|CANCEL )/.test(given as string)) exchange.broken();
    } catch (error) {
      this.defect(error);
    }
  }

  flowClosed(flow: Flow): void {
    this.table.lost(flow, this.endsWithConnection(flow));
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

  readonly endsWithConnection = (flow: Flow): boolean => this.options.endsWithConnection?.(flow) === true;

  newTag(): string {
    return this.random.token(TAG_LENGTH);
  }

  begin(client: ClientMachine): void {
    this.table.addClient(client);
    client.start();
  }

  terminated(machine: FoundServer | ClientMachine): void {
    if (machine instanceof InviteServerTransaction || machine instanceof NonInviteServerTransaction)
      this.table.removeServer(machine);
    else this.table.removeClient(machine);
  }

  exchangeOver(): void {
    this.table.exchanges--;
  }

  completed(machine: NonInviteServerTransaction, answer: string): void {
    const { key, hash, source } = machine;
    if (source !== undefined)
      this.replays.add(replayKey(key, source), hash, answer, TIMEOUT_T1S * this.timing.t1Ms);
    this.table.removeServer(machine);
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
    if (token === '' && this.options.elsewhere?.response(response, flow) === true) return;
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
    if (method === 'CANCEL' && this.options.elsewhere?.cancel(request, flow) === true) return;
    if (this.isOverloaded(request, flow)) return this.refuseStateless(request, 503, via, flow, true);

    this.admit(this.newPending(request, via, key, hash, flow));
  }

  /** What is wrong with it whoever it is for is answered here (RFC 3261 §16.3); the rest is the user's. */
  private admit(pending: PendingRequest): void {
    const { request, flow } = pending;
    const fault = admissionFault(request, this.branchIds, flow.listener, this.proxyRequire);
    if (fault === undefined) return this.ask(pending);
    this.counters.refused[fault.status] = (this.counters.refused[fault.status] ?? 0) + 1;
    pending.reply(fault.status, undefined, fault.headers);
  }

  private receiveAnswer(response: SipMessage, exchange: Exchange): void {
    this.counters.responses++;
    if (this.branchIds.tokenOf(response) === exchange.token) exchange.receive(response);
    else this.counters.strayResponses++; // whoever answered has changed the Vias below its own
  }

  /** Nothing to look up: the request of an exchange is new, or the CANCEL of what it began with. */
  private receiveWithin(
    request: SipMessage,
    flow: JoinedFlow,
    exchange: Exchange,
    parsed: ParseResult,
  ): void {
    this.counters.requests++;
    // A late one crossed the answer.
    if (request.method === 'CANCEL' && exchange.method === 'INVITE') return exchange.owner?.cancel(request);
    const isOverloaded = this.isOverloaded(request);
    const pending = new PendingRequest(request, flow, undefined, '', exchange, this);
    this.table.exchanges++;
    if (!parsed.ok) return pending.reply(parsed.status);
    if (!isOverloaded) return this.admit(pending);
    this.counters.overload++;
    pending.reply(503, undefined, retryAfter(this.random));
  }

  /** A retransmission, or the ACK of an answered INVITE. */
  private receiveKnown(known: FoundServer, request: SipMessage, flow: Flow): void {
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
    if (answer !== '') responsePath(flow, via, this.transports, this.counters).send(answer);
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
    // Whoever the INVITE reached knows its branch: only who sent it may take it back (RFC 3261 §9.2, §22.1).
    if (owner !== undefined && owner.flow.remoteAddress !== flow.remoteAddress) return false;
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
    const machine = pending.machine as FoundServer;
    this.table.servers.add(machine, hash);
    machine.start();
    return pending;
  }

  /** `flow`: of what came by the network. */
  private isOverloaded(request: SipMessage, flow?: Flow): boolean {
    if (request.method === 'CANCEL') return false;
    if (this.table.size >= this.transactionsMax) return true;
    if (this.gate.refuses(request, flow)) return true;
    return flow !== undefined && this.options.admits?.(request, flow) === false;
  }

  private receiveMalformed(failure: ParseFailure, flow: Flow): void {
    this.malformed(failure.reason, flow);
    const { partial, incomplete, status } = failure;
    const request = partial ?? incomplete;
    if (request === undefined || request.method === 'ACK') return;
    const via = readTopVia(request);
    if (via !== undefined) this.refuseStateless(request, status, via, flow, false);
  }

  private refuseStateless(request: SipMessage, status: number, via: TopVia, flow: Flow, busy: boolean): void {
    if (busy) this.counters.overload++;
    const headers = busy ? retryAfter(this.random) : '';
    const source = sourceOf(via, flow);
    const path = responsePath(flow, via, this.transports, this.counters);
    const reply = makeReply(request, status, reasonPhrase(status), this.statelessTag, source, headers, '');
    path.send(busy ? reply : withoutEmpty(reply));
  }
}

const TAG_LENGTH = 10;

const replayLimits = (limits: Partial<EndpointLimits> | undefined): Partial<ReplayLimits> =>
  limits?.replayBytesMax === undefined ? {} : { bytesMax: limits.replayBytesMax };
