// One request sent to one next hop: its targets are resolved, tried in order, each by a client transaction of its own
// with a new Via. RFC 3261 §16.6 items 7–10, §8.1.2; RFC 3263 §4.3. Owners: proxy.ts, endpoint.ts.
import type { BranchIds } from './branch-id.js';
import type { Edits } from '../message/edits.js';
import { makeCancel } from './derived-request.js';
import { Exchange, textOf } from './exchange.js';
import type { Branch, NextHop } from '../proxy/endpoint.port.js';
import { H } from '../message/header-table.js';
import type { SipMessage } from '../message/message.js';
import { TimerNode, type TimerOwner } from './timer-wheel.js';
import { InviteClientTransaction, type InviteClientLayer } from './transaction.invite-client.js';
import { NonInviteClientTransaction } from './transaction.non-invite-client.js';
import { TIMEOUT_T1S, type ClientUser, type TransactionLayer } from './transaction.js';
import {
  isJoined,
  type Flow,
  type Resolver,
  type Target,
  type TransportName,
  type Transports,
} from '../transport/transport.port.js';

/** Targets tried of one hop; what a resolver gives beyond is not used. */
export const TARGETS_MAX = 5;

export type ClientMachine = InviteClientTransaction | NonInviteClientTransaction | Exchange;

export interface ClientLayer extends TransactionLayer<ClientMachine>, Pick<InviteClientLayer, 'sendCancel'> {
  readonly transports: Transports;
  readonly resolver: Resolver;
  readonly branchIds: BranchIds;
  /** Puts the transaction in the table, where responses find it, and starts it. */
  begin(transaction: ClientMachine): void;
  /** A resolver's promise was rejected. */
  resolverFailed(error: unknown): void;
  /** Is the peer's end of this connection the end of its transactions too? (EndpointOptions) */
  endsWithConnection(flow: Flow): boolean;
}

/** Whose branch it is. */
export interface BranchOwner<L> {
  /** After this failure of a target, would an answer of another still be of use? */
  wantsRetry(status: 408 | 503): boolean;
  /** A response of the target that is being tried: any provisional, the final one, each 2xx to an INVITE. */
  branchResponse(branch: ClientBranch<L>, response: SipMessage): void;
  /** No target gave a final response: 408, or 503 when it could not be sent at all. */
  branchFailed(branch: ClientBranch<L>, status: 408 | 503): void;
  /** Who takes further 2xx of an accepted INVITE, for 32 s, and holds no more than that needs; undefined: the branch. */
  lateAnswers?(): ClientUser | undefined;
}

const PROTOCOLS: Readonly<Record<TransportName, string>> = {
  udp: 'SIP/2.0/UDP ',
  tcp: 'SIP/2.0/TCP ',
  tls: 'SIP/2.0/TLS ',
  ws: 'SIP/2.0/WS ',
  wss: 'SIP/2.0/WSS ',
};

/** Reason of the CANCEL to a peer that is believed to have ended (RFC 3326). */
const LOST = 'SIP;cause=503;text="Connection lost"';

/** Our Via on what is sent by this flow. */
export const viaValue = (transports: Transports, flow: Flow, branchId: string): string =>
  `${PROTOCOLS[flow.transport]}${transports.sentBy(flow)};branch=${branchId}`;

export class ClientBranch<L> implements Branch<L>, ClientUser, TimerOwner {
  request = '';
  status = 0;
  ended = false;
  /** Wanted no more: no other target is tried. */
  cancelled = false;
  /** Given up by the user: of what it answers only a 2xx counts. */
  abandoned = false;
  /** Share of Max-Breadth that it holds (RFC 5393 §5). */
  breadth = 0;
  private transaction: ClientMachine | undefined;
  private targets: readonly Target[] = [];
  private next = 0;
  /** The target of the resolver's that is being tried, until somebody answers there. */
  private trying: Target | undefined;
  /** A target whose connection broke has been put behind the others. */
  private repeats = false;
  /** The target being tried is a stream that stands in for this UDP one (§18.1.1). */
  private standsFor: Target | undefined;
  private resolving: TimerNode | undefined;
  /** Last 503 received while other targets were left. */
  private refused: SipMessage | undefined;
  private readonly method: string;
  /** Until the branch ends, which may be long before its transaction does. */
  private edits: Edits | undefined;

  constructor(
    readonly label: L,
    edits: Edits,
    private readonly hop: NextHop,
    private readonly hash: string,
    private readonly owner: BranchOwner<L>,
    private readonly layer: ClientLayer,
  ) {
    this.edits = edits;
    this.method = edits.message.method;
  }

  /** True for a branch that can be reached over its flow only (RFC 5626): with the flow it is lost. */
  get boundToFlow(): boolean {
    return this.hop.kind === 'flow' || this.hasLostPeer;
  }

  start(): void {
    const { hop } = this;
    if (hop.kind === 'flow') return this.sendOn(hop.flow);
    if (hop.kind === 'target') {
      this.targets = [hop.target];
      return this.tryNext();
    }
    const found = this.layer.resolver.resolve(hop.uri);
    if (!(found instanceof Promise)) return this.resolved(found);
    this.resolving = new TimerNode(this, 0);
    this.layer.timers.start(this.resolving, TIMEOUT_T1S * this.layer.timing.t1Ms);
    found.then(
      (targets) => this.resolvedLate(targets),
      (error: unknown) => {
        this.layer.resolverFailed(error);
        this.resolvedLate([]);
      },
    );
  }

  /** CANCELs an INVITE, as soon as that is allowed; other methods only lose their further targets. */
  cancel(reason: string): void {
    if (this.ended || this.cancelled) return;
    this.cancelled = true;
    if (canCancel(this.transaction)) this.transaction.cancel(reason);
    else if (this.transaction === undefined) {
      // Never sent: nobody is told, nothing was asked.
      this.stopResolving();
      this.ended = true;
    }
  }

  response(response: SipMessage): void {
    const { status } = response;
    if (this.trying !== undefined) this.answered(this.trying);
    if (status === 503 && this.mayRetry(status)) {
      this.refused = response;
      return this.tryNext();
    }
    if (status > this.status) this.status = status;
    if (status >= 200) this.ended = true;
    this.owner.branchResponse(this, response);
    if (this.ended) this.release();
  }

  failed(status: 408 | 503): void {
    if (this.ended) return;
    this.stopResolving();
    // A stream that stands in says nothing about the target itself.
    if (this.trying !== undefined && this.standsFor === undefined && !wasTaken(this.transaction))
      this.layer.resolver.failed?.(this.trying);
    this.trying = undefined;
    if (this.hasLostPeer) {
      this.takeBack();
      this.repeatLast();
    }
    // A target that took it or answered provisionally had the request: another would run it twice.
    if (!this.isUnderWay && this.mayRetry(status)) {
      this.status = 0;
      return this.tryNext();
    }
    this.ended = true;
    if (this.refused !== undefined && status === 503) {
      this.status = this.refused.status;
      this.owner.branchResponse(this, this.refused);
    } else this.owner.branchFailed(this, status);
    this.release();
  }

  /** Its share of Max-Breadth is written into what it will send. */
  limitBreadth(stated: string | undefined): void {
    if (stated !== String(this.breadth)) this.edits?.replace(H.MaxBreadth, String(this.breadth));
  }

  /** The resolver took too long. */
  timer(_kind: number): void {
    this.failed(503);
  }

  /** A peer has it that may still answer, or with which somebody rings. One that has ended before anybody rang has not. */
  private get isUnderWay(): boolean {
    if (wasTaken(this.transaction)) return true;
    return this.status > 0 && !(this.status === 100 && this.hasLostPeer);
  }

  /** It was with a peer of this network, and the connection to it is gone. */
  private get hasLostPeer(): boolean {
    const { transaction } = this;
    return (
      transaction !== undefined &&
      !(transaction instanceof Exchange) &&
      transaction.flow.closed &&
      this.layer.endsWithConnection(transaction.flow)
    );
  }

  /** A connection that broke is no proof: should the peer live, it is to let nobody ring on. Nobody waits for what it says. */
  private takeBack(): void {
    const { transaction, request, layer } = this;
    if (transaction === undefined || request === '' || this.status === 0) return;
    const { transport, remoteAddress: address, remotePort: port, listener } = transaction.flow;
    const cancel = makeCancel(request, LOST);
    if (cancel !== '') layer.transports.flowTo({ transport, address, port }, listener)?.send(cancel);
  }

  /** Behind one address there may be several processes, and one of them has ended: when no other target is left it is asked again, once. */
  private repeatLast(): void {
    const lost = this.targets[this.next - 1];
    if (this.repeats || lost === undefined) return;
    this.repeats = true;
    this.targets = [...this.targets, lost];
  }

  private mayRetry(status: 408 | 503): boolean {
    const more = this.standsFor !== undefined || this.next < this.targets.length;
    return more && !this.cancelled && this.owner.wantsRetry(status);
  }

  private resolvedLate(targets: readonly Target[]): void {
    if (this.resolving === undefined) return; // too late, or cancelled
    this.stopResolving();
    this.resolved(targets);
  }

  private stopResolving(): void {
    if (this.resolving !== undefined) this.layer.timers.stop(this.resolving);
    this.resolving = undefined;
  }

  private resolved(targets: readonly Target[]): void {
    this.targets = targets.length > TARGETS_MAX ? targets.slice(0, TARGETS_MAX) : targets;
    if (targets.length === 0) this.failed(503);
    else this.tryNext();
  }

  private tryNext(): void {
    const { transports } = this.layer;
    const { listener } = this.hop as Exclude<NextHop, { kind: 'flow' }>;
    for (;;) {
      const spared = this.standsFor;
      this.standsFor = undefined;
      const target = spared ?? this.targets[this.next++];
      if (target === undefined) return this.failed(503);
      const flow = transports.flowTo(target, listener);
      if (flow === undefined) continue; // nothing of the target's: there is no way of that kind
      this.trying = this.hop.kind === 'uri' ? target : undefined;
      if (spared === undefined && target.transport === 'udp' && transports.preferStream !== undefined) {
        const token = this.layer.branchIds.newToken();
        const request = this.render(flow, token);
        const better = transports.preferStream(request.length, target, listener);
        const stream = better === target ? undefined : transports.flowTo(better, listener);
        if (stream === undefined || stream === flow) return this.begin(flow, token, request);
        this.standsFor = target;
        return this.sendOn(stream);
      }
      return this.sendOn(flow);
    }
  }

  private sendOn(flow: Flow): void {
    const token = this.layer.branchIds.newToken();
    this.begin(flow, token, isJoined(flow) ? this.readyMade(flow, token) : this.render(flow, token));
  }

  private answered(target: Target): void {
    this.trying = undefined;
    this.layer.resolver.worked?.(target);
  }

  /** An accepted INVITE stays for timer M: without what nothing needs any more. */
  private release(): void {
    this.edits = undefined;
    this.request = '';
    this.targets = [];
    this.refused = undefined;
    if (!canCancel(this.transaction) || this.transaction.state !== 'accepted') return;
    const late = this.owner.lateAnswers?.();
    if (late !== undefined) this.transaction.handOver(late);
  }

  private render(flow: Flow, token: string): string {
    return this.edits?.renderWithVia(this.via(flow, token)) ?? '';
  }

  private readyMade(flow: Flow, token: string): SipMessage | string {
    return this.edits?.readyMadeWithVia(this.via(flow, token)) ?? '';
  }

  private via(flow: Flow, token: string): string {
    const { branchIds, transports } = this.layer;
    return viaValue(transports, flow, branchIds.branch(this.hash, token));
  }

  private begin(flow: Flow, token: string, request: SipMessage | string): void {
    const { layer, method } = this;
    const text = textOf(request);
    this.request = text;
    if (isJoined(flow)) this.transaction = new Exchange(token, method, request, flow, this, layer);
    else
      this.transaction =
        method === 'INVITE'
          ? new InviteClientTransaction(token, text, flow, this, layer)
          : new NonInviteClientTransaction(token, method, text, flow, this, layer);
    layer.begin(this.transaction);
  }
}

const wasTaken = (machine: ClientMachine | undefined): boolean =>
  machine instanceof Exchange && machine.wasTaken;

/** Of an INVITE, or perhaps of one. */
const canCancel = (machine: ClientMachine | undefined): machine is InviteClientTransaction | Exchange =>
  machine instanceof Exchange || machine instanceof InviteClientTransaction;
