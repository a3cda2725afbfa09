// What was thrown in an HTTP API, as the JSON of error-body.ts. No stack and no text of a defect reaches a client.
// Used by nest-http.ts alone.
import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type ErrorBody, errorBody } from './error-body.js';
import type { Logger } from './logger.js';

const DETAILS_MAX = 20;

/** What Nest or a controller put into an exception: a text, or an object with message (a list, from validation) and detail. */
const bodyOf = (exception: HttpException): ErrorBody => {
  const status = exception.getStatus();
  const response = exception.getResponse();
  if (typeof response === 'string') return errorBody(status, response);
  const { message, detail } = response as { message?: unknown; detail?: unknown };
  const reason = Array.isArray(message)
    ? message.slice(0, DETAILS_MAX).join('; ')
    : typeof message === 'string'
      ? message
      : exception.message;
  return errorBody(status, reason, typeof detail === 'object' && detail !== null ? detail : {});
};

/** Faults that Fastify found itself (body too large, bad JSON): an ordinary error with a 4xx statusCode. */
const clientFault = (exception: unknown): ErrorBody | undefined => {
  if (!(exception instanceof Error)) return undefined;
  const { statusCode } = exception as { statusCode?: unknown };
  return typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500
    ? errorBody(statusCode, exception.message)
    : undefined;
};

/** Tells the log of a defect, and its client that there is one. */
export const defectBody = (
  logger: Logger,
  error: unknown,
  { method, url }: Readonly<{ method: string; url: string }>,
): ErrorBody => {
  logger.error({ err: error, method, url: url.split('?', 1)[0] }, 'request failed');
  return errorBody(500, 'internal error');
};

@Catch()
export class JsonErrors implements ExceptionFilter {
  constructor(
    private readonly logger: Logger,
    /** Methods that the path of a 404 has: then it is a 405. */
    private readonly methodsOf: (url: string) => readonly string[],
  ) {}

  catch(exception: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    let body = exception instanceof HttpException ? bodyOf(exception) : clientFault(exception);
    body ??= defectBody(this.logger, exception, request);
    if (reply.sent || reply.raw.headersSent) return;
    // 404 of the router itself, not of a handler that did not find its resource.
    if (body.status === 404 && request.is404) {
      const methods = this.methodsOf(request.url);
      if (methods.length > 0) {
        void reply.header('Allow', methods.join(', '));
        body = errorBody(405, `${request.method} is not among ${methods.join(', ')}`);
      } else {
        body = errorBody(404, 'no such resource');
      }
    }
    void reply.status(body.status).type('application/json; charset=utf-8').send(body);
  }
}
