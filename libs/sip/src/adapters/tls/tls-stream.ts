// SIP over TLS: the certificate of the peer is asked for where this node connects, by the name that the request was for, and
// the node's own is shown (RFC 3261 §26.3, RFC 5922). Node's defaults say which versions and ciphers: TLS 1.2 and 1.3.
// An open connection is used for another name only if its certificate is of that name too (RFC 5923 §5).
// Reader: tcp.ts, for listeners of transport tls.
import { connect, createServer } from 'node:tls';
import type { ListenerContext } from '../listener.js';
import { SOCKET_OPTIONS, type StreamKind } from '../stream-kind.js';
import { checkSipIdentity, isOfPeer } from './certificate-names.js';
import { Handshakes } from './handshakes.js';
import type { TlsOptions } from './tls-options.js';

export const tlsStream = (
  { identity, ca, asksClients = false }: TlsOptions,
  context: ListenerContext,
): StreamKind => {
  const stops: (() => void)[] = [];
  const believed = ca === undefined ? {} : { ca: [...ca] };
  return {
    serve(ready) {
      // Who shows none, or one that nobody believes, is a client like any other.
      const asking = { requestCert: asksClients, rejectUnauthorized: false };
      const server = createServer({ ...identity.current, ...SOCKET_OPTIONS, ...believed, ...asking }, ready);
      const handshakes = new Handshakes(server, context);
      const forget = identity.onChange((pair) => server.setSecureContext({ ...pair, ...believed }));
      stops.push(() => {
        forget();
        handshakes.close();
      });
      return server;
    },
    connect(options, serverName, ready) {
      const socket = connect({
        ...options,
        ...SOCKET_OPTIONS,
        ...identity.current,
        checkServerIdentity: checkSipIdentity,
        ...(serverName === undefined ? {} : { servername: serverName }),
        ...believed,
      });
      socket.setNoDelay(SOCKET_OPTIONS.noDelay);
      socket.setKeepAlive(true, SOCKET_OPTIONS.keepAliveInitialDelay);
      socket.once('secureConnect', ready);
      return socket;
    },
    isFor: (socket, serverName) => serverName === undefined || isOfPeer(socket, serverName),
    stop: () => {
      for (const stop of stops.splice(0)) stop();
    },
  };
};
