// One request to Ellis, and its faults in words for people. Nothing is tried again by itself: who asked decides.
// Used by ellis.ts.

const REQUEST_MS_MAX = 15_000;

/** What a page shows of a request that failed. */
export class RequestRefused extends Error {
  constructor(
    /** 0: no answer. */
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
    const wait = retryAfter !== null && /^\d{1,4}$/.test(retryAfter) ? ` Try again in ${retryAfter} s.` : '';
    return `${sentence(reason === '' ? 'The server takes no more at the moment' : reason)}${wait}`;
  }
  if (status >= 500) return `The server could not do it (${status}). Nothing is known to be changed; try again in a moment.`;
  return sentence(reason === '' ? `The server refused it (${status})` : reason);
}; // prettier-ignore

const sentence = (text: string): string => {
  const trimmed = text.trim();
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

/** Rejects with RequestRefused for whatever is not 2xx. */
export const ask = async (
  path: string,
  { method = 'GET', json, xml, headers = {} }: Ask = {},
): Promise<Answer> => {
  const body = xml ?? (json === undefined ? undefined : JSON.stringify(json));
  const type = xml === undefined ? 'application/json' : 'application/xml';
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
  }).catch((error: unknown) => {
    const late = error instanceof DOMException && error.name === 'TimeoutError';
    throw new RequestRefused(0, late ? 'The server takes too long to answer. Try again in a moment.' : 'The server cannot be reached. Are you online?'); // prettier-ignore
  });
  const text = await response.text();
  if (response.ok) return { status: response.status, etag: response.headers.get('etag'), text };
  throw new RequestRefused(response.status, wordsOf(response.status, reasonIn(text), response.headers.get('retry-after'))); // prettier-ignore
};

export const askJson = async <T>(path: string, options: Ask = {}): Promise<T> =>
  JSON.parse((await ask(path, options)).text) as T;

/** Words of whatever was thrown. */
export const faultWords = (error: unknown): string =>
  error instanceof RequestRefused ? error.message : 'Something went wrong in the page. Load it again.';
