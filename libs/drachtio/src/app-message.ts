// SIP text as an application writes it: complete in nothing that the server fills in, with Content-Length in characters.
// Read leniently here; what is made of it is parsed by the engine before it is sent. Readers: incoming, outgoing, proxying.
import { checkFields, HEADER_IDS, HEADER_NAMES, HEADER_LINES_MAX, parseMessage } from '#libs/sip';

export type AppHeader = Readonly<{
  name: string;
  /** Lower case, compact forms written out. */
  key: string;
  value: string;
}>;

export type AppMessage = Readonly<{
  /** '' for a response. */
  method: string;
  uri: string;
  /** 0 for a request. */
  status: number;
  reason: string;
  headers: readonly AppHeader[];
  body: string;
}>;

const TOKEN = /^[A-Za-z0-9.!%*_+`'~-]{1,64}$/;
const REQUEST_LINE = /^([A-Z][A-Z0-9-]{0,31}) (\S{1,8192}) SIP\/2\.0$/;
const STATUS_LINE = /^SIP\/2\.0 ([1-6]\d\d) ?([^\r\n]{0,256})$/;
const CONTROL = /[\0-\x08\x0a-\x1f\x7f]/;
const END_OF_HEAD = '\r\n\r\n';

const keyOf = (name: string): string => {
  const lower = name.toLowerCase();
  const id = HEADER_IDS.get(lower);
  return id === undefined ? lower : HEADER_NAMES[id]!.toLowerCase();
};

const headerOf = (line: string): AppHeader | undefined => {
  const colon = line.indexOf(':');
  const name = line.slice(0, Math.max(0, colon)).trimEnd();
  if (!TOKEN.test(name) || CONTROL.test(line)) return undefined;
  return { name, key: keyOf(name), value: line.slice(colon + 1).trim() };
};

/** undefined: nobody could make a SIP message of it. */
export const parseAppMessage = (text: string): AppMessage | undefined => {
  const end = text.indexOf(END_OF_HEAD);
  const head = end < 0 ? text : text.slice(0, end);
  const [first = '', ...lines] = head.split('\r\n');
  const headers: AppHeader[] = [];
  for (const line of lines) {
    if (line === '') continue;
    const header = headerOf(line);
    if (header === undefined || headers.length >= HEADER_LINES_MAX) return undefined;
    headers.push(header);
  }
  const body = end < 0 ? '' : text.slice(end + END_OF_HEAD.length);
  const [, method, uri] = REQUEST_LINE.exec(first) ?? [];
  if (method !== undefined && uri !== undefined) return { method, uri, status: 0, reason: '', headers, body };
  const [, status, reason = ''] = STATUS_LINE.exec(first) ?? [];
  if (status === undefined || CONTROL.test(reason)) return undefined;
  return { method: '', uri: '', status: Number(status), reason, headers, body };
};

/** The value of the first header of this lower-case name. */
export const appHeader = ({ headers }: AppMessage, key: string): string | undefined =>
  headers.find((header) => header.key === key)?.value;

/**
 * The headers as lines, but for those that the server writes itself. Empty ones are left out; a body without a type is what it
 * looks like, since drachtio-srf leaves that to the server.
 */
export const headerLinesWithout = (app: AppMessage, owned: ReadonlySet<string>): string => {
  const { headers, body } = app;
  const isUntyped = body !== '' && appHeader(app, 'content-type') === undefined;
  let lines = isUntyped
    ? `Content-Type: ${body.startsWith('v=0') ? 'application/sdp' : 'text/plain'}\r\n`
    : '';
  for (const { name, key, value } of headers)
    if (!owned.has(key) && value !== '') lines += `${name}: ${value}\r\n`;
  return lines;
};

export const NOT_SIP = 'NOK|SIP message cannot be read';

/** Would who gets it be able to read it? */
export const isSip = (text: string): boolean => {
  const parsed = parseMessage(text);
  return parsed.ok && checkFields(parsed.message) === undefined;
};

/** The same of a request that has no Via yet. */
export const isWhole = (request: string): boolean => {
  const at = request.indexOf('\r\n') + 2;
  return isSip(`${request.slice(0, at)}Via: SIP/2.0/UDP placeholder.invalid\r\n${request.slice(at)}`);
};
