// The order in which SRV targets are tried: by priority, and among equals at random by weight, anew for each request, which is
// what spreads the load. RFC 2782, "Usage rules". Pure. Reader: locate-servers.ts.
import type { SrvEntry } from './name-lookup.port.js';

/** `random`: uniform in [0, 1). */
export const orderSrv = (entries: readonly SrvEntry[], random: () => number): readonly SrvEntry[] => {
  const priorities = [...new Set(entries.map(({ priority }) => priority))].sort((a, b) => a - b);
  return priorities.flatMap((wanted) =>
    byWeight(
      entries.filter(({ priority }) => priority === wanted),
      random,
    ),
  );
};

const byWeight = (entries: readonly SrvEntry[], random: () => number): SrvEntry[] => {
  // Those of weight 0 come first in the list, so that they have a small chance of being chosen, and only a small one.
  const left = [...entries].sort((a, b) => Number(a.weight > 0) - Number(b.weight > 0));
  const ordered: SrvEntry[] = [];
  while (left.length > 0) {
    const total = left.reduce((sum, { weight }) => sum + weight, 0);
    const drawn = Math.floor(random() * (total + 1));
    let running = 0;
    const at = left.findIndex(({ weight }) => (running += weight) >= drawn);
    ordered.push(...left.splice(at, 1));
  }
  return ordered;
};
