// A dialog of an application, as either side of it (RFC 3261 §12): who and where the peer is, what comes next in order, and the
// requests that are made from that. Its id is `<Call-ID>;from-tag=<From tag>`, which drachtio-srf relies on.
// Made by incoming.ts and outgoing.ts.
import {
  addrUri,
  H,
  headerParam,
  type NextHop,
  ownRequest,
  parseSipUri,
  type SipMessage,
  tagOf,
  uriParam,
  values,
} from '#libs/sip';
import type { AppMessage } from './app-message.js';
import { appHeader, headerLinesWithout, isWhole } from './app-message.js';
import type {
  ApplicationSide,
  DrachtioContext,
  DrachtioSettings,
  LiveDialog,
  WaitingRequest,
} from './drachtio.ports.js';
import type { Repeated } from './repeated.js';

/** Of a subscription that nobody said the length of; and what more is taken for. */
const SUBSCRIBED_S = 3_600;
const SUBSCRIBED_S_MAX = 604_800;
/** The last NOTIFY may be on its way. */
const LAPSE_MARGIN_MS = 32_000;

export const dialogIdOf = (callId: string, fromTag: string): string => `${callId};from-tag=${fromTag}`;

/** Written by the server whatever the application says. */
const OWNED: ReadonlySet<string> = new Set([
  'via', 'from', 'to', 'call-id', 'cseq', 'max-forwards', 'route', 'record-route', 'content-length',
]); // prettier-ignore
const OWNED_WITH_CONTACT: ReadonlySet<string> = new Set([...OWNED, 'contact']);

/** Methods whose Contact says where the dialog goes on (RFC 3261 §12.2, RFC 3311, RFC 6665 §4.1.3). */
const TARGET_REFRESH: ReadonlySet<string> = new Set(['INVITE', 'UPDATE', 'SUBSCRIBE', 'NOTIFY', 'REFER']);
export const refreshesTarget = (method: string): boolean => TARGET_REFRESH.has(method);

/** Methods that begin a dialog with their first answer. */
const DIALOG_FORMING: ReadonlySet<string> = new Set(['INVITE', 'SUBSCRIBE', 'REFER']);
export const formsDialog = (method: string): boolean => DIALOG_FORMING.has(method);

/** Methods that say how long a subscription lasts (RFC 6665 §4.1.2; RFC 3515 §2.4.4). */
export const subscribes = (method: string): boolean =>
  method === 'SUBSCRIBE' || method === 'NOTIFY' || method === 'REFER';

/** This node's Contact, with the user part and the parameters that the application gave its own. */
export const ownContact = ({ address }: DrachtioSettings, stated = ''): string => {
  const uri = addrUri(stated);
  const user = parseSipUri(uri)?.user ?? '';
  const params = stated.includes('>') ? stated.slice(stated.indexOf('>') + 1) : '';
  return `<sip:${user === '' ? '' : `${user}@`}${address.hostPort};transport=tcp>${params}`;
};

export type DialogParts = Readonly<{
  callId: string;
  /** From and To values as this side writes them, tags included. */
  local: string;
  remote: string;
  localSeq: number;
  remoteSeq: number;
  target: string;
  routes: readonly string[];
}>;

export class Dialog implements LiveDialog {
  readonly callId: string;
  readonly local: string;
  remote: string;
  private localSeq: number;
  private remoteSeq: number;
  target: string;
  private routes: readonly string[];
  confirmed = false;
  /** CSeq of an INVITE of this side whose 2xx waits for the application's ACK; 0: none. */
  unacknowledged = 0;
  /** The last ACK sent, for 2xx that come again. */
  private lastAck: Readonly<{ cseq: number; text: string }> | undefined;
  /** A 2xx of this side's, sent again until its ACK comes: before that no BYE may be sent (RFC 3261 §15). */
  private accepted: Readonly<{ cseq: number; repeated: Repeated }> | undefined;
  private byeWaits = false;
  reliable: WaitingRequest | undefined;
  private lapses = false;
  private stopLapse: () => void = () => undefined;

  constructor(
    private readonly context: DrachtioContext,
    readonly id: string,
    readonly application: ApplicationSide,
    readonly method: string,
    parts: DialogParts,
  ) {
    this.callId = parts.callId;
    this.local = parts.local;
    this.remote = parts.remote;
    this.localSeq = parts.localSeq;
    this.remoteSeq = parts.remoteSeq;
    this.target = parts.target;
    this.routes = parts.routes;
  }

  /** Known by its id from here on; undefined: another dialog is, which nobody may take the place of. */
  begin(): this | undefined {
    if (this.context.dialogs.has(this.id)) return undefined;
    this.context.dialogs.set(this.id, this);
    this.application.dialogs.add(this);
    return this;
  }

  get live(): boolean {
    return this.context.dialogs.get(this.id) === this;
  }

  end(): void {
    if (this.live) this.context.dialogs.delete(this.id);
    this.application.dialogs.delete(this);
    this.unawaited();
    this.stopLapse();
  }

  /** A subscription ends by itself (RFC 6665 §4.1.2): at the end of what was granted, or when its NOTIFY says so. */
  subscribedBy(method: string, header: (name: string) => string | undefined): void {
    if (this.method === 'INVITE') return;
    const state = method === 'NOTIFY' ? (header('Subscription-State') ?? '') : '';
    if (/^\s*terminated\b/i.test(state)) return this.end();
    const stated = method === 'NOTIFY' ? headerParam(state, 'expires') : header('Expires');
    if (stated === undefined && this.lapses) return;
    const seconds = /^\d{1,9}$/.test(stated?.trim() ?? '') ? Number(stated) : SUBSCRIBED_S;
    this.stopLapse();
    this.lapses = true;
    const ms = Math.min(seconds, SUBSCRIBED_S_MAX) * 1_000 + LAPSE_MARGIN_MS;
    this.stopLapse = this.context.ports.clock.after(ms, () => this.end());
  }

  /** Is this request of the peer's one of this dialog? */
  holds(request: SipMessage): boolean {
    return (
      tagOf(request.header(H.From)!) === tagOf(this.remote) &&
      tagOf(request.header(H.To)!) === tagOf(this.local)
    );
  }

  /** False: it came out of order (RFC 3261 §12.2.2). */
  takes({ cseq }: SipMessage): boolean {
    if (cseq < this.remoteSeq) return false;
    this.remoteSeq = cseq;
    return true;
  }

  /** The peer's Contact, of a request that was accepted or of a 2xx. */
  goesOnAt(message: SipMessage): void {
    const contact = values(message, H.Contact)[0];
    if (contact !== undefined && parseSipUri(addrUri(contact)) !== undefined) this.target = addrUri(contact);
  }

  /** As the caller: where the callee's answer says that the dialog goes on. */
  answeredBy(response: SipMessage): void {
    this.remote = response.header(H.To)!;
    this.routes = values(response, H.RecordRoute).reverse();
    this.goesOnAt(response);
  }

  /** A request of the application's in this dialog; the CSeq of an ACK is that of what it acknowledges. */
  request(app: Pick<AppMessage, 'method' | 'uri' | 'headers' | 'body'>, ackOf = 0): string {
    const { method, body } = app;
    const whole: AppMessage = { ...app, status: 0, reason: '' };
    const cseq = ackOf > 0 ? ackOf : this.#nextSeq(appHeader(whole, 'cseq'));
    const contact = refreshesTarget(method)
      ? `Contact: ${ownContact(this.context.settings, appHeader(whole, 'contact'))}\r\n`
      : '';
    const { uri, routes } = this.#way(app.uri);
    return (
      `${method} ${uri} SIP/2.0\r\n${routes.map((route) => `Route: ${route}\r\n`).join('')}Max-Forwards: 70\r\n` +
      `From: ${this.local}\r\nTo: ${this.remote}\r\nCall-ID: ${this.callId}\r\nCSeq: ${cseq} ${method}\r\n` +
      `${contact}${headerLinesWithout(whole, OWNED_WITH_CONTACT)}Content-Length: ${body.length}\r\n\r\n${body}`
    );
  }

  get hop(): NextHop {
    const [first] = this.routes;
    const uri = first === undefined ? this.target : addrUri(first);
    return { kind: 'uri', uri, listener: this.context.settings.listener };
  }

  /** Acknowledges a 2xx (RFC 3261 §13.2.2.4); what comes of it again is acknowledged the same way. */
  acknowledge(app: Pick<AppMessage, 'headers' | 'body'>): string | undefined {
    const cseq = this.unacknowledged;
    if (cseq === 0) return undefined;
    const text = this.request({ method: 'ACK', uri: '', headers: app.headers, body: app.body }, cseq);
    if (!isWhole(text)) return undefined;
    this.unacknowledged = 0;
    this.lastAck = { cseq, text };
    this.#sendAck(text);
    return text;
  }

  /** A 2xx that came again. */
  acknowledgeAgain(cseq: number): void {
    if (this.lastAck?.cseq === cseq) this.#sendAck(this.lastAck.text);
  }

  awaitAck(cseq: number, repeated: Repeated): void {
    this.accepted?.repeated.stop();
    this.accepted = { cseq, repeated };
  }

  acknowledgedBy({ cseq }: SipMessage): boolean {
    if (this.accepted?.cseq !== cseq) return false;
    this.unawaited();
    if (this.byeWaits) this.hangUp();
    return true;
  }

  /** The peer's ACK came, or comes no more. */
  unawaited(): void {
    this.accepted?.repeated.stop();
    this.accepted = undefined;
  }

  /**
   * Ends the session from this side without the application: nobody is there to hear the answer. `reason`: a Reason value.
   * Returns the BYE; '' while it has to wait for the peer's ACK.
   */
  hangUp(reason = 'SIP;cause=503;text="Application gone"'): string {
    if (this.accepted !== undefined) {
      this.byeWaits = true;
      return '';
    }
    if (this.unacknowledged > 0) this.acknowledge({ headers: [], body: '' });
    this.end();
    this.context.ports.count('dialog-ended');
    // What a subscription says to its end is its own program's business; it lapses.
    if (this.method !== 'INVITE') return '';
    const headers = [{ name: 'Reason', key: 'reason', value: reason }];
    const bye = this.request({ method: 'BYE', uri: '', headers, body: '' });
    const nobody = { response: () => undefined, failed: () => undefined };
    this.context.ports.endpoint().request(bye, this.hop, nobody);
    return bye;
  }

  #nextSeq(stated: string | undefined): number {
    // A request that is sent again with credentials names its own.
    const wanted = Number.parseInt(stated ?? '', 10);
    this.localSeq = wanted > this.localSeq && wanted < 2 ** 31 ? wanted : this.localSeq + 1;
    return this.localSeq;
  }

  /** RFC 3261 §12.2.1.1: a strict router of RFC 2543 wants to be the Request-URI itself. */
  #way(stated: string): Readonly<{ uri: string; routes: readonly string[] }> {
    const target = stated === '' || stated.startsWith('sip:placeholder') ? this.target : stated;
    const [first, ...others] = this.routes;
    if (first === undefined || uriParam(addrUri(first), 'lr') !== undefined)
      return { uri: target, routes: this.routes };
    return { uri: addrUri(first), routes: [...others, `<${target}>`] };
  }

  #sendAck(text: string): void {
    this.context.ports.endpoint().sendStateless(ownRequest(text), this.hop);
  }
}
