// Where the responses of one request go: back on its flow, or, when that is not the way or is gone, to the address of
// its topmost Via. RFC 3261 §18.2.2, RFC 3581 §4. Owner: server-transaction.ts; also used for answers without state.
import type { TopVia } from './top-via.js';
import type { ResponsePath } from './transaction.js';
import type { Flow, Target, TransportName, Transports } from './transport.port.js';
import { parseVia } from './via.js';

const defaultPort = (transport: TransportName): number =>
  transport === 'tls' || transport === 'wss' ? 5061 : 5060;

/** A plain address may stand in brackets in Via, never in a target. */
const unbracketed = (host: string): string => (host.startsWith('[') ? host.slice(1, -1) : host);

export class FlowResponsePath implements ResponsePath {
  readonly reliable: boolean;
  private flow: Flow;
  /** Port of sent-by: where a peer of a lost connection takes a new one. */
  private readonly port: number;

  constructor(
    flow: Flow,
    via: TopVia,
    private readonly transports: Transports,
    private readonly losses: { responsesLost: number },
  ) {
    this.reliable = flow.reliable;
    this.port = via.port === 0 ? defaultPort(flow.transport) : via.port;
    this.flow = flow.reliable ? flow : udpReplyFlow(flow, via, this.port, transports);
  }

  send(message: string): void {
    if (this.flow.send(message)) return;
    const { flow, transports } = this;
    // A WebSocket client cannot be called back (RFC 7118 §5).
    if (this.reliable && flow.transport !== 'ws' && flow.transport !== 'wss') {
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

/** maddr, else the source port if rport was asked for, else the port of sent-by at the source address. */
const udpReplyFlow = (flow: Flow, via: TopVia, port: number, transports: Transports): Flow => {
  if (via.maddr !== undefined && via.maddr !== '') {
    const target: Target = { transport: 'udp', address: unbracketed(via.maddr), port };
    return transports.flowTo(target, flow.listener) ?? flow;
  }
  if (via.rport || port === flow.remotePort) return flow;
  return transports.flowTo({ transport: 'udp', address: flow.remoteAddress, port }, flow.listener) ?? flow;
};

const TRANSPORTS: Readonly<Record<string, TransportName>> = {
  UDP: 'udp',
  TCP: 'tcp',
  TLS: 'tls',
  WS: 'ws',
  WSS: 'wss',
};

/** The target that a response's topmost Via names: for responses forwarded without state. */
export const viaTarget = (viaValue: string): Target | undefined => {
  const via = parseVia(viaValue);
  const transport = via && TRANSPORTS[via.transport];
  if (via === undefined || transport === undefined) return undefined;
  const address = unbracketed(via.maddr ?? via.received ?? via.host);
  const port = (via.rport ?? 0) || via.port || defaultPort(transport);
  return { transport, address, port };
};
