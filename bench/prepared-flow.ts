// A measured flow made ready on a server: who has to be provisioned is, and who calls is registered. Without a product the
// server is the peer, which knows its users by itself.
import { prepareCalls, prepareRefreshes, prepareRegistrations } from './flows.js';
import type { Load } from './measure/cpu-runs.js';
import { TEN_CRITERIA } from './harness/criteria.js';
import type { Product } from './harness/product.js';
import { progress } from './measure/report.js';
import { provision, type User } from './harness/users.js';

export type MeasuredFlow = 'register' | 'reregister' | 'call';
export type PreparedFlow = Readonly<{ load: Load; dispose(): unknown }>;

const provisionAll = async (
  product: Product | undefined,
  users: readonly User[],
  filterCriteria?: string,
): Promise<void> => {
  if (product === undefined) return;
  const startMs = performance.now();
  await provision(product, users, filterCriteria === undefined ? {} : { filterCriteria });
  progress(`${users.length} subscribers provisioned in ${Math.round(performance.now() - startMs)} ms`);
};

/** Callers and callees each `users`; the same number registers where only that is measured. */
export const prepareFlow = async (
  flow: MeasuredFlow,
  target: string,
  users: number,
  product?: Product,
): Promise<PreparedFlow> => {
  if (flow !== 'call') {
    const flows = await (flow === 'register' ? prepareRegistrations : prepareRefreshes)(target, users);
    await provisionAll(product, flows.users);
    return flows;
  }
  const flows = await prepareCalls(target, users);
  await provisionAll(product, [...flows.callers, ...flows.callees], TEN_CRITERIA);
  await flows.register();
  return flows;
};
