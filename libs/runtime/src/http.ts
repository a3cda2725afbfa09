// One HTTP API on one port. What it does is in nest-http.ts, loaded when the first API starts: Nest costs half a second of start-up,
// which a command line tool or an app without HTTP need not pay.
// Used by createX of every app with an HTTP port.
import type { HttpOptions, HttpServer } from './http-server.port.js';

/** Starts the API; resolves when the port listens. */
export const startHttp = async (options: HttpOptions): Promise<HttpServer> => {
  const { startNestHttp } = await import('./nest-http.js');
  return startNestHttp(options);
};
