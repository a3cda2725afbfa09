// After a restart: who is registered on which UDP flow, from the registration view (docs/architecture.md §4).
// Connections died with the process; their clients come back by themselves.
import { type Binding, liveBindings, type Registration } from '#libs/domain';
import { addrUri, type Flow, userOf } from '#libs/sip';
import type { ClientFlows } from './client-flows.js';
import type { BonoPorts } from './ports.js';

const registeredAtMs = ({ expiresAtMs, grantedS }: Binding): number => expiresAtMs - grantedS * 1000;

/**
 * Takes the bindings of every row whose Path names a UDP flow of this node, in the order that they were made: of two devices
 * at one address the later one is there now. Returns how many identities came back.
 */
export const recoverFlows = (
  { tokens, clock }: Pick<BonoPorts, 'tokens' | 'clock'>,
  flows: ClientFlows,
  rows: Iterable<readonly [aor: string, row: Registration]>,
  serviceRoute: string | undefined,
): number => {
  const nowMs = clock.nowMs();
  const found: (readonly [Flow, Binding])[] = [];
  for (const [, row] of rows)
    for (const binding of liveBindings(row, nowMs)) {
      const path = binding.path[0];
      const flow = path === undefined ? undefined : tokens.flow(userOf(addrUri(path)));
      if (flow !== undefined && !flow.reliable) found.push([flow, binding]);
    }
  found.sort(([, a], [, b]) => registeredAtMs(a) - registeredAtMs(b));
  let recovered = 0;
  for (const [flow, { impi, contact, expiresAtMs: lapsesMs, instance = '', identities }] of found) {
    // Of one device all that it has bound here.
    const known = identities[0] === undefined ? undefined : flows.find(flow)?.identity(identities[0], nowMs);
    const before = known?.impi === impi && known.instance === instance ? known : undefined;
    const contacts = [...(before?.contacts ?? []), contact];
    const expiresAtMs = Math.max(lapsesMs, before?.expiresAtMs ?? 0);
    const registered = identities.map((impu) => ({
      impu,
      impi,
      instance,
      contacts,
      expiresAtMs,
      serviceRoute,
    }));
    if (flows.register(flow, registered)) recovered += identities.length;
  }
  return recovered;
};
