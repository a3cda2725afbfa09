// The third-party REGISTER that an application server gets (TS 24.229 §5.4.1.7, §7.6 for its body). Pure. Reader: server-teller.ts.
import { hash } from 'node:crypto';
import type { Position } from '#libs/decider';
import type { ServerNews, ToldServer } from '#libs/domain';
import { encodeUtf8 } from '#libs/sip';
import { xmlText } from '../reg-event/reginfo-document.js';

const NAME_CHARACTERS = 22;

/** One name for one piece of news and one server, whoever sends it: a repetition after a crash is no other REGISTER. */
export const newsName = (stream: string, at: Position, what: string, server: string): string =>
  hash(
    'sha256',
    [stream, at.generation, at.partition, at.offset, what, server].join('\n'),
    'base64url',
  ).slice(0, NAME_CHARACTERS);

type Part = Readonly<{ type: string; text: string }>;

/** The service information is the operator's text, whatever it is: escaped, so that the document is one. */
const serviceInfoDocument = (serviceInfo: string): string =>
  `<?xml version="1.0" encoding="UTF-8"?><ims-3gpp version="1"><service-info>${xmlText(encodeUtf8(serviceInfo))}</service-info></ims-3gpp>`;

const partsOf = (told: ToldServer, { request, response }: ServerNews): readonly Part[] => {
  const parts: Part[] = [];
  if (told.serviceInfo !== undefined)
    parts.push({ type: 'application/3gpp-ims+xml', text: serviceInfoDocument(told.serviceInfo) });
  if (told.wantsRequest && request !== undefined) parts.push({ type: 'message/sip', text: request });
  if (told.wantsResponse && response !== undefined) parts.push({ type: 'message/sip', text: response });
  return parts;
};

const bodyOf = (parts: readonly Part[], boundary: string): string => {
  const [only, ...more] = parts;
  if (only === undefined) return 'Content-Length: 0\r\n\r\n';
  if (more.length === 0)
    return `Content-Type: ${only.type}\r\nContent-Length: ${only.text.length}\r\n\r\n${only.text}`;
  const body =
    parts.map(({ type, text }) => `--${boundary}\r\nContent-Type: ${type}\r\n\r\n${text}\r\n`).join('') +
    `--${boundary}--\r\n`;
  return `Content-Type: multipart/mixed;boundary=${boundary}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
};

const line = (name: string, value: string | undefined): string =>
  value === undefined ? '' : `${name}: ${value}\r\n`;

/** Whole, but for Via. `expiresS` 0: the registration is over. */
export const thirdPartyRegister = (
  told: ToldServer,
  news: ServerNews,
  own: Readonly<{ scscfUri: string; name: string; expiresS: number; isEnd: boolean }>,
): string => {
  const { scscfUri, name, expiresS, isEnd } = own;
  // Of an end that came without a REGISTER there is none to show.
  const shown = isEnd ? withoutMessages(news) : news;
  return (
    `REGISTER ${told.server} SIP/2.0\r\nMax-Forwards: 70\r\n` +
    `From: <${scscfUri}>;tag=${name}\r\nTo: <${news.impu}>\r\nCall-ID: ${name}\r\nCSeq: 1 REGISTER\r\n` +
    `Contact: <${scscfUri}>\r\nExpires: ${expiresS}\r\n` +
    line('P-Access-Network-Info', news.accessNetwork) +
    line('P-Visited-Network-ID', news.visitedNetwork) +
    line('P-Charging-Vector', news.chargingVector) +
    line('P-Charging-Function-Addresses', news.functionAddresses) +
    bodyOf(partsOf(told, shown), name)
  );
};

const withoutMessages = ({ request: _request, response: _response, ...rest }: ServerNews): ServerNews => rest;
