// A SIP phone for tests: registers with digest, calls, answers, sends messages, over UDP, TCP or WebSocket. It checks what it
// gets by RFC 3261 as a plain client would, and shares no code with the engine under test.
// Used by accept and by end-to-end tests.
import { firstHeader, statusOf } from '#libs/testkit';
import { sleep } from './children.js';
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
  /** Sends a request as it is and hands over every response; returns how to stop retransmitting. */
  transact(request: string, onResponse: (response: string) => void): () => void;
  reply(request: string, status: number, reason: string, headers?: readonly Header[], body?: string): void;
  via(branch?: string): Header;
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

/** Opens the socket; nothing is sent yet. */
export const createPhone = async (options: PhoneOptions): Promise<Phone> => {
  const { user, domain } = options;
  const socket = await openSipSocket(options);
  const waiting = new Map<string, (response: string) => void>();
  const received: string[] = [];
  const taken = new Set<number>();
  const tags = new Map<string, string>();
  const registration = {
    callId: `${newId()}@phone`,
    cseq: 0,
    nc: 0,
    challenge: undefined as Challenge | undefined,
  };
  const localHost =
    socket.transport === 'ws' ? `${newId(4)}.invalid` : `${socket.localAddress}:${socket.localPort}`;
  const contactUri = `sip:${user.name}@${localHost};transport=${socket.transport}`;
  const instance = options.instance === undefined ? '' : `;+sip.instance="<urn:uuid:${options.instance}>"`;

  const final = (request: string, what: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        stop();
        reject(new Error(`${user.name}: no answer to ${what} within ${ANSWER_MS_MAX} ms`));
      }, ANSWER_MS_MAX);
      const stop = phone.transact(request, (response) => {
        if ((statusOf(response) ?? 0) < 200) return;
        clearTimeout(timer);
        stop();
        resolve(response);
      });
    });

  const headersFor = (method: string, target: string, extra: readonly Header[]): readonly Header[] => [
    phone.via(),
    ['Max-Forwards', '70'],
    ['From', `<${user.impu}>;tag=${newId(4)}`],
    ['To', `<${target}>`],
    ['Call-ID', `${newId()}@phone`],
    ['CSeq', `1 ${method}`],
    ['P-Preferred-Identity', `<${user.impu}>`],
    ...(method === 'MESSAGE' ? [] : [['Contact', `<${contactUri}>`] as const]),
    ...extra,
  ];

  const registerOnce = (given: RegisterOptions): Promise<string> => {
    registration.cseq += 1;
    const uri = `sip:${domain}`;
    const authorization = (): Header[] => {
      if (!registration.challenge) return [];
      registration.nc += 1;
      const input = {
        username: user.impi,
        password: options.password,
        method: 'REGISTER',
        uri,
        nc: registration.nc,
      };
      return [['Authorization', answerChallenge(registration.challenge, input)]];
    };
    const params = given.contactParams ?? options.contactParams ?? '';
    const contact = 'contact' in given ? given.contact : `<${contactUri}>${instance}${params}`;
    const request = buildMessage(`REGISTER ${uri} SIP/2.0`, [
      phone.via(),
      ['Max-Forwards', '70'],
      ['From', `<${user.impu}>;tag=${newId(4)}`],
      ['To', `<${user.impu}>`],
      ['Call-ID', registration.callId],
      ['CSeq', `${registration.cseq} REGISTER`],
      ...(contact === undefined ? [] : [['Contact', contact] as const]),
      ['Expires', String(given.expires ?? 300)],
      ['Supported', 'path, gruu'],
      ...authorization(),
      ...(given.headers ?? []),
    ]);
    return final(request, 'REGISTER');
  };

  const phone: Phone = {
    user,
    domain,
    socket,
    contact: contactUri,
    received,
    onRequest: () => false,
    async register(given = {}) {
      let response = await registerOnce(given);
      // A stale nonce brings one more challenge; a wrong password brings it again and again.
      for (let attempt = 0; attempt < 2 && statusOf(response) === 401; attempt += 1) {
        const [challenge = ''] = headerValuesOfChallenge(response);
        registration.challenge = parseChallenge(challenge);
        registration.nc = 0;
        response = await registerOnce(given);
      }
      return response;
    },
    send(method, target, given = {}) {
      const text = buildMessage(
        `${method} ${target} SIP/2.0`,
        headersFor(method, target, given.headers ?? []),
        given.body,
      );
      return final(text, method);
    },
    async take(method, timeoutMs = ANSWER_MS_MAX) {
      const endMs = performance.now() + timeoutMs;
      for (;;) {
        const at = received.findIndex((request, i) => !taken.has(i) && methodOf(request) === method);
        if (at >= 0) {
          taken.add(at);
          return received[at] ?? '';
        }
        if (performance.now() > endMs) throw new Error(`${user.name}: no ${method} within ${timeoutMs} ms`);
        await sleep(2);
      }
    },
    transact(request, onResponse) {
      const key = cseqKey(request);
      const stopSending = retransmit(socket, request);
      const stop = (): void => {
        stopSending();
        waiting.delete(key);
      };
      waiting.set(key, (response) => {
        stopSending();
        onResponse(response);
      });
      return stop;
    },
    reply: (request, status, reason, headers = [], body = '') =>
      socket.send(buildReply(request, status, reason, phone.tagFor(request), headers, body)),
    via: (branch = newId()) => [
      'Via',
      `SIP/2.0/${socket.transport.toUpperCase()} ${localHost};branch=z9hG4bK${branch};rport`,
    ],
    tagFor(request) {
      const callId = firstHeader(request, 'Call-ID') ?? '';
      const tag = tags.get(callId) ?? newId(4);
      tags.set(callId, tag);
      return tag;
    },
    close() {
      waiting.clear();
      socket.close();
    },
  };

  const seen = new Set<string>();
  socket.onMessage = (text) => {
    if (text.trim() === '') return;
    if (text.startsWith('SIP/2.0 ')) {
      waiting.get(cseqKey(text))?.(text);
      return;
    }
    const [via = ''] = headerValues(text, 'Via');
    const key = `${methodOf(text)} ${via}`;
    const repeated = seen.has(key);
    seen.add(key);
    if (!repeated && received.length < RECEIVED_MAX) received.push(text);
    if (phone.onRequest(text, phone) || repeated) return;
    if (methodOf(text) === 'MESSAGE' || methodOf(text) === 'OPTIONS') phone.reply(text, 200, 'OK');
  };
  return phone;
};

/** WWW-Authenticate values: one a line, as commas separate parameters there. */
const headerValuesOfChallenge = (response: string): readonly string[] => {
  const value = firstHeader(response, 'WWW-Authenticate');
  return value === undefined ? [] : [value];
};

/** Bindings that a 200 OK to REGISTER lists. */
export const contactsOf = (response: string): readonly string[] => headerValues(response, 'Contact');
