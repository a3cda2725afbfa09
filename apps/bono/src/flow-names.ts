// Flow tokens bound to this node's transports: which listener a flow belongs to, and the flow that a token names.
// libs/sip/flow-token.ts says what a token holds. Used by client-flows.ts through the port `FlowNames`.
import { familyOf, type Flow, type FlowTokens, type NodeTransports, type WorkerLinks } from '#libs/sip';
import type { FlowNames } from './ports.js';

/** `workers`: of several processes on the same ports, which this one is. */
export const createFlowNames = (
  tokens: FlowTokens,
  transports: Pick<NodeTransports, 'addresses' | 'flowOf'>,
  { own, count }: Pick<WorkerLinks, 'own' | 'count'> = { own: 0, count: 1 },
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
    // Over UDP all of them send from the same port; a connection is one's alone.
    const isOwn = reference?.transport === 'udp' || (reference?.worker ?? 0) === own;
    const flow = reference === undefined || !isOwn ? undefined : transports.flowOf(reference);
    return flow === undefined || flow.closed ? undefined : flow;
  },
  workerOf(token: string) {
    const reference = count > 1 ? tokens.decode(token) : undefined;
    if (reference === undefined || reference.transport === 'udp') return undefined;
    const { worker = 0 } = reference;
    return worker === own || worker >= count ? undefined : worker;
  },
});
