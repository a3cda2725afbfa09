// Which sets have a server assigned, as reg-data requests left it: REGISTERED, UNREGISTERED (backend.md §1.1).
// Kept in memory for the life of a record: in local mode the registrations themselves are Sprout's, in the log, and this
// only answers who asks Homestead. After a restart everybody is NOT_REGISTERED until the next request.
import type { RegData } from '#libs/homestead-client';
import type { Clock } from '#libs/runtime';
import { BoundedMap, SUBSCRIBER_CACHE_MAX } from '#projections/subscriber-profiles';

export type RegistrationState = RegData['state'];

export interface RegistrationStates {
  of(irs: string): RegistrationState;
  /** Also renews the record's life. NOT_REGISTERED forgets it. */
  set(irs: string, state: RegistrationState): void;
}

/** backend.md §1: max(2 × hss_reregistration_time, reg_max_expires + 10). */
export const RECORD_TTL_S = 3_600;

export const createRegistrationStates = (clock: Clock, ttlS: number = RECORD_TTL_S): RegistrationStates => {
  const registered = new BoundedMap<number>(SUBSCRIBER_CACHE_MAX);
  const unregistered = new BoundedMap<number>(SUBSCRIBER_CACHE_MAX);
  const alive = (untilMs: number | undefined) => untilMs !== undefined && untilMs > clock.monotonicMs();
  return {
    of: (irs) =>
      alive(registered.get(irs))
        ? 'REGISTERED'
        : alive(unregistered.get(irs))
          ? 'UNREGISTERED'
          : 'NOT_REGISTERED',
    set(irs, state) {
      const untilMs = clock.monotonicMs() + ttlS * 1000;
      if (state === 'REGISTERED') registered.set(irs, untilMs);
      else registered.delete(irs);
      if (state === 'UNREGISTERED') unregistered.set(irs, untilMs);
      else unregistered.delete(irs);
    },
  };
};
