// One HTTP API on one port. What it does is in nest-http.ts, loaded when the first API starts: Nest costs half a second of start-up,
// which a command line tool or an app without HTTP need not pay.
// Used by createX of every app with an HTTP port.
import type { DynamicModule, Type } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { ApiKeys } from './api-key.js';
import type { Logger } from './logger.js';
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
  role?: string;
  /** Absent: everyone who can connect. */
  peers?: PeerCheck;
  docsPath?: string;
  bodyBytesMax?: number;
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

/** Starts the API; resolves when the port listens. */
export const startHttp = async (options: HttpOptions): Promise<HttpServer> => {
  const { startNestHttp } = await import('./nest-http.js');
  return startNestHttp(options);
};
