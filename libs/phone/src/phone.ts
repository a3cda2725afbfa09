// A SIP user agent for tests, demos and acceptance: registers with digest, calls, answers, over UDP, TCP or a simulated
// network. Plain on purpose: it shares the parser and the sockets with the product, not its transactions.
// RFC 3261 §8, §10.2, §13; RFC 7616. Used by apps/clearwater (scenarios, e2e) and bench/accept.
import {
  createTransports,
  type Flow,
  H,
  headerParam,
  type NodeTransports,
  parseMessage,
  type SipMessage,
  tagOf,
  values,
  viaBranch,
} from '#libs/sip';
import { authorizationLine, firstAuthorization, saysAuts } from './phone-authorization.js';
import { calleesDialog, callersDialog, type Dialog, partsWithin, routeHeader } from './phone-dialog.js';
import { answerText, type RequestParts, requestText } from './phone-messages.js';
import type { Exchange, PhoneOptions, RegisterOptions, Reply } from './phone-options.js';

const T1_MS = 500;
const T2_MS = 4_000;
const GIVE_UP_MS = 32_000;
/** Challenges answered in one registration: a second one after the phone has said its count. */
const ROUNDS_MAX = 2;
const SILENT_LOG = {
  warn: () => undefined,
  info: () => undefined,
  debug: () => undefined,
  error: () => undefined,
};

type Waiting = {
  text: string;
  parts: RequestParts;
  responses: SipMessage[];
  resolve: (final: SipMessage | 'timeout') => void;
  stop: () => void;
};

export class Phone {
  /** Every request that came, in order. */
  readonly received: SipMessage[] = [];
  /** What to do with a request; default: 200, and 180 before it for INVITE. */
  onRequest: (request: SipMessage, reply: Reply) => void = (request, reply) => {
    if (request.method === 'INVITE') reply(180);
    if (request.method !== 'ACK') reply(200);
  };
  /** Told of every message that comes or goes, retransmissions too. */
  onTraffic: ((direction: 'in' | 'out', message: SipMessage) => void) | undefined;
  readonly callId: string;
  cseq = 0;
  /** The last challenge, and how often it was answered. */
  challenged: { by: SipMessage; count: number } | undefined;
  /** The last 200 to a REGISTER that did not end the registration. */
  registered: SipMessage | undefined;
  /** The last proof, as it was sent. */
  said = '';
  private readonly waiting = new Map<string, Waiting>();
  private readonly answers = new Map<string, { status: number; text: string }>();
  private readonly tags = new Map<string, string>();

  private constructor(
    readonly options: PhoneOptions,
    private readonly transports: NodeTransports,
    readonly port: number,
  ) {
    this.callId = options.random.token(12);
  }

  /** Opens the phone's port. */
  static async start(options: PhoneOptions): Promise<Phone> {
    const { transport, address, port = 0, clock, hub } = options;
    const transports = createTransports({
      listeners: [
        { name: 'phone', transport, address, port, ...(hub === undefined ? {} : { memoryOnly: true }) },
      ],
      clock,
      log: SILENT_LOG,
      ...(hub === undefined ? {} : { hub }),
    });
    await transports.listen();
    const phone = new Phone(options, transports, transports.addresses()[0]!.port);
    transports.setReceiver({
      message: (raw, flow) => phone.#message(raw, flow),
      flowClosed: () => undefined,
      sendFailed: () => undefined,
    });
    return phone;
  }

  get aor(): string {
    return `sip:${this.options.user}@${this.options.domain}`;
  }

  get contact(): string {
    const { user, address, transport } = this.options;
    return `<sip:${user}@${address}:${this.port};transport=${transport}>`;
  }

  /** Sends one request and gathers what comes back. `parts` names what differs from an ordinary one. */
  request(method: string, uri: string, parts: Partial<RequestParts> = {}): Exchange {
    const branch = `z9hG4bK${this.options.random.token(16)}`;
    const { clock, transport } = this.options;
    const whole: RequestParts = {
      method,
      uri,
      branch,
      from: `<${this.aor}>;tag=${this.options.random.token(8)}`,
      to: `<${uri}>`,
      callId: this.options.random.token(16),
      cseq: 1,
      contact: this.contact,
      headers: '',
      body: '',
      ...parts,
    };
    const text = requestText(whole, this.#sentBy());
    const responses: SipMessage[] = [];
    let stop = (): void => undefined;
    const final = new Promise<SipMessage | 'timeout'>((resolve) => {
      const retransmit = (afterMs: number, sinceMs: number): void => {
        stop = clock.after(afterMs, () => {
          if (sinceMs + afterMs >= GIVE_UP_MS) return this.#finish(branch + method, 'timeout');
          // A provisional response ends the retransmissions of an INVITE only (RFC 3261 §17.1.2.2).
          if (transport === 'udp' && (method !== 'INVITE' || responses.length === 0)) this.#send(text);
          retransmit(responses.length > 0 ? T2_MS : Math.min(afterMs * 2, T2_MS), sinceMs + afterMs);
        });
      };
      retransmit(T1_MS, 0);
      this.waiting.set(branch + method, { text, parts: whole, responses, resolve, stop: () => stop() });
    });
    this.#send(text);
    return { request: whole, responses, final, cancel: () => this.#cancel(whole) };
  }

  /** REGISTER with digest: resolves with the final answer to the authenticated one. */
  async register(options: RegisterOptions = {}): Promise<SipMessage | 'timeout'> {
    const { expiresS = 300, callId = this.callId, headers = '', proof = 'challenge' } = options;
    if (options.cseq !== undefined) this.cseq = options.cseq - 1;
    const { instance } = this.options;
    const own = `${this.contact}${instance === undefined ? '' : `;+sip.instance="<${instance}>"`}`;
    const { uri = `sip:${this.options.domain}` } = options;
    const expires = expiresS === 'none' ? '' : `Expires: ${expiresS}\r\n`;
    const register = (authorization: string): Exchange =>
      this.request('REGISTER', uri, {
        to: `<${this.aor}>`,
        callId,
        cseq: ++this.cseq,
        contact: options.contact ?? own,
        headers: `${expires}Supported: path, outbound\r\n${headers}${authorization}`,
        ...options.parts,
      });
    const { challenged } = this;
    // A SIM takes no challenge twice.
    const isReused = proof === 'reuse' || (proof === 'usual' && this.options.sim === undefined);
    const has = isReused && challenged !== undefined;
    const count = has ? (options.nc ?? ++challenged.count) : 0;
    const unproved = proof === 'replay' ? this.said : firstAuthorization(this.options, uri);
    let line = has ? this.authorization('REGISTER', uri, challenged.by, count) : unproved;
    let answer = await register(line).final;
    for (let round = 0; round < ROUNDS_MAX; round++) {
      const challenge = this.#noteChallenge(answer);
      if (challenge === undefined || ['none', 'reuse', 'replay'].includes(proof)) return answer;
      if (round > 0 && !saysAuts(line)) return answer;
      line = this.authorization('REGISTER', uri, challenge, ++this.challenged!.count);
      if (line === '') return answer; // not of its network
      this.said = line;
      answer = await register(line).final;
    }
    return answer;
  }

  #noteChallenge(answer: SipMessage | 'timeout'): SipMessage | undefined {
    if (answer === 'timeout' || answer.status !== 401) return undefined;
    this.challenged = { by: answer, count: 0 };
    return answer;
  }

  /** Authorization line answering the challenge of a 401. */
  authorization(method: string, uri: string, challenge: SipMessage, count: number): string {
    return authorizationLine(this.options, { method, uri, challenge, count });
  }

  /** Sends a request inside a dialog: BYE, INVITE, …; an ACK has no answer. */
  within(
    dialog: Dialog,
    method: string,
    more: { headers?: string; body?: string } = {},
  ): Exchange | undefined {
    const { headers = '', body = '' } = more;
    const parts = { ...partsWithin(dialog, method), headers: routeHeader(dialog) + headers, body };
    if (method !== 'ACK') return this.request(method, dialog.target, parts);
    const branch = `z9hG4bK${this.options.random.token(16)}`;
    const ack = { method, uri: dialog.target, branch, contact: this.contact, ...parts } as RequestParts;
    this.#send(requestText(ack, this.#sentBy()));
    return undefined;
  }

  /** The same, in the dialog that an answer to `request` made: as its caller. */
  inDialog(
    method: string,
    { request, answer }: { request: RequestParts; answer: SipMessage },
    cseq: number,
  ): Exchange | undefined {
    const dialog = callersDialog(request, answer);
    dialog.cseq = method === 'ACK' ? cseq : cseq - 1;
    return this.within(dialog, method);
  }

  /** The dialog that this phone's answer to `invite` made. */
  dialogOf(invite: SipMessage): Dialog {
    return calleesDialog(invite, this.#tagFor(invite));
  }

  /** Calls, acknowledges the answer, and says how it went. */
  async call(
    uri: string,
    parts: Partial<RequestParts> = {},
  ): Promise<{ request: RequestParts; answer: SipMessage | 'timeout' }> {
    const request: Partial<RequestParts> & Pick<RequestParts, 'from' | 'callId'> = {
      from: `<${this.aor}>;tag=${this.options.random.token(8)}`,
      callId: this.options.random.token(16),
      ...parts,
    };
    const exchange = this.request('INVITE', uri, request);
    const answer = await exchange.final;
    const whole = { ...request, to: '', uri } as RequestParts;
    if (answer !== 'timeout' && answer.status < 300) this.inDialog('ACK', { request: whole, answer }, 1);
    return { request: whole, answer };
  }

  close(): Promise<void> {
    for (const { stop } of this.waiting.values()) stop();
    return this.transports.close();
  }

  #sentBy(): string {
    const { transport, address } = this.options;
    return `${transport.toUpperCase()} ${address}:${this.port}`;
  }

  #send(text: string, flow = this.#flow()): void {
    if (this.onTraffic !== undefined) {
      const parsed = parseMessage(text);
      if (parsed.ok) this.onTraffic('out', parsed.message);
    }
    flow?.send(text);
  }

  /** Closes the connection to the server, as a lost network does; the next request opens another one. */
  hangUp(): void {
    this.#flow()?.close();
  }

  /** undefined: nobody is there, and what is sent is lost. */
  #flow(): Flow | undefined {
    const { transport, server } = this.options;
    return this.transports.flowTo({ transport, ...server }, 'phone');
  }

  #cancel(parts: RequestParts): void {
    const { uri, branch, from, to, callId, cseq } = parts;
    const cancel = {
      method: 'CANCEL',
      uri,
      branch,
      from,
      to,
      callId,
      cseq,
      contact: '',
      headers: '',
      body: '',
    };
    this.#send(requestText(cancel, this.#sentBy()));
  }

  #finish(key: string, final: SipMessage | 'timeout'): void {
    const waiting = this.waiting.get(key);
    if (waiting === undefined) return;
    this.waiting.delete(key);
    waiting.stop();
    waiting.resolve(final);
  }

  #message(raw: string, flow: Flow): void {
    const parsed = parseMessage(raw);
    if (!parsed.ok) return;
    const { message } = parsed;
    this.onTraffic?.('in', message);
    if (message.isRequest) this.#requestCame(message, flow);
    else this.#responseCame(message);
  }

  #responseCame(response: SipMessage): void {
    const key = viaBranch(response) + response.cseqMethod;
    const waiting = this.waiting.get(key);
    if (waiting === undefined) return;
    waiting.responses.push(response);
    if (response.status < 200) return;
    const isLeaving = waiting.parts.headers.includes('Expires: 0');
    if (response.cseqMethod === 'REGISTER' && response.status < 300 && !isLeaving) this.registered = response;
    if (response.cseqMethod === 'INVITE' && response.status >= 300)
      this.#acknowledgeFailure(waiting.parts, response);
    this.#finish(key, response);
  }

  /** ACK for a final other than 2xx: of the INVITE's own transaction (RFC 3261 §17.1.1.3). */
  #acknowledgeFailure(parts: RequestParts, response: SipMessage): void {
    const { uri, branch, from, callId, cseq } = parts;
    const to = response.header(H.To)!;
    const ack = { method: 'ACK', uri, branch, from, to, callId, cseq, contact: '', headers: '', body: '' };
    this.#send(requestText(ack, this.#sentBy()));
  }

  #requestCame(request: SipMessage, flow: Flow): void {
    const key = viaBranch(request) + (request.method === 'ACK' ? 'ACK' : request.method);
    const known = this.answers.get(key);
    if (known !== undefined) return void (known.text !== '' && flow.send(known.text));
    this.received.push(request);
    const reply: Reply = (status, headers = '', body = '') => {
      const text = answerText(request, status, this.#tagFor(request), this.contact, headers, body);
      if (status >= 200) this.answers.set(key, { status, text });
      this.#send(text, flow.closed ? this.#flow() : flow);
    };
    this.answers.set(key, { status: 0, text: '' });
    if (request.method === 'CANCEL') this.#cancelCame(request, reply);
    else this.onRequest(request, reply);
  }

  #cancelCame(cancel: SipMessage, reply: Reply): void {
    reply(200);
    const key = `${viaBranch(cancel)}INVITE`;
    const invite = this.received.find(
      (request) => request.method === 'INVITE' && viaBranch(request) === viaBranch(cancel),
    );
    if (invite === undefined || (this.answers.get(key)?.status ?? 0) >= 200) return;
    const text = answerText(invite, 487, this.#tagFor(invite), this.contact, '', '');
    this.answers.set(key, { status: 487, text });
    this.onCancelled?.(invite);
    this.#send(text);
  }

  /** Told of an INVITE that was cancelled while ringing. */
  onCancelled: ((invite: SipMessage) => void) | undefined;

  /** One To tag a dialog attempt. */
  #tagFor(request: SipMessage): string {
    const existing = tagOf(request.header(H.To)!);
    if (existing !== '') return existing;
    const callId = request.header(H.CallId)!;
    const tag = this.tags.get(callId) ?? this.options.random.token(8);
    this.tags.set(callId, tag);
    return tag;
  }
}

/** Remaining time of each binding in a 200 to REGISTER, by contact URI. */
export const bindingsIn = (response: SipMessage): ReadonlyMap<string, number> =>
  new Map(
    values(response, H.Contact).map((value) => [
      /<([^>]*)>/.exec(value)?.[1] ?? value,
      Number(headerParam(value, 'expires') ?? 0),
    ]),
  );
