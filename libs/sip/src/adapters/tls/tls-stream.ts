// SIP over TLS: the certificate of the peer is asked for where this node connects, by the name that the request was for, and
// the node's own is shown (RFC 3261 §26.3, RFC 5922). Node's defaults say which versions and ciphers: TLS 1.2 and 1.3.
// An open connection is used for another name only if its certificate is of that name too (RFC 5923 §5).
// Reader: tcp.ts, for listeners of transport tls.
import type { Socket } from 'node:net';
import { connect, createServer, TLSSocket } from 'node:tls';
import { canonicalIp } from '../../fields/ip-address.js';
import type { ListenerContext } from '../listener.js';
import { SOCKET_OPTIONS, type StreamKind } from '../stream-kind.js';
import { checkSipIdentity } from './certificate-names.js';
import { Handshakes } from './handshakes.js';
import type { TlsOptions } from './tls-identity.js';

export const tlsStream = ({ identity, ca }: TlsOptions, context: ListenerContext): StreamKind => {
  const stops: (() => void)[] = [];
  return {
    serve(ready) {
      const server = createServer({ ...identity.current, ...SOCKET_OPTIONS }, ready);
      const handshakes = new Handshakes(server, context);
      const forget = identity.onChange((pair) => server.setSecureContext(pair));
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
        ...(ca === undefined ? {} : { ca: [...ca] }),
      });
      socket.setNoDelay(SOCKET_OPTIONS.noDelay);
      socket.setKeepAlive(true, SOCKET_OPTIONS.keepAliveInitialDelay);
      socket.once('secureConnect', ready);
      return socket;
    },
    isFor: (socket, serverName) => serverName === undefined || isOf(socket, serverName),
    stop: () => {
      for (const stop of stops.splice(0)) stop();
    },
  };
};

/** A client that showed no certificate is nobody by name. */
const isOf = (socket: Socket, serverName: string): boolean =>
  socket instanceof TLSSocket &&
  socket.authorized &&
  canonicalIp(serverName) === undefined &&
  checkSipIdentity(serverName, socket.getPeerCertificate()) === undefined;
