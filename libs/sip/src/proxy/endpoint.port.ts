// The engine as its users see it: bono and sprout implement `EndpointUser`, call `ServerTransaction` and `ProxyContext`.
// Implementation: endpoint.ts (matching, §17), transaction.*.ts (the four machines), proxy.ts (§16). No promises inside.
import type { Edits } from '../message/edits.js';
import type { SipMessage } from '../message/message.js';
import type { Flow, Target } from '../transport/transport.port.js';

/** What the application does with requests. Called synchronously; must not throw (an exception is answered 500). */
export interface EndpointUser {
  /** A new request in a new server transaction: every method but ACK and a CANCEL that matches. */
  request(tx: ServerTransaction): void;
  /** ACK for a 2xx: outside transactions, forwarded with Endpoint.sendStateless or dropped. */
  ack(ack: SipMessage, flow: Flow): void;
  flowClosed?(flow: Flow): void;
  /** The user's verdict on input that does not parse: counted by default. */
  malformed?(reason: string, flow: Flow): void;
}

/** One request and the obligation to answer it. Retransmissions are absorbed and answered from memory by the engine. */
export interface ServerTransaction {
  readonly request: SipMessage;
  readonly flow: Flow;
  /** True once a CANCEL came (INVITE only) and no final response had been sent. */
  readonly cancelled: boolean;
  /** True once a final response was sent. */
  readonly answered: boolean;
  /** Of every answer made here. May be set before the first one, by who keeps dialogs of its own. */
  toTag: string;
  /** Called at most once, when a CANCEL comes before the final response; the engine has answered the CANCEL 200. */
  onCancel: ((cancel: SipMessage) => void) | undefined;
  /**
   * Answers: copies Via, From, To (with a tag, the same for every answer of the transaction), Call-ID, CSeq, then
   * `headers` (whole lines, each ending in CRLF), then Content-Length and body. A second final answer is ignored.
   */
  reply(status: number, reason?: string, headers?: string, body?: string): void;
  /** The text that `reply` would send, for who sends it more than once (`forward`): a 2xx until its ACK (RFC 3261 §13.3.1.4). */
  render(status: number, reason?: string, headers?: string, body?: string): string;
  /** Passes on a response that came from downstream, rendered with this node's Via already removed. */
  forward(status: number, message: string): void;
}

/** Where a branch goes: a flow (as it is), one resolved target from a listener, or a URI to resolve (RFC 3263). */
export type NextHop =
  | Readonly<{ kind: 'flow'; flow: Flow }>
  | Readonly<{ kind: 'target'; target: Target; listener: string }>
  | Readonly<{ kind: 'uri'; uri: string; listener: string }>;

/** One client transaction of a proxied request. `label` is the user's own. */
export interface Branch<L = unknown> {
  readonly label: L;
  /** The request as sent, our Via on top; '' before it is sent and after the branch has ended. */
  readonly request: SipMessage | string;
  /** Highest status received, 0 before any. */
  readonly status: number;
  readonly ended: boolean;
}

export type ForkOptions = Readonly<{
  /** Default true. */
  lowerMaxForwards?: boolean;
  /**
   * The branch carries no Via but this node's own (RFC 3323 §5.1): those that came are kept here, and answers get them back.
   * Of a request with several branches either all do so or none.
   */
  hideVias?: boolean;
}>;

/** What the user decides while a request is proxied. All calls are synchronous. */
export interface ProxyUser<L = unknown> {
  /**
   * A response about to go upstream: change headers by `edits` (our Via's removal is already in it).
   * Provisional (101–199) and 2xx: as they come, those after the first 2xx too; otherwise the chosen best one.
   */
  response?(response: SipMessage, edits: Edits): void;
  /**
   * What has a say in the 2xx that follow the first, for 32 s, where that is less than the whole user; set to undefined: nobody. Default:
   * the user, which is kept so long if it has a `response`.
   */
  readonly laterAnswers?: Pick<ProxyUser<L>, 'response'> | undefined;
  /** A 2xx leaves the other branches ringing (RFC 3841 §9.1 `no-cancel`), until none that comes could be passed on. Default: false. */
  readonly keepsRinging?: boolean;
  /** A branch gave a sign of life, 100 Trying included, before anything is passed on: for who watches over a server. */
  provisional?(branch: Branch<L>, status: number): void;
  /**
   * A branch ended with a final other than 2xx (408: no answer; 503: could not be sent; then `response` is undefined).
   * 'count': it takes part in the choice of the best response; 'retry': the user forked a replacement or dropped it.
   */
  branchFailed?(branch: Branch<L>, status: number, response: SipMessage | undefined): 'count' | 'retry';
  /**
   * All branches have ended and this is the answer chosen (RFC 3261 §16.7 item 6: lowest 6xx, then by class, 401/407
   * challenges merged; 503 becomes 500; RFC 4320). Return a status to answer that instead, made here.
   */
  chosen?(status: number, response: SipMessage | undefined): number | undefined;
  /**
   * A final answer has been sent upstream (a 2xx too): for events and charging. Called once. Also for the 408 of a
   * non-INVITE, which is never sent (RFC 4320 §4.2).
   */
  completed?(status: number, branch: Branch<L> | undefined, response: SipMessage | undefined): void;
  /** The caller cancelled (after all branches were told). */
  cancelled?(cancel: SipMessage): void;
}

/** The response context of a transaction-stateful proxy (RFC 3261 §16.6–16.10). One a server transaction. */
export interface ProxyContext<L = unknown> {
  readonly server: ServerTransaction;
  readonly branches: readonly Branch<L>[];
  /**
   * Forwards a copy: `edits` is what the user changed of the request (Route, Record-Route, Request-URI, …); the engine
   * adds Via (branch), received/rport on the client's Via, and lowers Max-Forwards when `hop` leaves this network function
   * (`lowerMaxForwards`). May be called again at any time before the final answer, up to BRANCHES_MAX (10).
   * The edits are the branch's from then on, as other targets of the hop may be tried later: give each branch a copy().
   * Until the context is sealed nothing is sent (Max-Breadth is divided among the branches, RFC 5393 §5), so `request` is ''.
   * Undefined when no branch is made: answered, cancelled, a 6xx came, or BRANCHES_MAX.
   */
  fork(edits: Edits, hop: NextHop, label: L, options?: ForkOptions): Branch<L> | undefined;
  /** CANCELs every branch without a final answer; `reason` is a Reason header value (RFC 3326). */
  cancelBranches(reason?: string, except?: Branch<L>): void;
  /**
   * Gives one branch up: it is CANCELled, and neither its provisional answers nor a final one other than 2xx (which always
   * goes upstream, RFC 3261 §16.7 item 5) count from here on.
   */
  abandon(branch: Branch<L>, reason?: string): void;
  /**
   * The user needs time to find what takes the place of a branch: until `release` nothing that it forks is sent and no final
   * answer is chosen. A CANCEL or a 6xx is answered all the same.
   */
  hold(): void;
  /** Ends `hold`: sends what was forked meanwhile, or lets the answer be chosen. The context is sealed from then on. */
  release(): void;
  /**
   * Says that no more branches will come beside those that replace failed ones, sends what was forked, and lets the answer
   * be chosen when all have ended. Default: said by the end of the call stack that made the context, or, when it had no
   * branch then, that of the first fork. Sealed by the user without any branch: answered 480.
   */
  seal(): void;
  /** Ends the context with an answer of this node's own; branches are cancelled. */
  reply(status: number, reason?: string, headers?: string, body?: string): void;
}

/** Timers of RFC 3261 table 4 and of this engine, milliseconds. */
export type SipTiming = Readonly<{
  t1Ms: number; // 500
  t2Ms: number; // 4,000
  t4Ms: number; // 5,000
  timerCMs: number; // 180,000; reset by every 101–199
  /** 100 Trying: at once over UDP, after this on reliable transports when nothing else was sent (RFC 3261 §17.2.1). */
  tryingAfterMs: number; // 200
}>;

/** What is heard of a request of a node's own: answers from 101 on, or that none comes. */
export interface OwnRequestUser {
  response(response: SipMessage): void;
  failed(status: 408 | 503): void;
}

/** A request of a node's own that waits for its answer. */
export interface OwnRequest {
  /** CANCELs an INVITE as soon as that is allowed; `reason` is a Reason header value (RFC 3326). */
  cancel(reason?: string): void;
}

export interface Endpoint {
  /** Starts proxying a request of one of this endpoint's server transactions. */
  proxy<L>(tx: ServerTransaction, user: ProxyUser<L>): ProxyContext<L>;
  /** Sends a request outside transactions (ACK for 2xx) with our Via on top (a stateless branch, RFC 3261 §16.11). */
  sendStateless(edits: Edits, hop: NextHop): void;
  /**
   * A request of this node's own (NOTIFY, third-party REGISTER, a call that it makes): complete but for Via. An accepted INVITE
   * tells of every 2xx, its retransmissions too; their ACKs are the user's (sendStateless).
   */
  request(message: string, hop: NextHop, user: OwnRequestUser): OwnRequest;
  /** Number of live transactions, for draining and metrics. */
  readonly transactionCount: number;
}
