// Registrations that the network ends: the HSS by way of Homestead (RTR), or an operator (TS 24.229 §5.4.1.5). One event a set, which
// leaves a watermark: every binding at or below it is gone, seen or not. Used by the HTTP API, and by Homestead in one process.
import type { SproutPorts, SproutSettings } from '../ports.js';
import { updateRegistration } from './update-registration.js';

/** Without `impi` whoever registered it. */
export type Withdrawal = Readonly<{ primaryImpu: string; impi?: string }>;

/** Of one request; more are refused. */
export const WITHDRAWALS_MAX = 1_000;

export type WithdrawPorts = Pick<SproutPorts, 'log' | 'outage' | 'registrations' | 'clock' | 'observer'>;

/** Entries of one set together: what is left when all that they name is gone? */
const bySet = (withdrawals: readonly Withdrawal[]): ReadonlyMap<string, ReadonlySet<string> | 'all'> => {
  const sets = new Map<string, ReadonlySet<string> | 'all'>();
  for (const { primaryImpu, impi } of withdrawals) {
    const named = sets.get(primaryImpu) ?? new Set<string>();
    sets.set(primaryImpu, impi === undefined || named === 'all' ? 'all' : new Set([...named, impi]));
  }
  return sets;
};

/** Ends the bindings of one set: of all, or of these private identities. */
const withdrawSet = async (
  ports: WithdrawPorts,
  aor: string,
  impis: ReadonlySet<string> | 'all',
  maxExpiresS: number,
): Promise<void> => {
  const nowMs = ports.clock.nowMs();
  const command =
    impis === 'all'
      ? ({ type: 'RemoveAllBindings', data: { cause: 'administrative', nowMs, maxExpiresS } } as const)
      : ({ type: 'WithdrawBindings', data: { impis: [...impis], nowMs, maxExpiresS } } as const);
  const { changed } = await updateRegistration(ports, aor, command);
  if (changed) ports.observer.count('withdrawn');
};

/** Resolves when the log has all of it. Rejects as updateRegistration does; a repeat does no harm. */
export const withdrawRegistrations = async (
  ports: WithdrawPorts,
  { regMaxExpiresS }: Pick<SproutSettings, 'regMaxExpiresS'>,
  withdrawals: readonly Withdrawal[],
): Promise<void> => {
  const sets = [...bySet(withdrawals)];
  await Promise.all(sets.map(([aor, impis]) => withdrawSet(ports, aor, impis, regMaxExpiresS)));
};
