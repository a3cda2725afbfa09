// A client of one HTTP service that may stand on several machines behind one name (docs/architecture.md §8, backend.md §0.2).
// Adapters: undici.transport.ts. Users: libs/homestead-client, and whoever else calls a neighbour over HTTP.

export type HttpRequest = Readonly<{
  method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  /** With its query, percent-encoded. */
  path: string;
  headers?: Readonly<Record<string, string>>;
  body?: string;
}>;

export type HttpResponse = Readonly<{
  status: number;
  /** Names in lower case; of a repeated header the first value. */
  headers: Readonly<Record<string, string>>;
  body: string;
}>;

/** Why nothing was received: no address, no connection, no answer in time, a connection that broke. */
export type HttpFaultKind = 'unresolved' | 'unreachable' | 'timeout' | 'broken';

/** No answer from any target. It is the infrastructure's fault, whatever was asked. */
export class HttpFault extends Error {
  constructor(
    readonly kind: HttpFaultKind,
    detail = '',
  ) {
    super(detail === '' ? kind : `${kind}: ${detail}`);
  }
}

export interface HttpPool {
  /** The answer of the first target that gives a usable one, whatever its status. Rejects with HttpFault. */
  request(request: HttpRequest): Promise<HttpResponse>;
  /** Waits for the requests that run, then closes every connection. */
  close(): Promise<void>;
}

/** Connections to one address. Rejects with HttpFault; never retries by itself. */
export interface HttpConnections {
  request(request: HttpRequest): Promise<HttpResponse>;
  /** Takes no more requests; resolves when those that run are done. */
  close(): Promise<void>;
}

export type Target = Readonly<{
  address: string;
  port: number;
  /** Over TLS: the name or address of the URL, which the certificate has to be of. Absent: plain HTTP. */
  secureName?: string;
}>;

export interface HttpTransport {
  open(target: Target): HttpConnections;
}

/** The addresses behind a name, in any order; rejects or gives none when there are none. */
export type ResolveHost = (host: string) => Promise<readonly string[]>;
