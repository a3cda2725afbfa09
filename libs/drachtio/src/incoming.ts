// A request that an application has to answer: told to it, answered by it, acknowledged or cancelled by the caller
// (RFC 3261 §8.2, §13.3; RFC 3262 for reliable provisional answers). Made by drachtio-server.ts.
import { addrUri, H, type ServerTransaction, type SipMessage, tagOf, values } from '#libs/sip';
import { appHeader, type AppMessage, headerLinesWithout, isSip, NOT_SIP } from './app-message.js';
import { Dialog, dialogIdOf, formsDialog, ownContact, refreshesTarget, subscribes } from './dialog.js';
import type { ApplicationSide, DrachtioContext, WaitingRequest } from './drachtio.ports.js';
import { Repeated } from './repeated.js';
import { peerOf, sentResponse } from './telling.js';

/** An application that says nothing at all loses the request: 408. A client of another method has given up by then. */
const UNANSWERED_MS = 64_000;
const UNANSWERED_OTHER_MS = 32_000;
/** It rang and rings: less than timer C of the engine. */
const RINGING_MS_MAX = 170_000;

/**
 * Reason of a final answer that stands for an application that went away before it had said anything: what it may have begun
 * has been taken back, and the request can go on as if it had never been asked.
 */
export const APPLICATION_GONE = 'SIP;cause=500;text="Application gone, nothing begun"';

const OWNED: ReadonlySet<string> = new Set([
  'via', 'from', 'to', 'call-id', 'cseq', 'max-forwards', 'route', 'record-route', 'content-length',
]); // prettier-ignore
const OWNED_WITH_CONTACT: ReadonlySet<string> = new Set([...OWNED, 'contact']);

export class IncomingRequest implements WaitingRequest {
  readonly id: string;
  /** 101–199 was sent. */
  rang = false;
  private stopTimer: (() => void) | undefined;
  private provisional: Repeated | undefined;
  private rseq = 0;

  constructor(
    private readonly context: DrachtioContext,
    readonly tx: ServerTransaction,
    readonly application: ApplicationSide,
    /** The dialog that it came in; of a request that begins one, once it has an answer. */
    private dialog: Dialog | undefined,
  ) {
    this.id = context.ports.random.token(20);
  }

  get request(): SipMessage {
    return this.tx.request;
  }

  private get isInvite(): boolean {
    return this.request.method === 'INVITE';
  }

  private get dialogId(): string {
    return this.dialog?.id ?? '';
  }

  /** Hands it to its application. */
  begin(): void {
    const { context, tx, application, request } = this;
    context.incoming.set(this.id, this);
    application.incoming.add(this);
    this.#wait(this.isInvite ? UNANSWERED_MS : UNANSWERED_OTHER_MS);
    tx.onCancel = (cancel) => {
      tx.reply(487);
      this.#over();
      if (this.dialog?.confirmed === false) this.dialog.end();
      application.tellSip(cancel.raw, peerOf(tx.flow), this.id, this.dialogId);
    };
    context.ports.count('request-in');
    application.tellSip(request.raw, peerOf(tx.flow), this.id, this.dialogId, this.dialog === undefined);
  }

  /** Somebody else answers it from here on: a proxy context. What the application had said of it is void. */
  release(): void {
    this.tx.onCancel = undefined;
    if (this.dialog?.confirmed === false) this.dialog.end();
    this.#over();
  }

  /** The application's answer; a word for it when it cannot be sent. */
  respond(app: AppMessage): string {
    const { tx } = this;
    const { status } = app;
    if (tx.answered) return UNKNOWN_TRANSACTION;
    const isReliable = this.isInvite && status > 100 && status < 200 && asksForPrack(app);
    const begins = status > 100 && status < 300 && this.isForming;
    if (begins && appTag(app) !== '') tx.toTag = appTag(app);
    const reason = app.reason === '' ? undefined : app.reason;
    const text = tx.render(status, reason, this.#headers(app, begins, isReliable), app.body);
    if (!isSip(text)) return NOT_SIP;
    if (begins) this.dialog ??= this.#makeDialog();
    if (begins && this.dialog === undefined) {
      // RFC 3261 §8.2.2.2: it came by two ways, and an application has answered the other one.
      this.#over();
      tx.reply(482);
      return ID_TAKEN;
    }
    if (status >= 200) this.#finish(app, text);
    else this.#ring(status, text, isReliable);
    return this.#echo(text);
  }

  /** It is about to begin a dialog. */
  private get isForming(): boolean {
    return formsDialog(this.request.method) && tagOf(this.request.header(H.To)!) === '';
  }

  #headers(app: AppMessage, begins: boolean, isReliable: boolean): string {
    const { request, context, rseq } = this;
    const isOwnContact = app.status > 100 && app.status < 300 && refreshesTarget(request.method);
    let headers = headerLinesWithout(app, isOwnContact ? OWNED_WITH_CONTACT : OWNED);
    if (begins) for (const route of values(request, H.RecordRoute)) headers += `Record-Route: ${route}\r\n`;
    if (isOwnContact) headers += `Contact: ${ownContact(context.settings, appHeader(app, 'contact'))}\r\n`;
    return isReliable ? `${headers}RSeq: ${rseq + 1}\r\n` : headers;
  }

  /** The peer's PRACK: false when it acknowledges nothing that was sent (RFC 3262 §3). */
  acknowledgedProvisional(rack: string): boolean {
    const [rseq, cseq] = rack.trim().split(/\s+/);
    if (this.provisional === undefined || Number(rseq) !== this.rseq || Number(cseq) !== this.request.cseq)
      return false;
    this.provisional.stop();
    this.provisional = undefined;
    return true;
  }

  /** The application is gone. */
  withdraw(): void {
    const headers = this.rang ? '' : `Reason: ${APPLICATION_GONE}\r\n`;
    if (!this.rang) this.context.ports.count('withdrawn');
    if (this.dialog?.confirmed === false) this.dialog.end();
    this.#over();
    // Not 503: that would say that another node might serve, and the same request would come again by another address.
    this.tx.reply(500, undefined, headers);
  }

  #makeDialog(): Dialog | undefined {
    const { context, tx, application, request } = this;
    const from = request.header(H.From)!;
    const callId = request.header(H.CallId)!;
    return new Dialog(context, dialogIdOf(callId, tagOf(from)), application, request.method, {
      callId,
      local: `${request.header(H.To)!};tag=${tx.toTag}`,
      remote: from,
      localSeq: 0,
      remoteSeq: request.cseq,
      target: addrUri(values(request, H.Contact)[0] ?? from),
      routes: values(request, H.RecordRoute),
    }).begin();
  }

  #ring(status: number, text: string, isReliable: boolean): void {
    this.tx.forward(status, text);
    if (status === 100) return;
    this.rang = true;
    this.#wait(RINGING_MS_MAX);
    if (!isReliable) return;
    this.rseq++;
    this.provisional?.stop();
    const again = (): void => this.tx.forward(status, text);
    this.provisional = new Repeated(this.context.ports.clock, again, () => this.#timedOut(504));
    if (this.dialog !== undefined) this.dialog.reliable = this;
  }

  #finish(app: AppMessage, text: string): void {
    const { tx, request, dialog } = this;
    const { status } = app;
    this.#over();
    tx.forward(status, text);
    if (dialog === undefined) return;
    if (status >= 300) {
      if (!dialog.confirmed) dialog.end();
      return;
    }
    if (request.method === 'BYE') dialog.end();
    if (subscribes(request.method))
      dialog.subscribedBy(
        request.method,
        (name) => appHeader(app, name.toLowerCase()) ?? request.named(name),
      );
    if (refreshesTarget(request.method)) dialog.goesOnAt(request);
    dialog.confirmed = true;
    if (!this.isInvite) return;
    const again = (): void => tx.forward(status, text);
    const { clock } = this.context.ports;
    dialog.awaitAck(request.cseq, new Repeated(clock, again, () => this.#unacknowledged(dialog)));
  }

  /** RFC 3261 §13.3.1.4: the dialog is confirmed, but nobody is there. */
  #unacknowledged(dialog: Dialog): void {
    this.context.ports.count('ack-missing');
    dialog.unawaited();
    if (!dialog.live) return;
    const bye = dialog.hangUp('SIP;cause=408;text="No ACK"');
    dialog.application.tellUnsolicited(bye, dialog.id);
  }

  #echo(text: string): string {
    const { ports } = this.context;
    const told = {
      source: 'application',
      text,
      peer: peerOf(this.tx.flow),
      nowMs: ports.clock.nowMs(),
    } as const;
    return `${sentResponse(told, this.id, this.dialogId)}\r\n${text}`;
  }

  #wait(ms: number): void {
    this.stopTimer?.();
    this.stopTimer = this.context.ports.clock.after(ms, () => this.#timedOut(408));
  }

  #timedOut(status: number): void {
    this.#over();
    if (this.dialog?.confirmed === false) this.dialog.end();
    this.tx.reply(status);
  }

  #over(): void {
    this.stopTimer?.();
    this.provisional?.stop();
    this.provisional = undefined;
    this.context.incoming.delete(this.id);
    this.application.incoming.delete(this);
  }
}

const asksForPrack = (app: AppMessage): boolean =>
  /(^|[\s,])100rel($|[\s,])/i.test(appHeader(app, 'require') ?? '');

export const ID_TAKEN = 'NOK|another dialog has this id';
export const UNKNOWN_TRANSACTION = 'NOK|Response not sent due to unknown transaction';

/** The To tag that the application chose, '' when it left that to the server. */
const appTag = (app: AppMessage): string => {
  const to = appHeader(app, 'to');
  const tag = to === undefined ? '' : tagOf(to);
  return /^[\w.!%*+`'~-]{1,64}$/.test(tag) ? tag : '';
};
