// One request to Ellis, and its faults in words for people. Nothing is tried again by itself: who asked decides.
// Used by ellis.ts.
import { doubtSession } from './session-doubt.js';

const REQUEST_MS_MAX = 15_000;
/** Of a server's own words, what a page shows. */
const REASON_LENGTH_MAX = 500;
const REFUSED = 403;
const SESSION_PATH = '/session/';

/** What a page shows of a request that failed. */
export class RequestRefused extends Error {
  constructor(
    /** 0: no answer, or none of Ellis. */
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

export type Ask = Readonly<{
  method?: string;
  json?: unknown;
  xml?: string;
  headers?: Readonly<Record<string, string>>;
}>;

export type Answer = Readonly<{ status: number; etag: string | null; text: string }>;

const wordsOf = (status: number, reason: string, retryAfter: string | null): string => {
  if (status === 503) {
    const wait = retryAfter !== null && /^\d{1,4}$/.test(retryAfter) ? ` Try again in ${retryAfter} s.` : ' Try again in a moment.';
    return `${sentence(reason === '' ? 'The server takes no more at the moment' : reason)}${wait}`;
  }
  if (status >= 500) return `The server could not do it (${status}). Nothing is known to be changed; try again in a moment.`;
  return sentence(reason === '' ? `The server refused it (${status})` : reason);
}; // prettier-ignore

const sentence = (text: string): string => {
  const trimmed = text.trim().slice(0, REASON_LENGTH_MAX);
  return `${trimmed.charAt(0).toUpperCase()}${trimmed.slice(1)}${/[.!?]$/.test(trimmed) ? '' : '.'}`;
};

/** The server's own words for people, where it has some. */
const reasonIn = (body: string): string => {
  try {
    const { reason, message } = JSON.parse(body) as { reason?: unknown; message?: unknown };
    const told = [reason].flat().filter((one) => typeof one === 'string');
    if (told.length > 0) return told.join(' · ');
    return typeof message === 'string' ? message : '';
  } catch {
    return '';
  }
};

const unreached = (error: unknown): RequestRefused => {
  const late = (error as Partial<Error> | undefined)?.name === 'TimeoutError';
  return new RequestRefused(0, late ? 'The server takes too long to answer. Try again in a moment.' : 'The server cannot be reached. Are you online?'); // prettier-ignore
};

/** Where a page of another server answers in its place: a proxy's, or of a network that wants to be signed in to. */
const notUnderstood = (): RequestRefused =>
  new RequestRefused(0, 'What answered is not the portal’s server. Perhaps the network wants you to sign in first; then try again.'); // prettier-ignore

const isPage = (response: Response): boolean => /^text\/html\b/i.test(response.headers.get('content-type') ?? ''); // prettier-ignore

/** Rejects with RequestRefused for whatever is not 2xx, and for what is no answer of Ellis. */
export const ask = async (
  path: string,
  { method = 'GET', json, xml, headers = {} }: Ask = {},
): Promise<Answer> => {
  const body = xml ?? (json === undefined ? undefined : JSON.stringify(json));
  const type = xml === undefined ? 'application/json' : 'application/xml';
  try {
    const response = await fetch(path, {
      method,
      credentials: 'same-origin',
      headers: {
        Accept: 'application/json',
        ...(body === undefined ? {} : { 'Content-Type': type }),
        ...headers,
      },
      signal: AbortSignal.timeout(REQUEST_MS_MAX),
      ...(body === undefined ? {} : { body }),
    });
    const text = await response.text();
    const { status } = response;
    if (response.ok && isPage(response)) throw notUnderstood();
    if (response.ok) return { status, etag: response.headers.get('etag'), text };
    if (status === REFUSED && path !== SESSION_PATH) doubtSession();
    throw new RequestRefused(status, wordsOf(status, reasonIn(text), response.headers.get('retry-after')));
  } catch (error) {
    // An answer that breaks off is none.
    throw error instanceof RequestRefused ? error : unreached(error);
  }
};

export const askJson = async <T>(path: string, options: Ask = {}): Promise<T> => {
  const { text } = await ask(path, options);
  try {
    return JSON.parse(text) as T;
  } catch {
    throw notUnderstood();
  }
};

/** Words of whatever was thrown. */
export const faultWords = (error: unknown): string =>
  error instanceof RequestRefused ? error.message : 'Something went wrong in the page. Load it again.';
