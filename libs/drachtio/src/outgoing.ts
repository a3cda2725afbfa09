// A request of an application's own: sent, cancelled, answered, and where it begins a dialog (RFC 3261 §8.1, §12.1.2, §13.2) the
// dialog that comes of it. Answers of a second callee, and those that find nobody, are acknowledged and hung up here.
// Made by application.ts.
import {
  H,
  headerParam,
  type NextHop,
  type OwnRequest,
  parseMessage,
  reasonPhrase,
  type SipMessage,
  tagOf,
} from '#libs/sip';
import { Dialog, dialogIdOf, formsDialog, refreshesTarget, subscribes } from './dialog.js';
import type { ApplicationSide, DrachtioContext, OwnWaitingRequest } from './drachtio.ports.js';
import type { Peer } from './telling.js';

/** A final answer that says that the dialog is no more (RFC 3261 §12.2.1.2). */
const ends = (status: number): boolean => status === 481 || status === 408;
const NO_CONTACT = 'SIP;cause=500;text="No Contact in the answer"';
const FORKED = 'SIP;cause=200;text="Call completed elsewhere"';

export class OutgoingRequest implements OwnWaitingRequest {
  readonly id: string;
  private sent: OwnRequest | undefined;
  private cancelReason: string | undefined;
  private done = false;
  private over: (() => void) | undefined;
  private readonly message: SipMessage;

  constructor(
    private readonly context: DrachtioContext,
    readonly application: ApplicationSide,
    /** Complete but for Via. */
    private readonly text: string,
    /** The dialog that it is in; of one that begins a dialog, what comes of it. */
    private dialog: Dialog | undefined,
  ) {
    this.id = context.ports.random.token(20);
    this.message = parsed(text);
  }

  private get method(): string {
    return this.message.method;
  }

  private get dialogId(): string {
    if (this.dialog !== undefined) return this.dialog.id;
    if (!formsDialog(this.method)) return '';
    return dialogIdOf(this.message.header(H.CallId)!, tagOf(this.message.header(H.From)!));
  }

  begin(hop: NextHop): void {
    const { context, application } = this;
    context.outgoing.set(this.id, this);
    application.outgoing.add(this);
    context.ports.count('request-out');
    this.sent = context.ports.endpoint().request(this.text, hop, {
      response: (response) => this.#response(response),
      failed: (status) => this.#failed(status),
    });
    if (this.cancelReason !== undefined) this.sent.cancel(this.cancelReason);
  }

  cancel(reason: string): void {
    this.cancelReason = reason;
    this.sent?.cancel(reason);
  }

  abandon(over: () => void): void {
    if (this.done) return over();
    this.over = over;
    if (this.method === 'INVITE' && !this.isWithin) this.cancel('SIP;cause=503;text="Application gone"');
    else this.#end();
  }

  /** In a dialog, not about to begin one. */
  private get isWithin(): boolean {
    return tagOf(this.message.header(H.To)!) !== '';
  }

  #response(response: SipMessage): void {
    const { status } = response;
    if (this.isWithin) this.#within(response);
    else if (formsDialog(this.method)) this.#forming(response);
    else {
      this.#tell(response.raw);
      if (status >= 200) this.#end();
    }
  }

  #within(response: SipMessage): void {
    const { status, cseq } = response;
    const { dialog } = this;
    if (this.done) return dialog?.acknowledgeAgain(cseq);
    if (status >= 200 && status < 300) {
      if (refreshesTarget(this.method)) dialog?.goesOnAt(response);
      this.#subscribed(response);
      if (this.method === 'INVITE' && dialog !== undefined) dialog.unacknowledged = cseq;
    }
    if (status >= 200) {
      const isOver = this.method === 'BYE' ? status !== 401 && status !== 407 : ends(status);
      if (isOver) dialog?.end();
      if (this.application.gone && status < 300 && dialog !== undefined && dialog.live) dialog.hangUp();
    }
    this.#tell(response.raw);
    if (status >= 200) this.#end();
  }

  #forming(response: SipMessage): void {
    const { status, cseq } = response;
    const tag = tagOf(response.header(H.To)!);
    if (status < 200) {
      if (tag !== '' && !this.application.gone) this.#early(response);
      return this.#tell(response.raw);
    }
    if (status >= 300) {
      if (this.dialog?.confirmed === false) this.dialog.end();
      if (!this.done) this.#tell(response.raw);
      return this.#end();
    }
    if (this.dialog?.confirmed === true) {
      if (tagOf(this.dialog.remote) === tag) this.dialog.acknowledgeAgain(cseq);
      else if (this.method === 'INVITE') this.#refuseFork(response);
      return;
    }
    const dialog = this.#early(response);
    if (dialog === undefined) return this.#idTaken(response);
    dialog.confirmed = true;
    if (this.method === 'INVITE') dialog.unacknowledged = cseq;
    this.#subscribed(response);
    if (this.application.gone) dialog.hangUp();
    else this.#tell(response.raw);
    // drachtio-srf acknowledges, tells the program that it failed, and forgets the call.
    if (!response.has(H.Contact) && dialog.live && this.method === 'INVITE') dialog.hangUp(NO_CONTACT);
    this.#end();
  }

  /** The dialog as this answer has it: of several callees that ring the last one counts, until one answers. */
  #early(response: SipMessage): Dialog | undefined {
    this.dialog ??= this.#dialogWith().begin();
    this.dialog?.answeredBy(response);
    return this.dialog;
  }

  /** Another dialog has begun under the id that the application chose: this session is nobody's. */
  #idTaken(response: SipMessage): void {
    if (this.method === 'INVITE') this.#refuseFork(response);
    this.#tell(madeHere(this.message, 500));
    this.#end();
  }

  #subscribed(response: SipMessage): void {
    if (!subscribes(this.method)) return;
    const { message, dialog } = this;
    dialog?.subscribedBy(this.method, (name) => response.named(name) ?? message.named(name));
  }

  #dialogWith(): Dialog {
    const { message, context, application } = this;
    return new Dialog(context, this.dialogId, application, message.method, {
      callId: message.header(H.CallId)!,
      local: message.header(H.From)!,
      remote: message.header(H.To)!,
      localSeq: message.cseq,
      remoteSeq: 0,
      target: message.requestUri,
      routes: [],
    });
  }

  /** RFC 3261 §13.2.2.4: another callee answered too. It has a session with nobody. */
  #refuseFork(response: SipMessage): void {
    const other = this.#dialogWith();
    other.answeredBy(response);
    other.unacknowledged = response.cseq;
    other.hangUp(FORKED);
  }

  /** The SIP layer's verdict is told as an answer would be (RFC 3261 §8.1.3.1). */
  #failed(status: 408 | 503): void {
    if (this.isWithin && this.method === 'BYE') this.dialog?.end();
    else if (this.isWithin && ends(status)) this.dialog?.end();
    else if (this.dialog?.confirmed === false) this.dialog.end();
    this.#tell(madeHere(this.message, status));
    this.#end();
  }

  #tell(text: string): void {
    const { address } = this.context.settings;
    const peer: Peer = { protocol: 'tcp', address: address.host, port: address.port };
    this.application.tellSip(text, peer, this.id, this.dialogId);
  }

  #end(): void {
    if (this.done) return;
    this.done = true;
    this.context.outgoing.delete(this.id);
    this.application.outgoing.delete(this);
    this.over?.();
  }
}

const parsed = (text: string): SipMessage => {
  const at = text.indexOf('\r\n') + 2;
  const result = parseMessage(
    `${text.slice(0, at)}Via: SIP/2.0/UDP placeholder.invalid\r\n${text.slice(at)}`,
  );
  if (!result.ok) throw new TypeError(`request of an application was not checked: ${result.reason}`);
  return result.message;
};

/** An answer that nobody sent. */
export const madeHere = (request: SipMessage, status: number): string => {
  const to = request.header(H.To)!;
  const tag = headerParam(to, 'tag') === undefined ? ';tag=none' : '';
  const via = request.header(H.Via);
  return (
    `SIP/2.0 ${status} ${reasonPhrase(status)}\r\n${via === undefined ? '' : `Via: ${via}\r\n`}From: ${request.header(H.From)!}\r\n` +
    `To: ${to}${tag}\r\nCall-ID: ${request.header(H.CallId)!}\r\nCSeq: ${request.cseq} ${request.method}\r\nContent-Length: 0\r\n\r\n`
  );
};
