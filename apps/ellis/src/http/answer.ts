// HTTP and Ellis' core: a request as the core reads it, an outcome as it is written (docs/ellis.md, "Rules for all routes").
// Used by the controllers; knows Fastify's request and reply by type only.
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type ClientAddress, type Clock, type ErrorBody, errorBody, lineOf } from '#libs/runtime';
import { SESSION_COOKIE } from '../accounts/who.js';
import type { EllisCall } from '../context.js';
import type { Ellis } from '../ellis.js';
import type { EventStreams } from '../live/event-streams.js';
import { badRequest, type EllisFault, faultOf, type Outcome } from '../outcome.js';

const headerIn = ({ headers }: FastifyRequest, name: string): string | undefined => {
  const value = headers[name];
  return Array.isArray(value) ? value.join(', ') : value;
};

type Fields = (name: string) => unknown;

const isForm = (request: FastifyRequest): boolean =>
  /^application\/x-www-form-urlencoded\s*(;|$)/i.test(headerIn(request, 'content-type') ?? '');

/** JSON was parsed already, unless its sender did not say that it is JSON. */
const bodyFields = (request: FastifyRequest): Fields => {
  const { body } = request;
  if (typeof body === 'object' && body !== null && !Array.isArray(body))
    return (name) => (Object.hasOwn(body, name) ? (body as Record<string, unknown>)[name] : undefined);
  if (typeof body !== 'string' || body === '') return () => undefined;
  const form = new URLSearchParams(body);
  if (isForm(request)) return (name) => form.get(name) ?? undefined;
  if (!body.trimStart().startsWith('{')) return () => undefined;
  try {
    const parsed = JSON.parse(body) as Record<string, unknown>;
    return (name) => (Object.hasOwn(parsed, name) ? parsed[name] : undefined);
  } catch {
    throw badRequest('the body is not JSON');
  }
};

const textOf = (name: string, value: unknown): string | undefined => {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw badRequest(`${name}: takes a text`);
};

const queryOf = ({ url }: FastifyRequest): URLSearchParams => {
  // A query may hold question marks itself (RFC 3986 §3.4).
  const mark = url.indexOf('?');
  return new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1));
};

export const callOf = (request: FastifyRequest, addressOf: ClientAddress): EllisCall => {
  const fields = bodyFields(request);
  const query = queryOf(request);
  return {
    method: request.method,
    header: (name) => headerIn(request, name),
    field: (name) => textOf(name, fields(name) ?? query.get(name) ?? undefined),
    text: typeof request.body === 'string' ? request.body : '',
    address: lineOf(addressOf(request.socket.remoteAddress ?? '', headerIn(request, 'x-forwarded-for'))),
  };
};

const setCookie = (reply: FastifyReply, session: NonNullable<Outcome['session']>, isSecure: boolean): void => {
  const rules = `Path=/; HttpOnly; SameSite=Strict${isSecure ? '; Secure' : ''}`;
  const cookie =
    session === 'over' ? `${SESSION_COOKIE}=; ${rules}; Max-Age=0` : `${SESSION_COOKIE}=${session.token}; ${rules}`;
  void reply.header('Set-Cookie', cookie);
}; // prettier-ignore

/** A path of this host: whoever makes the form must not send people elsewhere. */
const OWN_PATH = /^\/(?![/\\])[\x21-\x7e]{0,500}$/;

const redirected = (call: EllisCall, request: FastifyRequest, name: string): string | undefined => {
  if (!isForm(request)) return undefined;
  const path = call.field(name);
  return path !== undefined && OWN_PATH.test(path) ? path : undefined;
};

const written = (reply: FastifyReply, { status, body, document }: Outcome): object | string | undefined => {
  void reply.status(status);
  if (document === undefined) return body;
  void reply.type(document.type);
  if (document.etag !== undefined) void reply.header('ETag', document.etag);
  return document.text;
};

const refused = (reply: FastifyReply, fault: EllisFault): ErrorBody => {
  void reply.status(fault.status);
  if (fault.retryAfterS !== undefined) void reply.header('Retry-After', fault.retryAfterS);
  return errorBody(fault.status, fault.reason, fault.detail);
};

const withFault = (path: string, { status, reason }: EllisFault): string =>
  `${path}${path.includes('?') ? '&' : '?'}error=true&status=${status}&reason=${encodeURIComponent(reason)}`;

/** What a controller is given beside the request. */
export type Rim = Readonly<{
  ellis: Ellis;
  addressOf: ClientAddress;
  streams: EventStreams;
  clock: Clock;
}>;

/** A fault as its body, with its status; a defect is thrown on. */
export const refuse = ({ ellis }: Rim, reply: FastifyReply, error: unknown): ErrorBody => {
  const fault = faultOf(error);
  if (fault === undefined) throw error;
  if (fault.status >= 500 && !fault.isThrottle) ellis.onFault(error);
  return refused(reply, fault);
};

/**
 * What people wrote is served from the portal's own host: opened in a window, a document with a script in it (XHTML in filter criteria) would
 * act as whoever looks at it.
 */
const GUARDS = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'; sandbox",
  'X-Content-Type-Options': 'nosniff',
};

/** Runs a handler and writes what it comes to; a defect is thrown on, for the API's own error answer. */
export const answer = async (
  { ellis, addressOf }: Pick<Rim, 'ellis' | 'addressOf'>,
  request: FastifyRequest,
  reply: FastifyReply,
  run: (call: EllisCall) => Outcome | Promise<Outcome>,
): Promise<object | string | undefined> => {
  void reply.headers(GUARDS);
  let call: EllisCall | undefined;
  try {
    call = callOf(request, addressOf);
    const outcome = await run(call);
    if (outcome.session !== undefined) setCookie(reply, outcome.session, ellis.settings.url.startsWith('https:'));
    const path = redirected(call, request, 'onsuccess');
    if (path === undefined) return written(reply, outcome);
    void reply.status(303).header('Location', path);
    return undefined;
  } catch (error) {
    const fault = faultOf(error);
    if (fault === undefined) throw error;
    if (fault.status >= 500 && !fault.isThrottle) ellis.onFault(error);
    const path = call && redirected(call, request, 'onfailure');
    if (path === undefined) return refused(reply, fault);
    void reply.status(303).header('Location', withFault(path, fault));
    return undefined;
  }
}; // prettier-ignore
