// One attached application: what it asks over its connection, in order, and what it is told. When the connection ends, nothing of
// it stays: its calls that nobody answered go back to where they came from, its sessions are hung up on both sides.
// Bytes come from adapters/control-port.ts; made by drachtio-server.ts.
import { hash, timingSafeEqual } from 'node:crypto';
import { type AppMessage, isWhole, NOT_SIP, parseAppMessage } from './app-message.js';
import { type Command, parseCommand } from './command.js';
import { Dialog, formsDialog } from './dialog.js';
import {
  type ApplicationSide,
  type DrachtioContext,
  isFull,
  type LiveDialog,
  type OwnWaitingRequest,
  type WaitingRequest,
} from './drachtio.ports.js';
import { frame, Framer } from './framing.js';
import { ID_TAKEN, UNKNOWN_TRANSACTION } from './incoming.js';
import { newRequest } from './new-request.js';
import { OutgoingRequest } from './outgoing.js';
import { isDestination, Proxying } from './proxying.js';
import { type Peer, sentRequest, sipLeader } from './telling.js';

/** What it is told that it talks to: drachtio-srf pings from v0.8.2 on. */
const VERSION = 'v0.9.10';
/** A connection that has not authenticated by then is closed. */
export const AUTHENTICATE_MS_MAX = 5_000;
/** How long calls that nobody has answered wait until what the application began of them has been taken back. */
const WITHDRAW_MS_MAX = 1_000;
/** Requests and sessions ended at once; the rest follow in turns, so that other calls go on meanwhile. */
const ENDED_AT_ONCE_MAX = 200;
const TURN_MS = 10;
/** Of one application; more are refused. */
const METHODS_MAX = 32;

const NO_DIALOG = 'NOK|unable to find dialog for dialog id provided';
const FULL = 'NOK|too many requests wait';

/** The connection, as the application's side of the server sees it. */
export interface Link {
  send(text: string): void;
  /** Ends it after what was sent. */
  close(): void;
}

export interface ApplicationHooks {
  attached(application: Application): void;
  detached(application: Application): void;
}

const isSame = (left: string, right: string): boolean =>
  timingSafeEqual(hash('sha256', left, 'buffer'), hash('sha256', right, 'buffer'));

export class Application implements ApplicationSide {
  readonly incoming = new Set<WaitingRequest>();
  readonly outgoing = new Set<OwnWaitingRequest>();
  readonly dialogs = new Set<LiveDialog>();
  readonly methods = new Set<string>();
  tags: ReadonlySet<string> = new Set();
  gone = false;
  private authenticated = false;
  private readonly framer: Framer;
  private readonly stopTimer: () => void;

  constructor(
    private readonly context: DrachtioContext,
    private readonly link: Link,
    private readonly hooks: ApplicationHooks,
  ) {
    this.framer = new Framer({
      message: (text) => this.#message(text),
      failed: () => this.#refuse(),
    });
    this.stopTimer = context.ports.clock.after(AUTHENTICATE_MS_MAX, () => this.link.close());
  }

  /** Bytes of the connection, latin1. */
  receive(piece: string): void {
    if (!this.gone) this.framer.push(piece);
  }

  /** The connection has ended. */
  closed(): void {
    if (this.gone) return;
    this.gone = true;
    this.stopTimer();
    this.framer.stop();
    if (!this.authenticated) return;
    this.hooks.detached(this);
    this.context.ports.count('gone');
    const dialogs = [...this.dialogs].filter(({ confirmed }) => confirmed);
    this.#withdraw();
    this.#inTurns(dialogs, (dialog) => dialog.hangUp());
  }

  tellSip(text: string, peer: Peer, transactionId: string, dialogId: string, isNew = false): void {
    const { ports, settings } = this.context;
    const { host, port } = settings.address;
    const told = { source: 'network', text, peer, nowMs: ports.clock.nowMs() } as const;
    const local = isNew ? { address: host, port } : undefined;
    this.#send(`${sipLeader(ports.random.token(20), told, transactionId, dialogId, local)}\r\n${text}`);
  }

  tellUnsolicited(text: string, dialogId: string): void {
    const { ports, settings } = this.context;
    const { host, port } = settings.address;
    const peer = { protocol: 'tcp', address: host, port };
    const told = { source: 'application', text, peer, nowMs: ports.clock.nowMs() } as const;
    this.#send(`${sipLeader(ports.random.token(20), told, 'unsolicited', dialogId)}\r\n${text}`);
  }

  respond(id: string, answer: string): void {
    this.#send(`${this.context.ports.random.token(20)}|response|${id}|${answer}`);
  }

  #send(message: string): void {
    if (!this.gone) this.link.send(frame(message));
  }

  /** What came is of no protocol of ours: where the next message begins, or what it means, is unknown. */
  #refuse(): void {
    this.context.ports.count('bad-input');
    this.#end();
  }

  /** At once: who does not read what it is told may keep its connection open, but no call waits for it. */
  #end(): void {
    this.framer.stop();
    this.link.close();
    this.closed();
  }

  get attached(): boolean {
    return this.authenticated && !this.gone;
  }

  #message(text: string): void {
    const command = parseCommand(text);
    if (command === undefined) return this.#refuse();
    if (command.kind === 'authenticate') return this.#authenticate(command);
    // Whatever else it says: who has not authenticated is not listened to.
    if (!this.authenticated) {
      this.respond(command.id, 'NO|not authenticated');
      return this.#refuse();
    }
    switch (command.kind) {
      case 'route':
        if (this.methods.size >= METHODS_MAX) return this.respond(command.id, 'NOK|too many methods');
        this.methods.add(command.method);
        return this.respond(command.id, 'OK');
      case 'remove-route':
        this.methods.delete(command.method);
        return this.respond(command.id, 'OK');
      case 'ping':
        return this.respond(command.id, 'OK|pong');
      case 'sip':
        return this.#sip(command);
      case 'proxy':
        return this.#proxy(command);
      case 'unknown':
        this.respond(command.id, 'NO|Unknown message type');
        return this.#refuse();
    }
  }

  #authenticate({ id, secret, tags }: Extract<Command, { kind: 'authenticate' }>): void {
    const { settings, ports } = this.context;
    if (settings.secret !== '' && !isSame(settings.secret, secret)) {
      ports.count('wrong-secret');
      this.respond(id, 'NO|incorrect secret');
      return this.#end();
    }
    this.stopTimer();
    this.tags = new Set(tags);
    this.respond(id, `OK|${settings.hostports}|${VERSION}|${settings.hostports}`);
    if (this.authenticated) return;
    this.authenticated = true;
    ports.count('attached');
    this.hooks.attached(this);
  }

  #sip(command: Extract<Command, { kind: 'sip' }>): void {
    const { id, transactionId, dialogId, nextHop, text } = command;
    const app = parseAppMessage(text);
    if (app === undefined) return this.respond(id, NOT_SIP);
    if (app.status > 0)
      return this.respond(id, this.#mine(transactionId)?.respond(app) ?? UNKNOWN_TRANSACTION);
    if (app.method === 'CANCEL') return this.#cancel(id, transactionId, app, text);
    if (isFull(this.context, this)) return this.respond(id, FULL);
    if (dialogId !== '') return this.#within(id, dialogId, app);
    if (app.method === 'ACK') return this.respond(id, NO_DIALOG);
    const made = newRequest(this.context, app, nextHop);
    if (made.dialogId.includes('|') || !isWhole(made.text)) return this.respond(id, NOT_SIP);
    if (formsDialog(app.method) && this.context.dialogs.has(made.dialogId)) return this.respond(id, ID_TAKEN);
    const request = new OutgoingRequest(this.context, this, made.text, undefined);
    this.#echo(id, made.text, request.id);
    request.begin(made.hop);
  }

  #mine(transactionId: string): WaitingRequest | undefined {
    const waiting = this.context.incoming.get(transactionId);
    return waiting?.application === this ? waiting : undefined;
  }

  #within(id: string, dialogId: string, app: AppMessage): void {
    const dialog = this.context.dialogs.get(dialogId);
    if (!(dialog instanceof Dialog) || dialog.application !== this) return this.respond(id, NO_DIALOG);
    if (app.method === 'ACK') {
      const ack = dialog.acknowledge(app);
      return ack === undefined ? this.respond(id, 'NOK|nothing to acknowledge') : this.#echo(id, ack, '');
    }
    const text = dialog.request(app);
    if (!isWhole(text)) return this.respond(id, NOT_SIP);
    const request = new OutgoingRequest(this.context, this, text, dialog);
    this.#echo(id, text, request.id);
    request.begin(dialog.hop);
  }

  #cancel(id: string, transactionId: string, app: AppMessage, text: string): void {
    const own = this.context.outgoing.get(transactionId);
    if (own?.application !== this) return this.respond(id, 'NOK|unknown transaction');
    this.#echo(id, text, this.context.ports.random.token(20));
    own.cancel(app.headers.find(({ key }) => key === 'reason')?.value ?? '');
  }

  #proxy({ id, transactionId, options, text }: Extract<Command, { kind: 'proxy' }>): void {
    const waiting = this.#mine(transactionId);
    if (waiting === undefined || waiting.tx.answered) return this.respond(id, UNKNOWN_TRANSACTION);
    if (options.destinations.length === 0) return this.respond(id, 'NOK|no destination');
    if (!options.destinations.every(isDestination)) return this.respond(id, 'NOK|a destination is no URI');
    waiting.release();
    new Proxying(this.context, this, id, waiting.tx, options, parseAppMessage(text)).begin();
  }

  #echo(id: string, text: string, transactionId: string): void {
    const { ports, settings } = this.context;
    const { host, port } = settings.address;
    const peer = { protocol: 'tcp', address: host, port };
    const told = { source: 'application', text, peer, nowMs: ports.clock.nowMs() } as const;
    this.respond(id, `${sentRequest(told, transactionId)}\r\n${text}`);
  }

  /**
   * Calls that it has not answered with 101–199 may go on without it; first what it began of them is taken back, so that nobody
   * is rung twice. The others have their final answer at once.
   */
  #withdraw(): void {
    const [quiet, rang]: [WaitingRequest[], WaitingRequest[]] = [[], []];
    for (const waiting of this.incoming) (waiting.rang ? rang : quiet).push(waiting);
    const withdraw = (waiting: WaitingRequest): void => {
      // It may have been cancelled or timed out before its turn.
      if (this.incoming.has(waiting)) waiting.withdraw();
    };
    this.#inTurns(rang, withdraw);
    let left = this.outgoing.size;
    const goOn = (): void => this.#inTurns(quiet, withdraw);
    if (left === 0) return goOn();
    const stop = this.context.ports.clock.after(WITHDRAW_MS_MAX, goOn);
    this.#inTurns([...this.outgoing], (own) =>
      own.abandon(() => {
        if (--left > 0) return;
        stop();
        goOn();
      }),
    );
  }

  #inTurns<T>(all: T[], end: (one: T) => void): void {
    for (const one of all.splice(0, ENDED_AT_ONCE_MAX)) end(one);
    if (all.length > 0) this.context.ports.clock.after(TURN_MS, () => this.#inTurns(all, end));
  }
}
