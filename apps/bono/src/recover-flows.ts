// After a restart: who is registered on which UDP flow, from the registration view (docs/architecture.md §4).
// Connections died with the process; their clients come back by themselves.
import type { Registration } from '#libs/domain';
import { addrUri, userOf } from '#libs/sip';
import type { ClientFlows } from './client-flows.js';
import type { BonoPorts } from './ports.js';

/** Takes the bindings of every row whose Path names a UDP flow of this node. Returns how many identities came back. */
export const recoverFlows = (
  { tokens, clock }: Pick<BonoPorts, 'tokens' | 'clock'>,
  flows: ClientFlows,
  rows: Iterable<readonly [aor: string, row: Registration]>,
  serviceRoute: string | undefined,
): number => {
  const nowMs = clock.nowMs();
  let recovered = 0;
  for (const [, row] of rows)
    for (const { binding } of Object.values(row.entries)) {
      const path = binding?.path[0];
      if (binding === undefined || path === undefined || binding.expiresAtMs <= nowMs) continue;
      const flow = tokens.flow(userOf(addrUri(path)));
      if (flow === undefined || flow.reliable) continue;
      const { impi, expiresAtMs, instance = '', identities } = binding;
      const registered = identities.map((impu) => ({ impu, impi, instance, expiresAtMs, serviceRoute }));
      if (flows.register(flow, registered)) recovered += identities.length;
    }
  return recovered;
};
