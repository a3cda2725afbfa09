// A server transaction as the user sees it: the request, the obligation to answer it, and its machine (RFC 3261 §17.2).
// Made by endpoint.ts; read by bono, sprout and proxy.ts.
import type { ServerTransaction } from '../proxy/endpoint.port.js';
import type { SipMessage } from '../message/message.js';
import { makeReply, reasonPhrase, type Source } from './reply.js';
import { Exchange, textOf, type AnsweringLayer } from './exchange.js';
import { InviteServerTransaction, type InviteServerUser } from './transaction.invite-server.js';
import {
  NonInviteServerTransaction,
  type NonInviteServerLayer,
  type NonInviteServerUser,
} from './transaction.non-invite-server.js';
import type { ResponsePath, TransactionLayer } from './transaction.js';
import type { Flow, JoinedFlow } from '../transport/transport.port.js';

export type ServerMachine = InviteServerTransaction | NonInviteServerTransaction | Exchange;

export interface ServerLayer
  extends
    TransactionLayer<InviteServerTransaction | NonInviteServerTransaction>,
    Pick<NonInviteServerLayer, 'completed'>,
    AnsweringLayer {
  /** A fresh To tag. */
  newTag(): string;
}

/** What a server transaction tells the response context of a proxied request. */
export interface ResponseContext {
  readonly busy: boolean;
  reply(status: number): void;
  callerCancelled(cancel: SipMessage): void;
}

export class PendingRequest implements ServerTransaction, InviteServerUser, NonInviteServerUser {
  readonly machine: ServerMachine;
  cancelled = false;
  answered = false;
  onCancel: ((cancel: SipMessage) => void) | undefined = undefined;
  /** Set by the response context of a proxied request: is a branch still at work? */
  context: ResponseContext | undefined = undefined;

  constructor(
    readonly request: SipMessage,
    readonly flow: Flow,
    /** Set when the topmost Via lacks something that §18.2.1 or RFC 3581 wants in answers. */
    readonly source: Source | undefined,
    key: string,
    /** Where answers go: the way through a network, or the exchange that the request came in. */
    path: ResponsePath | Exchange,
    private readonly layer: ServerLayer,
    private tag = '',
  ) {
    if (path instanceof Exchange) this.machine = path.takenBy(this, flow as JoinedFlow, layer);
    else
      this.machine =
        request.method === 'INVITE'
          ? new InviteServerTransaction(key, path, this, layer)
          : new NonInviteServerTransaction(key, request.method, path, this, layer, flow);
  }

  /** True once nothing can be sent any more. */
  get ended(): boolean {
    return this.machine.state === 'terminated';
  }

  /** The same for every answer made here, and for the answer to a CANCEL (§9.2). */
  get toTag(): string {
    if (this.tag === '') this.tag = this.layer.newTag();
    return this.tag;
  }

  set toTag(tag: string) {
    this.tag ||= tag;
  }

  reply(status: number, reason?: string, headers?: string, body?: string): void {
    if (!this.answered) this.forward(status, this.render(status, reason, headers, body));
  }

  render(status: number, reason = reasonPhrase(status), headers = '', body = ''): string {
    const tag = status === 100 ? '' : this.toTag;
    return makeReply(this.request, status, reason, tag, this.source, headers, body);
  }

  /** True where what is forwarded is read in this process: then it may be given ready made. */
  get isJoined(): boolean {
    return this.machine instanceof Exchange;
  }

  forward(status: number, message: SipMessage | string): void {
    if (status >= 200) {
      // Further 2xx to an INVITE pass (RFC 6026 §7.1): the machine lets nothing else through.
      this.answered = true;
      this.onCancel = undefined;
      // Nothing asks it any more, and it holds all of its branches.
      this.context = undefined;
    }
    if (this.machine instanceof Exchange) this.machine.respond(status, message);
    else this.machine.respond(status, textOf(message));
  }

  /** A CANCEL matched: told once, and only while no final answer has been sent. */
  cancel(cancel: SipMessage): void {
    if (this.cancelled || this.answered) return;
    this.cancelled = true;
    const told = this.onCancel;
    this.onCancel = undefined;
    told?.(cancel);
    this.context?.callerCancelled(cancel);
  }

  /** Nobody waits for an answer any more: what is under way is cancelled. */
  orphaned(): void {
    this.context?.reply(500);
    this.reply(500);
  }

  trying(): void {
    this.reply(100);
  }

  unanswered(): boolean {
    if (this.context?.busy === true) return true;
    // Whoever took the request has lost it: a defect there must not leak a transaction here.
    this.context?.reply(500);
    this.reply(500);
    return false;
  }
}
