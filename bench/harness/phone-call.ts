// A call of a test phone, seen from either side: INVITE to BYE with the dialog's route set and tags (RFC 3261 §12).
// Used by accept and by end-to-end tests.
import { firstHeader, statusOf } from '#libs/testkit';
import { until } from './children.js';
import type { Phone } from './phone.js';
import { buildMessage, type Header, headerValues, newId, sdpOffer, uriOf } from './sip-text.js';

const ANSWER_MS_MAX = 10_000;

type Dialog = {
  readonly callId: string;
  readonly local: string;
  remote: string;
  target: string;
  routes: readonly string[];
  cseq: number;
};

const inDialog = (phone: Phone, dialog: Dialog, method: string, cseq: number, branch?: string): string =>
  buildMessage(`${method} ${dialog.target} SIP/2.0`, [
    phone.via(branch),
    ['Max-Forwards', '70'],
    ...dialog.routes.map((route): Header => ['Route', route]),
    ['From', dialog.local],
    ['To', dialog.remote],
    ['Call-ID', dialog.callId],
    ['CSeq', `${cseq} ${method}`],
  ]);

export interface OutgoingCall {
  readonly callId: string;
  readonly invite: string;
  /** Responses so far, provisional and final. */
  readonly responses: readonly string[];
  /** Resolves with the final response; a 2xx has been acknowledged then. */
  readonly final: Promise<string>;
  /** Resolves with the first response of this status. */
  response(status: number, timeoutMs?: number): Promise<string>;
  cancel(): Promise<string>;
  bye(): Promise<string>;
}

export type CallOptions = Readonly<{ headers?: readonly Header[]; body?: string }>;

const ack = (phone: Phone, dialog: Dialog, invite: string, response: string): void => {
  if ((statusOf(response) ?? 0) < 300) {
    phone.socket.send(inDialog(phone, dialog, 'ACK', 1));
    return;
  }
  // RFC 3261 §17.1.1.3: same branch, To of the response.
  const headers: Header[] = [
    ['Via', firstHeader(invite, 'Via') ?? ''],
    ['Max-Forwards', '70'],
    ['From', dialog.local],
    ['To', firstHeader(response, 'To') ?? ''],
    ['Call-ID', dialog.callId],
    ['CSeq', '1 ACK'],
  ];
  phone.socket.send(buildMessage(invite.split('\r\n', 1)[0]?.replace('INVITE', 'ACK') ?? '', headers));
};

export const invite = (phone: Phone, target: string, options: CallOptions = {}): OutgoingCall => {
  const branch = newId();
  const dialog: Dialog = {
    callId: `${newId()}@phone`,
    local: `<${phone.user.impu}>;tag=${newId(4)}`,
    remote: `<${target}>`,
    target,
    routes: [],
    cseq: 1,
  };
  const text = buildMessage(
    `INVITE ${target} SIP/2.0`,
    [
      phone.via(branch),
      ['Max-Forwards', '70'],
      ['From', dialog.local],
      ['To', dialog.remote],
      ['Call-ID', dialog.callId],
      ['CSeq', '1 INVITE'],
      ['Contact', `<${phone.contact}>`],
      ['P-Preferred-Identity', `<${phone.user.impu}>`],
      ['Content-Type', 'application/sdp'],
      ...(options.headers ?? []),
    ],
    options.body ?? sdpOffer(phone.user.name),
  );
  const responses: string[] = [];
  const final = new Promise<string>((resolve) => {
    phone.transact(text, (response) => {
      responses.push(response);
      const status = statusOf(response) ?? 0;
      if (status < 200) return;
      if (status < 300) {
        dialog.remote = firstHeader(response, 'To') ?? dialog.remote;
        dialog.target = uriOf(firstHeader(response, 'Contact') ?? dialog.target);
        dialog.routes = [...headerValues(response, 'Record-Route')].reverse();
      }
      ack(phone, dialog, text, response);
      resolve(response);
    });
  });
  return {
    callId: dialog.callId,
    invite: text,
    responses,
    final,
    response: (status, timeoutMs = ANSWER_MS_MAX) =>
      until(`${phone.user.name}: ${status}`, timeoutMs, () =>
        responses.find((one) => statusOf(one) === status),
      ),
    cancel() {
      const headers: Header[] = [
        phone.via(branch),
        ['Max-Forwards', '70'],
        ['From', dialog.local],
        ['To', `<${target}>`],
        ['Call-ID', dialog.callId],
        ['CSeq', '1 CANCEL'],
      ];
      return phone.request(buildMessage(`CANCEL ${target} SIP/2.0`, headers));
    },
    bye() {
      dialog.cseq += 1;
      return phone.request(inDialog(phone, dialog, 'BYE', dialog.cseq));
    },
  };
};

/** The same call seen by the one who was called: answers and, once answered, ends it. */
export interface IncomingCall {
  readonly invite: string;
  ring(): void;
  /** 200 OK with SDP; resolves with the ACK. */
  answer(): Promise<string>;
  reject(status: number, reason: string): void;
  bye(): Promise<string>;
}

export const incoming = (phone: Phone, text: string): IncomingCall => {
  const contact: Header = ['Contact', `<${phone.contact}>`];
  const dialog: Dialog = {
    callId: firstHeader(text, 'Call-ID') ?? '',
    local: `${firstHeader(text, 'To') ?? ''};tag=${phone.tagFor(text)}`,
    remote: firstHeader(text, 'From') ?? '',
    target: uriOf(firstHeader(text, 'Contact') ?? ''),
    routes: headerValues(text, 'Record-Route'),
    cseq: 1000,
  };
  return {
    invite: text,
    ring: () => phone.reply(text, 180, 'Ringing', [contact]),
    async answer() {
      const ok = () =>
        phone.reply(
          text,
          200,
          'OK',
          [contact, ['Content-Type', 'application/sdp']],
          sdpOffer(phone.user.name),
        );
      ok();
      // RFC 3261 §13.3.1.4: the 200 is repeated until the ACK comes.
      const again = phone.socket.transport === 'udp' ? setInterval(ok, 500) : undefined;
      try {
        return await phone.take('ACK');
      } finally {
        clearInterval(again);
      }
    },
    reject: (status, reason) => phone.reply(text, status, reason),
    bye() {
      dialog.cseq += 1;
      return phone.request(inDialog(phone, dialog, 'BYE', dialog.cseq));
    },
  };
};

/** Waits for a call to this phone. */
export const expectCall = async (phone: Phone, timeoutMs?: number): Promise<IncomingCall> =>
  incoming(phone, await phone.take('INVITE', timeoutMs));
