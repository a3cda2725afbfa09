// Provisioning outcomes as HTTP: status, Location, ETag, body; faults in the JSON shape of every API of ours.
// Used by the controllers; knows Fastify's request and reply by type only.
import type { FastifyReply } from 'fastify';
import { type ErrorBody, errorBody } from '#libs/runtime';
import { badRequest, faultOf, type Outcome } from '../outcome.js';

/** Runs a handler and writes what it comes to; a defect is thrown on, for the API's own error answer. */
export const answer = async <Body>(
  reply: FastifyReply,
  run: () => Promise<Outcome<Body>>,
  type?: string,
): Promise<Body | ErrorBody> => {
  try {
    const { status, body, location, revision } = await run();
    void reply.status(status);
    if (location !== undefined) void reply.header('Location', location);
    if (revision !== undefined) void reply.header('ETag', `"${revision}"`);
    if (type !== undefined) void reply.type(type);
    return body;
  } catch (error) {
    const fault = faultOf(error);
    if (!fault) throw error;
    void reply.status(fault.status);
    if (fault.retryAfterS !== undefined) void reply.header('Retry-After', fault.retryAfterS);
    return errorBody(fault.status, fault.reason, fault.detail);
  }
};

export const XML = 'application/xml; charset=utf-8';

/** Endpoints that take no body answer 400 to one (backend.md §3). */
export const refuseBody = (body: unknown): void => {
  if (body !== undefined && body !== null && body !== '') throw badRequest('takes no body');
};

/** The text of an XML body; JSON that was parsed already is none. */
export const textBody = (body: unknown): string => {
  if (body === undefined || body === null) return '';
  if (typeof body !== 'string') throw badRequest('takes XML (Content-Type: application/xml)');
  return body;
};

/** A JSON body, parsed by the server or, from a client that names no content type, here. */
export const jsonBody = (body: unknown): unknown => {
  if (typeof body !== 'string' || body.trim() === '') return body ?? undefined;
  try {
    return JSON.parse(body) as unknown;
  } catch {
    throw badRequest('the body is not JSON');
  }
};

/** If-Match of RFC 9110 §13.1.1 with an ETag of ours; `*` asks for nothing more than the path does. */
export const ifRevision = (header: unknown): Readonly<{ ifRevision?: number }> => {
  if (header === undefined || header === '*') return {};
  const [, revision] = /^"(\d{1,15})"$/.exec(typeof header === 'string' ? header : '') ?? [];
  if (revision === undefined) throw badRequest('If-Match: takes one ETag, as a GET gave it');
  return { ifRevision: Number(revision) };
};

const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,255}$/;

export const idempotencyKey = (header: unknown): Readonly<{ idempotencyKey?: string }> => {
  if (header === undefined) return {};
  if (typeof header === 'string' && IDEMPOTENCY_KEY.test(header)) return { idempotencyKey: header };
  throw badRequest('Idempotency-Key: takes 1 to 255 printable characters without spaces');
};
