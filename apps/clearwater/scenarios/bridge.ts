// Two dialogs and the application server between them (B2BUA): what one side says is said to the other, under other names.
// Used by application-server.ts.
import {
  addrUri,
  Edits,
  H,
  parseMessage,
  type ServerTransaction,
  type SipEndpoint,
  type SipMessage,
  values,
} from '#libs/sip';
import type { SeededRandom } from '#libs/testkit';

/** What an answer that makes a dialog takes along (RFC 3261 §12.1.1). */
export const dialogHeaders = (request: SipMessage, contact: string): string =>
  [
    ...values(request, H.RecordRoute).map((route) => `Record-Route: ${route}\r\n`),
    `Contact: <${contact}>\r\n`,
  ].join('');

export class Bridge {
  private readonly outgoing: string;
  private readonly from: string;
  private cseq = 1;
  private answer: SipMessage | undefined;

  constructor(
    private readonly endpoint: SipEndpoint,
    private readonly incoming: ServerTransaction,
    private readonly contact: string,
    private readonly odi: string,
    private readonly target: string,
    random: SeededRandom,
  ) {
    this.outgoing = `bridge-${random.token(8)}`;
    this.from = `<${addrUri(incoming.request.header(H.From)!)}>;tag=${random.token(8)}`;
  }

  get callIds(): readonly string[] {
    return [this.incoming.request.header(H.CallId)!, this.outgoing];
  }

  call(): void {
    const { request } = this.incoming;
    const kept = [H.PServedUser, H.PAssertedIdentity].flatMap((id) => {
      const value = request.header(id);
      return value === undefined ? [] : [`${id === H.PServedUser ? 'P-Served-User' : 'P-Asserted-Identity'}: ${value}`];
    }); // prettier-ignore
    const lines = [`Route: ${this.odi}`, `Contact: <${this.contact}>`, ...kept];
    const hop = { kind: 'uri', uri: addrUri(this.odi), listener: 'server' } as const;
    this.endpoint.request(this.#text('INVITE', this.target, `<${this.target}>`, lines), hop, {
      response: (response) => this.#answered(response),
      failed: (status) => this.incoming.reply(status),
    });
  }

  /** A request of one side, once both talk: BYE is all that is passed on. */
  asked(tx: ServerTransaction): void {
    tx.reply(200);
    const { answer } = this;
    if (tx.request.method !== 'BYE' || answer === undefined) return;
    this.cseq++;
    this.endpoint.request(
      this.#text('BYE', addrUri(answer.header(H.Contact)!), answer.header(H.To)!, this.#routes(answer)),
      this.#hop(answer),
      { response: () => undefined, failed: () => undefined },
    );
  }

  #answered(response: SipMessage): void {
    const { status } = response;
    this.incoming.reply(
      status,
      undefined,
      status < 300 ? dialogHeaders(this.incoming.request, this.contact) : '',
    );
    if (status < 200 || status >= 300) return;
    this.answer = response;
    const lines = ['Via: SIP/2.0/TCP bridge.invalid;branch=z9hG4bKbridge', ...this.#routes(response)];
    const ack = parseMessage(
      this.#text('ACK', addrUri(response.header(H.Contact)!), response.header(H.To)!, lines),
    );
    if (ack.ok) this.endpoint.sendStateless(new Edits(ack.message), this.#hop(response));
  }

  #routes(answer: SipMessage): readonly string[] {
    return values(answer, H.RecordRoute)
      .reverse()
      .map((route) => `Route: ${route}`);
  }

  #hop(answer: SipMessage) {
    const last = values(answer, H.RecordRoute).at(-1);
    return {
      kind: 'uri',
      uri: addrUri(last ?? answer.header(H.Contact)!),
      listener: 'server',
    } as const;
  }

  #text(method: string, uri: string, to: string, lines: readonly string[]): string {
    const head = [
      `${method} ${uri} SIP/2.0`,
      `From: ${this.from}`,
      `To: ${to}`,
      `Call-ID: ${this.outgoing}`,
      `CSeq: ${this.cseq} ${method}`,
      'Max-Forwards: 60',
    ];
    return `${[...head, ...lines, 'Content-Length: 0'].join('\r\n')}\r\n\r\n`;
  }
}
