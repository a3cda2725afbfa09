// The texts that the test phone sends (RFC 3261 §7, §8.1.1, §8.2.6). Writer: phone.ts.
import { H, reasonPhrase, type SipMessage, tagOf, values } from '#libs/sip';

/** What makes up a request; `headers` are whole lines ending in CRLF. */
export type RequestParts = Readonly<{
  method: string;
  uri: string;
  branch: string;
  from: string;
  to: string;
  callId: string;
  cseq: number;
  /** '' for none. */
  contact: string;
  headers: string;
  body: string;
  /** Default 70; '' for a request without the header. */
  maxForwards?: string;
}>;

export const requestText = (parts: RequestParts, sentBy: string): string => {
  const { method, uri, branch, from, to, callId, cseq, contact, headers, body, maxForwards = '70' } = parts;
  return (
    `${method} ${uri} SIP/2.0\r\nVia: SIP/2.0/${sentBy};branch=${branch};rport\r\n` +
    (maxForwards === '' ? '' : `Max-Forwards: ${maxForwards}\r\n`) +
    `From: ${from}\r\nTo: ${to}\r\nCall-ID: ${callId}\r\nCSeq: ${cseq} ${method}\r\n` +
    (contact === '' ? '' : `Contact: ${contact}\r\n`) +
    `${headers}Content-Length: ${body.length}\r\n\r\n${body}`
  );
};

export const answerText = (
  request: SipMessage,
  status: number,
  toTag: string,
  contact: string,
  headers: string,
  body: string,
): string => {
  const to = request.header(H.To)!;
  const lines = (name: string, all: readonly string[]): string =>
    all.map((value) => `${name}: ${value}\r\n`).join('');
  return (
    `SIP/2.0 ${status} ${reasonPhrase(status)}\r\n` +
    lines('Via', values(request, H.Via)) +
    lines('Record-Route', values(request, H.RecordRoute)) +
    `From: ${request.header(H.From)!}\r\nTo: ${to}${tagOf(to) === '' ? `;tag=${toTag}` : ''}\r\n` +
    `Call-ID: ${request.header(H.CallId)!}\r\nCSeq: ${request.header(H.CSeq)!}\r\n` +
    (status > 100 && status < 300 ? `Contact: ${contact}\r\n` : '') +
    `${headers}Content-Length: ${body.length}\r\n\r\n${body}`
  );
};
