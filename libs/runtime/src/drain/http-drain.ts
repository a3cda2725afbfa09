// An HTTP server in a drain: every answer ends its connection (RFC 9112 §9.6), by which our own clients (libs/http-pool) know to go elsewhere
// for a while. Nobody is refused: whoever comes all the same is served. Used by nest-http.ts.
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { DrainPart } from './drain.js';

export const httpDrainPart = (server: Server, title: string): DrainPart => {
  let isAway = false;
  let pending = 0;
  // What came before is not counted, as it costs each request something: it has the time in which a drain settles, and the end of the process waits for it.
  const serve = (_request: IncomingMessage, response: ServerResponse): void => {
    response.setHeader('Connection', 'close');
    pending++;
    response.once('close', () => void pending--);
  };
  return {
    leave() {
      if (isAway) return;
      isAway = true;
      server.prependListener('request', serve);
    },
    comeBack() {
      isAway = false;
      server.off('request', serve);
    },
    unfinished: () => (pending === 0 ? undefined : `${pending} requests of ${title}`),
  };
};
