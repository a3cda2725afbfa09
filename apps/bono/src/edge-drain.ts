// The edge in a drain (docs/adr/0021-draining-a-node.md): who is registered on a flow here is served as before, both ways, and is told to go
// elsewhere when he registers again, which every phone does: 503 with Retry-After, and the next server is tried (RFC 3263 §4.3, RFC 5626 §4.5,
// TS 24.229 §5.1.1.2.1). It is drained when everybody who is registered here has been told so, and nothing runs. Used by bono-node.ts.
import type { DrainPart } from '#libs/runtime';
import { type Flow, H, parseSeconds, type SipEndpoint, type SipMessage, type Urgency } from '#libs/sip';
import type { ClientFlow, ClientFlows } from './client-flows.js';

const ENDS = /;\s*expires\s*=\s*"?0+"?\s*(?:[;,]|$)/i;

/** It only takes away what is registered here. */
const endsRegistration = (register: SipMessage): boolean =>
  parseSeconds(register.header(H.Expires) ?? '') === 0 || ENDS.test(register.header(H.Contact) ?? '');

export type EdgeDrainPorts = Readonly<{
  endpoint: Pick<SipEndpoint, 'drain' | 'undrain' | 'pendingCount'>;
  flows: Pick<ClientFlows, 'find' | 'size'>;
  urgency: (request: SipMessage, flow: Flow) => Urgency;
}>;

export const createEdgeDrain = ({ endpoint, flows, urgency }: EdgeDrainPorts): DrainPart => {
  /** Flows on which a registration was refused; as many at most as there are flows. */
  const toldToGo = new Set<ClientFlow>();
  const letsIn = (request: SipMessage, flow?: Flow): boolean => {
    // Within the process, and from the core: for who is registered here.
    if (flow === undefined || urgency(request, flow) === 'always') return true;
    const client = flows.find(flow);
    if (request.method !== 'REGISTER') return client !== undefined;
    if (endsRegistration(request)) return true;
    if (client !== undefined) toldToGo.add(client);
    return false;
  };
  /** Those who have not been told yet. */
  const staying = (): number => {
    for (const client of toldToGo) if (client.size === 0) toldToGo.delete(client);
    return flows.size - toldToGo.size;
  };
  return {
    leave: () => endpoint.drain(letsIn),
    comeBack() {
      toldToGo.clear();
      endpoint.undrain();
    },
    unfinished() {
      const [clients, pending] = [staying(), endpoint.pendingCount];
      if (clients === 0 && pending === 0) return undefined;
      return `${clients} flows of clients that have not registered since, ${pending} SIP transactions`;
    },
  };
};
