// Bindings that lapse, told by Chronos: one address of record a request. Nobody lapses while the log is away, and for as long after as a
// registration lasts (docs/architecture.md §6): Chronos is told to come again. Used by the HTTP API.
import { expireBindings, type ExpiryPorts } from './expiry.js';
import type { SproutSettings } from '../ports.js';

/** Resolves with whether it was looked at; false: not now. */
export const expireOnDemand = async (
  ports: ExpiryPorts,
  settings: Pick<SproutSettings, 'scscfUri'>,
  aor: string,
): Promise<boolean> => {
  if (ports.outage.expiriesMax(ports.clock.nowMs(), 1) === 0) return false;
  try {
    await expireBindings(ports, settings, aor);
    return true;
  } catch (error) {
    ports.observer.fault('expiry', error);
    return false;
  }
};
