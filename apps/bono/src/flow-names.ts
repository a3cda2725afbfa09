// Flow tokens bound to this node's transports: which listener a flow belongs to, and the flow that a token names.
// libs/sip/flow-token.ts says what a token holds. Used by client-flows.ts through the port `FlowNames`.
import { familyOf, type Flow, type FlowTokens, type NodeTransports } from '#libs/sip';
import type { FlowNames } from './ports.js';

export const createFlowNames = (
  tokens: FlowTokens,
  transports: Pick<NodeTransports, 'addresses' | 'flowOf'>,
): FlowNames => ({
  of(flow: Flow) {
    const listener = transports
      .addresses()
      .findIndex(
        ({ name, transport, address }) =>
          name === flow.listener &&
          transport === flow.transport &&
          familyOf(address) === familyOf(flow.localAddress),
      );
    if (listener < 0) return undefined;
    const { transport, localAddress, localPort, remoteAddress, remotePort, connectionId } = flow;
    return tokens.encode({
      transport,
      listener,
      localAddress,
      localPort,
      remoteAddress,
      remotePort,
      connectionId,
    });
  },
  flow(token: string) {
    const reference = tokens.decode(token);
    const flow = reference === undefined ? undefined : transports.flowOf(reference);
    return flow === undefined || flow.closed ? undefined : flow;
  },
});
