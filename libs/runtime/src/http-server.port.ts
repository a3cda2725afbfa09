// What one HTTP API is given and gives. Implementation: nest-http.ts, started through http.ts.
// Read by createX of every app with an HTTP port.
import type { DynamicModule, Type } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { ApiKeys, ApiRole } from './api-key.js';
import type { DirectRoutes } from './direct/direct-routes.js';
import type { Drain } from './drain/drain.js';
import type { Logger } from './logger.js';
import type { TlsIdentity } from './tls/tls-identity.js';
import type { PeerCheck } from './trusted-peers.js';

export const HTTP_BODY_BYTES_MAX = 1024 * 1024;

export type HttpOptions = Readonly<{
  module: Type | DynamicModule;
  host: string;
  /** 0 takes any free port; see HttpServer.port. */
  port: number;
  title: string;
  logger: Logger;
  version?: string;
  /** Absent: no keys are asked for. */
  apiKeys?: ApiKeys;
  /** The role that a key limited to a role must have. */
  role: ApiRole;
  /** Absent: everyone who can connect. */
  peers?: PeerCheck;
  docsPath?: string;
  bodyBytesMax?: number;
  /** Other processes listen on the port too. */
  reusePort?: boolean;
  /** Who it is over TLS: then it speaks nothing else. Absent: plain HTTP. */
  tls?: TlsIdentity | undefined;
  /** The controllers get every body as the bytes that came: for protocols that judge encodings themselves. */
  rawBody?: boolean;
  /** In which it sends its clients elsewhere. */
  drain?: Drain | undefined;
  /** Requests that are answered in front of the framework, where they are plain; its controllers have them too. */
  direct?: DirectRoutes;
}>;

export interface HttpServer {
  readonly port: number;
  readonly url: string;
  /** For tests: requests without a socket (inject), and the OpenAPI document. */
  readonly app: NestFastifyApplication;
  openApi(): object;
  /** Takes no new connections, finishes the requests that run. */
  close(): Promise<void>;
}
