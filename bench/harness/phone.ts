// A SIP phone for tests: registers with digest, calls, answers, sends messages, over UDP, TCP or WebSocket. It checks what it
// gets by RFC 3261 as a plain client would, and shares no code with the engine under test.
// Used by accept and by end-to-end tests.
import { firstHeader, statusOf } from '#libs/testkit';
import { until } from './children.js';
import { openSipSocket, type SipSocket, type SocketOptions } from './sip-socket.js';
import {
  answerChallenge,
  buildMessage,
  buildReply,
  type Challenge,
  type Header,
  headerValues,
  methodOf,
  newId,
  parseChallenge,
} from './sip-text.js';
import type { User } from './users.js';

const ANSWER_MS_MAX = 10_000;
const T1_MS = 500;
const T2_MS = 4000;

export type PhoneOptions = SocketOptions &
  Readonly<{ user: User; domain: string; password: string; instance?: string; contactParams?: string }>;

/** What the phone does with a request that comes in; undefined: the default. */
export type RequestHandler = (request: string, phone: Phone) => boolean;

export interface Phone {
  readonly user: User;
  readonly domain: string;
  readonly socket: SipSocket;
  readonly contact: string;
  /** Requests received, newest last. */
  readonly received: string[];
  /** Asked first for each request; true when it has been dealt with. */
  onRequest: RequestHandler;
  /** Registers, answering the challenge; resolves with the final response. */
  register(options?: RegisterOptions): Promise<string>;
  /** Sends a request outside a dialog; resolves with the final response. */
  send(method: string, target: string, options?: SendOptions): Promise<string>;
  /** The next request of this method that comes, or one that came already and was not taken. */
  take(method: string, timeoutMs?: number): Promise<string>;
  /** Sends a request as it is; resolves with the final response. */
  request(text: string): Promise<string>;
  /** Sends a request as it is and hands over every response; returns how to stop retransmitting. */
  transact(request: string, onResponse: (response: string) => void): () => void;
  reply(request: string, status: number, reason: string, headers?: readonly Header[], body?: string): void;
  via(branch?: string): Header;
  /** Gives up every request that has no final answer: they reject, nothing is sent again. */
  abandon(): void;
  /** Tag of this phone's answers to a request. */
  tagFor(request: string): string;
  close(): void;
}

export type RegisterOptions = Readonly<{
  expires?: number;
  /** Contact value, '*', or none at all for a query. */
  contact?: string | undefined;
  contactParams?: string;
  headers?: readonly Header[];
}>;
export type SendOptions = Readonly<{ headers?: readonly Header[]; body?: string }>;

const RECEIVED_MAX = 100_000;

/** Retransmits over UDP until stopped: T1, doubling up to T2 (RFC 3261 §17.1). */
const retransmit = (socket: SipSocket, text: string): (() => void) => {
  socket.send(text);
  if (socket.transport !== 'udp') return () => undefined;
  let waitMs = T1_MS;
  let timer: NodeJS.Timeout;
  const again = (): void => {
    socket.send(text);
    waitMs = Math.min(waitMs * 2, T2_MS);
    timer = setTimeout(again, waitMs);
  };
  timer = setTimeout(again, waitMs);
  return () => clearTimeout(timer);
};

const cseqKey = (text: string): string => `${firstHeader(text, 'Call-ID')} ${firstHeader(text, 'CSeq')}`;

/** Opens the socket, unless there is one already; nothing is sent yet. */
export const createPhone = async (options: PhoneOptions, socket?: SipSocket): Promise<Phone> =>
  new TestPhone(options, socket ?? (await openSipSocket(options)));

class TestPhone implements Phone {
  readonly user: User;
  readonly domain: string;
  readonly contact: string;
  readonly received: string[] = [];
  onRequest: RequestHandler = () => false;

  private readonly localHost: string;
  private readonly instance: string;
  private readonly waiting = new Map<string, (response: string) => void>();
  private readonly pending = new Set<() => void>();
  private readonly taken = new Set<number>();
  private readonly tags = new Map<string, string>();
  private readonly seen = new Set<string>();
  private readonly callId = `${newId()}@phone`;
  private cseq = 0;
  private nonceCount = 0;
  private challenge: Challenge | undefined;

  constructor(
    private readonly options: PhoneOptions,
    readonly socket: SipSocket,
  ) {
    const { user, domain, instance } = options;
    this.user = user;
    this.domain = domain;
    const { localAddress, localPort } = socket;
    const host = localAddress.includes(':') ? `[${localAddress}]` : localAddress;
    this.localHost = localPort === 0 ? `${newId(4)}.invalid` : `${host}:${localPort}`;
    // URIs have no word for WSS (RFC 7118 §8).
    const transport = socket.transport === 'wss' ? 'ws' : socket.transport;
    this.contact = `sip:${user.name}@${this.localHost};transport=${transport}`;
    this.instance = instance === undefined ? '' : `;+sip.instance="<urn:uuid:${instance}>"`;
    socket.onMessage = (text) => this.onText(text);
  }

  async register(given: RegisterOptions = {}): Promise<string> {
    let response = await this.registerOnce(given);
    // A stale nonce brings one more challenge; a wrong password brings it again and again.
    for (let attempt = 0; attempt < 2 && statusOf(response) === 401; attempt += 1) {
      this.challenge = parseChallenge(firstHeader(response, 'WWW-Authenticate') ?? '');
      this.nonceCount = 0;
      response = await this.registerOnce(given);
    }
    return response;
  }

  send(method: string, target: string, given: SendOptions = {}): Promise<string> {
    const headers: Header[] = [
      this.via(),
      ['Max-Forwards', '70'],
      ['From', `<${this.user.impu}>;tag=${newId(4)}`],
      ['To', `<${target}>`],
      ['Call-ID', `${newId()}@phone`],
      ['CSeq', `1 ${method}`],
      ['P-Preferred-Identity', `<${this.user.impu}>`],
      ...(method === 'MESSAGE' ? [] : [['Contact', `<${this.contact}>`] as const]),
      ...(given.headers ?? []),
    ];
    return this.request(buildMessage(`${method} ${target} SIP/2.0`, headers, given.body));
  }

  async take(method: string, timeoutMs = ANSWER_MS_MAX): Promise<string> {
    return until(`${this.user.name}: ${method}`, timeoutMs, () => {
      const at = this.received.findIndex((request, i) => !this.taken.has(i) && methodOf(request) === method);
      if (at < 0) return undefined;
      this.taken.add(at);
      return this.received[at];
    });
  }

  request(text: string): Promise<string> {
    return new Promise((resolve, reject) => {
      // A socket that was closed throws as it is sent to: then there is nothing to stop.
      let stop = (): void => undefined;
      const end = (): void => {
        clearTimeout(timer);
        stop();
        this.pending.delete(give);
      };
      const give = (): void => {
        end();
        reject(new Error(`${this.user.name}: no answer to ${methodOf(text)}`));
      };
      const timer = setTimeout(give, ANSWER_MS_MAX);
      stop = this.transact(text, (response) => {
        if ((statusOf(response) ?? 0) < 200) return;
        end();
        resolve(response);
      });
      this.pending.add(give);
    });
  }

  abandon(): void {
    for (const give of this.pending) give();
  }

  transact(request: string, onResponse: (response: string) => void): () => void {
    const key = cseqKey(request);
    const stopSending = retransmit(this.socket, request);
    this.waiting.set(key, (response) => {
      stopSending();
      onResponse(response);
    });
    return () => {
      stopSending();
      this.waiting.delete(key);
    };
  }

  reply(request: string, status: number, reason: string, headers: readonly Header[] = [], body = ''): void {
    this.socket.send(buildReply(request, status, reason, this.tagFor(request), headers, body));
  }

  via(branch = newId()): Header {
    return [
      'Via',
      `SIP/2.0/${this.socket.transport.toUpperCase()} ${this.localHost};branch=z9hG4bK${branch};rport`,
    ];
  }

  tagFor(request: string): string {
    const callId = firstHeader(request, 'Call-ID') ?? '';
    const tag = this.tags.get(callId) ?? newId(4);
    this.tags.set(callId, tag);
    return tag;
  }

  close(): void {
    this.abandon();
    this.waiting.clear();
    this.socket.close();
  }

  private registerOnce(given: RegisterOptions): Promise<string> {
    this.cseq += 1;
    const uri = `sip:${this.domain}`;
    const params = given.contactParams ?? this.options.contactParams ?? '';
    const contact = 'contact' in given ? given.contact : `<${this.contact}>${this.instance}${params}`;
    const headers: Header[] = [
      this.via(),
      ['Max-Forwards', '70'],
      ['From', `<${this.user.impu}>;tag=${newId(4)}`],
      ['To', `<${this.user.impu}>`],
      ['Call-ID', this.callId],
      ['CSeq', `${this.cseq} REGISTER`],
      ...(contact === undefined ? [] : [['Contact', contact] as const]),
      ['Expires', String(given.expires ?? 300)],
      ['Supported', 'path, outbound, gruu'],
      ...this.authorization(uri),
      ...(given.headers ?? []),
    ];
    return this.request(buildMessage(`REGISTER ${uri} SIP/2.0`, headers));
  }

  private authorization(uri: string): Header[] {
    if (!this.challenge) return [];
    this.nonceCount += 1;
    const { user, password } = this.options;
    const input = { username: user.impi, password, method: 'REGISTER', uri, nc: this.nonceCount };
    return [['Authorization', answerChallenge(this.challenge, input)]];
  }

  private onText(text: string): void {
    if (text.trim() === '') return; // keep-alive
    if (text.startsWith('SIP/2.0 ')) {
      this.waiting.get(cseqKey(text))?.(text);
      return;
    }
    const [via = ''] = headerValues(text, 'Via');
    const key = `${methodOf(text)} ${via}`;
    const repeated = this.seen.has(key);
    this.seen.add(key);
    if (!repeated && this.received.length < RECEIVED_MAX) this.received.push(text);
    if (this.onRequest(text, this) || repeated) return;
    if (methodOf(text) === 'MESSAGE' || methodOf(text) === 'OPTIONS') this.reply(text, 200, 'OK');
  }
}

/** Bindings that a 200 OK to REGISTER lists. */
export const contactsOf = (response: string): readonly string[] => headerValues(response, 'Contact');
