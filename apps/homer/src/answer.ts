// What a request to Homer comes to, without HTTP's library: read by http/xcap.controller.ts, made by everything else here.
import { type Conflict, conflictXml, entityTag } from '#libs/xcap';

export type XcapRequest = Readonly<{
  method: 'GET' | 'PUT' | 'DELETE';
  /** As it came: path and query, percent-encoded. */
  target: string;
  /** By lower-case name; of a repeated one the values joined. */
  header: (name: string) => string | undefined;
  body: Uint8Array;
  /** Who connected. */
  remoteAddress: string;
  /** Whom a trusted proxy names, else who connected: whose failures are counted. */
  clientAddress: string;
}>;

export type XcapAnswer = Readonly<{
  status: number;
  /** Of a list one field each. */
  headers: Readonly<Record<string, string | string[]>>;
  /** Why not, for people: sent as JSON. */
  reason?: string;
  /** With a content-type header. */
  text?: string;
}>;

export const refusal = (status: number, reason: string, headers: XcapAnswer['headers'] = {}): XcapAnswer => ({
  status,
  headers,
  reason,
});

/** Told in these words when a user has no such document: who reads documents tells it from any other 404 by them. */
export const NO_DOCUMENT = 'no such document';

export const notFound = (reason = NO_DOCUMENT): XcapAnswer => refusal(404, reason);
export const readOnly = (reason: string): XcapAnswer => refusal(405, reason, { allow: 'GET' });

const RETRY_AFTER_S = 5;
export const unavailable = (reason: string): XcapAnswer =>
  refusal(503, reason, { 'retry-after': String(RETRY_AFTER_S) });
export const throttled = (reason: string, waitS: number): XcapAnswer =>
  refusal(503, reason, { 'retry-after': String(waitS) });
export const uncertain = (reason: string): XcapAnswer =>
  refusal(500, reason, { 'retry-after': String(RETRY_AFTER_S) });

export const conflicting = (conflict: Conflict): XcapAnswer => ({
  status: 409,
  headers: { 'content-type': 'application/xcap-error+xml' },
  text: conflictXml(conflict),
});

/** RFC 4825 §8.5, §9: the tag of the document goes with every node of it; nobody keeps it for others. */
export const tagged = (revision: number): Record<string, string> => ({
  etag: entityTag(revision),
  'cache-control': 'no-cache',
});

export const shown = (text: string, type: string, headers: Readonly<Record<string, string>>): XcapAnswer => ({
  status: 200,
  headers: { ...headers, 'content-type': type },
  text,
});
