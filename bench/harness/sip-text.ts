// SIP messages as text, for a test phone: built line by line, answered by copying what RFC 3261 §8.2.6 says.
// Used by phone.ts and phone-call.ts.
import { createHash, randomBytes } from 'node:crypto';
import { firstHeader, headerLines } from '#libs/testkit';

export const newId = (bytes = 8): string => randomBytes(bytes).toString('hex');

export type Header = readonly [name: string, value: string];

export const buildMessage = (startLine: string, headers: readonly Header[], body = ''): string =>
  [
    startLine,
    ...headers.map(([name, value]) => `${name}: ${value}`),
    `Content-Length: ${Buffer.byteLength(body)}`,
    '',
    body,
  ].join('\r\n');

export const methodOf = (text: string): string => text.slice(0, text.indexOf(' '));

export const bodyOf = (text: string): string => {
  const at = text.indexOf('\r\n\r\n');
  return at < 0 ? '' : text.slice(at + 4);
};

export const uriOf = (nameAddr: string): string =>
  /<([^>]*)>/.exec(nameAddr)?.[1] ?? nameAddr.split(';', 1)[0] ?? '';

export const tagOf = (nameAddr: string): string | undefined => /;\s*tag=([^;,\s]+)/i.exec(nameAddr)?.[1];

/** Values of a header whether on lines of their own or joined by commas; commas inside <> or quotes stay. */
export const headerValues = (text: string, name: string): readonly string[] =>
  headerLines(text, name).flatMap(
    (line) => line.match(/(?:"(?:[^"\\]|\\.)*"|<[^>]*>|[^,])+/g)?.map((part) => part.trim()) ?? [],
  );

/** The answer to a request: Via, From, To (with the tag), Call-ID, CSeq, Record-Route copied. */
export const buildReply = (
  request: string,
  status: number,
  reason: string,
  tag: string,
  headers: readonly Header[] = [],
  body = '',
): string => {
  const copied = (name: string): Header[] =>
    headerLines(request, name).map((value) => [name, value] as const);
  const to = firstHeader(request, 'To') ?? '';
  const withTag = tagOf(to) === undefined && status > 100 ? `${to};tag=${tag}` : to;
  return buildMessage(
    `SIP/2.0 ${status} ${reason}`,
    [
      ...copied('Via'),
      ...copied('Record-Route'),
      ...copied('From'),
      ['To', withTag],
      ...copied('Call-ID'),
      ...copied('CSeq'),
      ...headers,
    ],
    body,
  );
};

export type Challenge = Readonly<Record<string, string>>;

export const parseChallenge = (value: string): Challenge =>
  Object.fromEntries(
    [
      ...value.replace(/^\s*Digest\s+/i, '').matchAll(/([a-z-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^,\s]+))/gi),
    ].map(([, name = '', quoted, plain]) => [name.toLowerCase(), quoted ?? plain ?? '']),
  );

export type DigestInput = Readonly<{
  username: string;
  password: string;
  method: string;
  uri: string;
  nc: number;
}>;

/** The Authorization value for a challenge: RFC 7616, MD5 and SHA-256, qop=auth. */
export const answerChallenge = (challenge: Challenge, input: DigestInput): string => {
  const { realm = '', nonce = '', opaque, algorithm = 'MD5' } = challenge;
  const hash = (text: string) =>
    createHash(algorithm.toUpperCase() === 'SHA-256' ? 'sha256' : 'md5')
      .update(text)
      .digest('hex');
  const nc = input.nc.toString(16).padStart(8, '0');
  const cnonce = newId(4);
  const ha1 = hash(`${input.username}:${realm}:${input.password}`);
  const ha2 = hash(`${input.method}:${input.uri}`);
  const response = hash(`${ha1}:${nonce}:${nc}:${cnonce}:auth:${ha2}`);
  return [
    `Digest username="${input.username}"`,
    `realm="${realm}"`,
    `nonce="${nonce}"`,
    `uri="${input.uri}"`,
    `response="${response}"`,
    `algorithm=${algorithm}`,
    `cnonce="${cnonce}"`,
    'qop=auth',
    `nc=${nc}`,
    ...(opaque === undefined ? [] : [`opaque="${opaque}"`]),
  ].join(', ');
};

const SDP_PORT = 40_000;

export const sdpOffer = (user: string): string =>
  [
    'v=0',
    `o=${user} 1 1 IN IP4 127.0.0.1`,
    's=-',
    'c=IN IP4 127.0.0.1',
    't=0 0',
    `m=audio ${SDP_PORT} RTP/AVP 0 8`,
    'a=rtpmap:0 PCMU/8000',
    'a=rtpmap:8 PCMA/8000',
    '',
  ].join('\r\n');
