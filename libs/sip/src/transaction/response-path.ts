// Where the responses of one request go: back on its flow, or, when that is not the way or is gone, to the port of its
// topmost Via at the address that it came from. RFC 3261 §18.2.2, RFC 3581 §4. Owner: server-transaction.ts; also used for answers without state.
import type { TopVia } from './top-via.js';
import type { ResponsePath } from './transaction.js';
import type { Flow, Target, TransportName, Transports } from '../transport/transport.port.js';

const defaultPort = (transport: TransportName): number =>
  transport === 'tls' || transport === 'wss' ? 5061 : 5060;

/** What is counted when a response cannot be sent. */
type Losses = { responsesLost: number };

/** Over UDP the flow itself, of the request or of its Via; else one that can change to a new connection. */
export const responsePath = (
  flow: Flow,
  via: TopVia,
  transports: Transports,
  losses: Losses,
): ResponsePath => {
  const port = via.port === 0 ? defaultPort(flow.transport) : via.port;
  return flow.reliable
    ? new ConnectionPath(flow, port, transports, losses)
    : udpReplyFlow(flow, via, port, transports);
};

class ConnectionPath implements ResponsePath {
  readonly reliable = true;

  constructor(
    private flow: Flow,
    /** Port of sent-by: where a peer of a lost connection takes a new one. */
    private readonly port: number,
    private readonly transports: Transports,
    private readonly losses: Losses,
  ) {}

  send(message: string): void {
    if (this.flow.send(message)) return;
    const { flow, transports } = this;
    // A WebSocket client cannot be called back (RFC 7118 §5).
    if (flow.transport !== 'ws' && flow.transport !== 'wss') {
      const target: Target = { transport: flow.transport, address: flow.remoteAddress, port: this.port };
      const fresh = transports.flowTo(target, flow.listener);
      if (fresh !== undefined && fresh !== flow) {
        this.flow = fresh;
        if (fresh.send(message)) return;
      }
    }
    this.losses.responsesLost++;
  }
}

/**
 * The source port if rport was asked for, else the port of sent-by, at the source address. `maddr` (§18.2.2) is not
 * followed: it asks for multicast, which no listener here joins, and any other use of it would let a client aim answers at
 * somebody else.
 */
const udpReplyFlow = (flow: Flow, via: TopVia, port: number, transports: Transports): Flow => {
  if (via.rport || port === flow.remotePort) return flow;
  return transports.flowTo({ transport: 'udp', address: flow.remoteAddress, port }, flow.listener) ?? flow;
};
