// A request to a neighbour, and what its answer means: what was expected, or a fault of the neighbour (502) that is never shown as the
// user's (docs/architecture.md §6). Read by subscribers.ts and documents.ts.
import { HttpFault, type HttpRequest, type HttpResponse } from '#libs/http-pool';
import type { Neighbour } from '../context.js';
import { type EllisFault, upstreamFault } from '../outcome.js';

/** Percent-encoded segments. */
export const pathOf = (...segments: readonly string[]): string =>
  `/${segments.map(encodeURIComponent).join('/')}`;

/** The reason that an API of ours gives for people; undefined: it was not one of ours that answered. */
export const reasonIn = ({ body }: HttpResponse): string | undefined => {
  try {
    const { reason } = JSON.parse(body) as { reason?: unknown };
    return typeof reason === 'string' ? reason : undefined;
  } catch {
    return undefined;
  }
};

export const faultOfAnswer = (request: HttpRequest, response: HttpResponse): EllisFault =>
  upstreamFault(
    request.path,
    `${response.status}${reasonIn(response) === undefined ? '' : ` ${reasonIn(response)}`}`,
  );

/** The answer when it is one of those that are expected; rejects with 502 otherwise. */
export const ask = async (
  neighbour: Neighbour,
  request: HttpRequest,
  ...expected: readonly number[]
): Promise<HttpResponse> => {
  const response = await neighbour.request(request).catch((error: unknown) => {
    if (error instanceof HttpFault) throw upstreamFault(request.path, error.message);
    throw error;
  });
  if (expected.includes(response.status)) return response;
  throw faultOfAnswer(request, response);
}; // prettier-ignore

/** The same where 404 is an answer, if it is this neighbour's own and in these words. */
export const askOrNothing = async (
  neighbour: Neighbour,
  request: HttpRequest,
  absent: readonly string[],
  ...expected: readonly number[]
): Promise<HttpResponse | undefined> => {
  const response = await ask(neighbour, request, 404, ...expected);
  if (response.status !== 404) return response;
  const reason = reasonIn(response);
  if (reason !== undefined && absent.includes(reason)) return undefined;
  throw faultOfAnswer(request, response);
};
