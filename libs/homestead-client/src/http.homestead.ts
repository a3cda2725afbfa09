// Homestead over its HTTP API (backend.md §1.1), for a router in another process or behind HOMESTEAD_LINK=http.
// What is not an answer about the user is 'unavailable' or 'timeout', never 'not-found' (docs/architecture.md §6).
import { HttpFault, type HttpPool, type HttpRequest, type HttpResponse } from '#libs/http-pool';
import { assignmentFromJson, authVectorFromJson, failureOfStatus, vectorFromJson } from './homestead-json.js';
import type {
  Answer,
  AuthenticationOptions,
  AuthScheme,
  Homestead,
  HomesteadFailure,
  RegData,
} from './homestead.port.js';
import { regDataFromXml } from './reg-data-xml.js';

export type HttpHomesteadOptions = Readonly<{
  pool: HttpPool;
  /** What could not be understood or reached, for the log: the caller learns the failure only. */
  onFault?: (error: unknown) => void;
}>;

/** Subscriptions kept to be given out again as the same string; beyond it the oldest goes. */
export const SUBSCRIPTIONS_KEPT_MAX = 100_000;

const AV_PATHS: Readonly<Record<AuthScheme, readonly string[]>> = {
  any: ['av'],
  digest: ['av', 'digest'],
  akav1: ['av', 'aka'],
  akav2: ['av', 'aka2'],
};

const failed = (failure: HomesteadFailure): Answer<never> => ({ ok: false, failure });

const query = (parameters: Readonly<Record<string, string | undefined>>): string => {
  const given = Object.entries(parameters).filter(([, value]) => value !== undefined && value !== '');
  if (given.length === 0) return '';
  return `?${given.map(([name, value]) => `${name}=${encodeURIComponent(value ?? '')}`).join('&')}`;
};

const path = (...parts: readonly string[]): string => `/${parts.map(encodeURIComponent).join('/')}`;

const vectorPath = (
  impi: string,
  impu: string,
  {
    scheme,
    resync,
    serverName,
  }: { [K in keyof AuthenticationOptions]: AuthenticationOptions[K] | undefined },
): string =>
  path('impi', impi, ...AV_PATHS[scheme ?? 'any']) +
  query({ impu, 'server-name': serverName, 'resync-auth': resync?.toString('base64') });

const json = (body: string): unknown => {
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return undefined;
  }
};

/** Keeps one string for equal ones: who parses a profile once a string then parses it once a change. */
const createInterning = (): ((text: string) => string) => {
  const kept = new Map<string, string>();
  return (text) => {
    const known = kept.get(text);
    if (known !== undefined) return known;
    if (kept.size >= SUBSCRIPTIONS_KEPT_MAX) {
      for (const oldest of kept.keys()) {
        kept.delete(oldest);
        break;
      }
    }
    kept.set(text, text);
    return text;
  };
};

type Ask = <T>(request: HttpRequest, read: (response: HttpResponse) => T | undefined) => Promise<Answer<T>>;

/** Asks, and takes for an answer about the user only what is one. */
const createAsk =
  ({ pool, onFault }: HttpHomesteadOptions): Ask =>
  async (request, read) => {
    try {
      const response = await pool.request(request);
      if (response.status !== 200) return failed(failureOfStatus(response.status, json(response.body)));
      const value = read(response);
      if (value !== undefined) return { ok: true, value };
      onFault?.(new Error(`${request.method} ${request.path}: an answer that is none`));
      return failed('unavailable');
    } catch (error) {
      onFault?.(error);
      return failed(error instanceof HttpFault && error.kind === 'timeout' ? 'timeout' : 'unavailable');
    }
  };

export const createHttpHomestead = (options: HttpHomesteadOptions): Homestead => {
  const ask = createAsk(options);
  const interned = createInterning();

  const readRegData = ({ body }: HttpResponse): RegData | undefined => {
    const parsed = regDataFromXml(body);
    if (!parsed.ok) return undefined;
    return { ...parsed.value, imsSubscriptionXml: interned(parsed.value.imsSubscriptionXml) };
  };

  return {
    authentication: (impi, impu, { scheme, resync, serverName }) =>
      ask(
        {
          method: 'GET',
          path: vectorPath(impi, impu, { scheme, resync, serverName }),
        },
        ({ body }) => vectorFromJson(json(body)),
      ),

    authVector: (impi, impu, options = {}) =>
      ask(
        {
          method: 'GET',
          path: vectorPath(impi, impu, { ...options, scheme: 'digest' }),
        },
        ({ body }) => authVectorFromJson(json(body)),
      ),

    registrationStatus(impi, impu, { visitedNetwork, authType, emergency }) {
      const parameters = {
        impu,
        'visited-network': visitedNetwork,
        'auth-type': authType,
        sos: emergency ? 'true' : undefined,
      };
      return ask(
        { method: 'GET', path: path('impi', impi, 'registration-status') + query(parameters) },
        ({ body }) => assignmentFromJson(json(body)),
      );
    },

    location(impu, options = {}) {
      const parameters = {
        originating: options.originating ? 'true' : undefined,
        'auth-type': options.authType,
      };
      return ask({ method: 'GET', path: path('impu', impu, 'location') + query(parameters) }, ({ body }) =>
        assignmentFromJson(json(body)),
      );
    },

    regData(impu, { reqtype, serverName, impi, wildcardIdentity, noCache = false }) {
      const body = { reqtype, server_name: serverName, wildcard_identity: wildcardIdentity };
      return ask(
        {
          method: 'PUT',
          path: path('impu', impu, 'reg-data') + query({ private_id: impi }),
          headers: {
            'content-type': 'application/json',
            ...(noCache ? { 'cache-control': 'no-cache' } : {}),
          },
          body: JSON.stringify(body),
        },
        readRegData,
      );
    },
  };
};
