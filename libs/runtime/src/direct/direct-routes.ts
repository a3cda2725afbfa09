// Requests that are many and plain, answered in front of the framework: no route is looked up for them, no exception zone entered and no
// reply made. Who may ask, what is wrong with a body and how a fault looks are the same there; whatever is not plain is the framework's.
// Used by nest-http.ts for the APIs that name such requests (HttpOptions.direct).
import type { IncomingMessage, OutgoingHttpHeaders, RequestListener, ServerResponse } from 'node:http';
import { type ErrorBody, errorBody } from '../error-body.js';

/** `reason`: it is refused with it, as every fault is told. */
export type DirectAnswer = Readonly<{
  status: number;
  location?: string;
  reason?: string;
  retryAfterS?: number;
}>;

/** Given what the body says. A rejection is a defect: 500. */
export type DirectRoute = (body: unknown) => Promise<DirectAnswer>;

/** The route of a request by its method and URL as it came, or undefined: the framework's. */
export type DirectRoutes = (method: string, url: string) => DirectRoute | undefined;

export type DirectOptions = Readonly<{
  routes: DirectRoutes;
  /** False: the framework says why not. Asked before the body is read. */
  isLetIn: (request: IncomingMessage) => boolean;
  /** The framework's own reader of JSON bodies. */
  readJson: (text: string, done: (error: Error | null, body?: unknown) => void) => void;
  bodyBytesMax: number;
  /** A defect, as the client is told of it. */
  onDefect: (error: unknown, request: Readonly<{ method: string; url: string }>) => ErrorBody;
}>;

/** A JSON body of a length that is told, within the bound; the server's parser sees to it that it is so long. */
const isPlain = ({ headers }: IncomingMessage, bodyBytesMax: number): boolean => {
  const bytes = Number(headers['content-length']);
  return headers['content-type'] === 'application/json' && bytes > 0 && bytes <= bodyBytesMax;
};

const writeFault = (response: ServerResponse, fault: ErrorBody, retryAfterS?: number): void => {
  const text = JSON.stringify(fault);
  const headers: OutgoingHttpHeaders = {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(text),
  };
  if (retryAfterS !== undefined) headers['retry-after'] = String(retryAfterS);
  response.writeHead(fault.status, headers).end(text);
};

const write = (response: ServerResponse, answer: DirectAnswer): void => {
  const { status, location, reason, retryAfterS } = answer;
  if (reason !== undefined) return writeFault(response, errorBody(status, reason), retryAfterS);
  const none = { 'content-length': 0 };
  response.writeHead(status, location === undefined ? none : { location, ...none }).end();
};

/** Bytes of a body, mostly in one piece. */
const textOf = (chunks: readonly Buffer[]): string =>
  (chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)).toString('utf8');

/** The server's listener: direct routes, and behind them the framework's. */
export const inFrontOf = (
  framework: RequestListener,
  { routes, isLetIn, readJson, bodyBytesMax, onDefect }: DirectOptions,
): RequestListener => {
  const answer = (route: DirectRoute, text: string, request: IncomingMessage, response: ServerResponse) =>
    readJson(text, (error, body) => {
      if (error) return writeFault(response, errorBody(400, error.message));
      const { method = '', url = '' } = request;
      route(body).then(
        (answered) => write(response, answered),
        (defect: unknown) => writeFault(response, onDefect(defect, { method, url })),
      );
    });
  return (request, response) => {
    const route = routes(request.method ?? '', request.url ?? '');
    if (route === undefined || !isPlain(request, bodyBytesMax) || !isLetIn(request))
      return framework(request, response);
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => void chunks.push(chunk));
    request.on('end', () => answer(route, textOf(chunks), request, response));
  };
};
