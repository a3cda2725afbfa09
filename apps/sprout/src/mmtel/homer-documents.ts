// The documents of users as Homer shows them over HTTP (RFC 4825), for a router in another process or behind HOMER_LINK=http. Asked for
// at each call, with the entity tag of what is known: what was changed holds for the next call, and little goes over the wire.
// What is no word of Homer about the document is a fault, never "no services" (docs/architecture.md §6).
import { createHttpPool, createUndiciTransport, HttpFault, type HttpPool, type ResolveHost, systemResolver } from '#libs/http-pool'; // prettier-ignore
import type { Clock, Random } from '#libs/runtime';
import { HomerFault } from './homer-fault.js';
import type { ServiceDocuments } from './mmtel.port.js';

/** Documents known with their tags; beyond it the oldest goes and is fetched whole again. */
export const DOCUMENTS_KNOWN_MAX = 10_000;

type Known = Readonly<{ tag: string; xml: string }>;

/** `<IMPU>/<AUID>`: an AUID has no slash. */
const pathOf = (id: string): string => {
  const at = id.lastIndexOf('/');
  return `/${encodeURIComponent(id.slice(at + 1))}/users/${encodeURIComponent(id.slice(0, at))}/simservs.xml`;
};

/** Homer's own words for it: another server's 404 says nothing about documents. */
const saysNoDocument = (body: string): boolean => {
  try {
    return (JSON.parse(body) as { reason?: unknown }).reason === 'no such document';
  } catch {
    return false;
  }
};

export const createHomerDocuments = (pool: Pick<HttpPool, 'request'>): ServiceDocuments => {
  const known = new Map<string, Known>();

  const remember = (id: string, document: Known): string => {
    if (known.size >= DOCUMENTS_KNOWN_MAX && !known.has(id)) known.delete(known.keys().next().value!);
    known.set(id, document);
    return document.xml;
  };

  return {
    peek: () => undefined,
    async xml(id) {
      const held = known.get(id);
      const headers = held === undefined ? {} : { 'if-none-match': held.tag };
      const { status, body, headers: got } = await pool
        .request({ method: 'GET', path: pathOf(id), headers })
        .catch((error: unknown) => {
          const isLate = error instanceof HttpFault && error.kind === 'timeout';
          throw new HomerFault(isLate ? 'timeout' : 'unavailable', error instanceof Error ? error.message : '');
        });
      const tag = got['etag'];
      if (status === 304 && held !== undefined) return held.xml;
      if (status === 200 && tag !== undefined) return remember(id, { tag, xml: body });
      if (status !== 404 || !saysNoDocument(body))
        throw new HomerFault(status === 504 ? 'timeout' : 'unavailable', `status ${status}`);
      known.delete(id);
      return undefined;
    },
  };
}; // prettier-ignore

export type ConnectHomerOptions = Readonly<{
  /** `http://homer.ims.test:7888`, or https:. */
  url: string;
  clock: Clock;
  random: Random;
  apiKey?: string;
  /** Default: the operating system's. */
  resolve?: ResolveHost;
  /** PEM of those who vouch for it over TLS. */
  ca?: string | undefined;
}>;

export type HomerConnection = Readonly<{ documents: ServiceDocuments; close: () => Promise<void> }>;

/** A Homer at a URL, ready to ask: pool, connections and resolver put together. */
export const connectHomer = (options: ConnectHomerOptions): HomerConnection => {
  const { url, clock, random, apiKey, ca, resolve = systemResolver } = options;
  const headers = apiKey === undefined ? {} : { headers: { 'x-api-key': apiKey } };
  const pool = createHttpPool({
    url,
    clock,
    random,
    transport: createUndiciTransport({ ca }),
    resolve,
    ...headers,
  });
  return { documents: createHomerDocuments(pool), close: () => pool.close() };
};
