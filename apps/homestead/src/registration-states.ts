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

/**
 * A record is a number, which takes nothing beside its place in the map: the second at which its life ends on the
 * monotonic clock, twice, and one more when the set is REGISTERED.
 */
const recordOf = (state: RegistrationState, untilS: number): number =>
  Math.ceil(untilS) * 2 + (state === 'REGISTERED' ? 1 : 0);

export const createRegistrationStates = (clock: Clock, ttlS: number = RECORD_TTL_S): RegistrationStates => {
  const records = new BoundedMap<number>(SUBSCRIBER_CACHE_MAX);
  return {
    of(irs) {
      const record = records.get(irs);
      if (record === undefined || Math.floor(record / 2) * 1000 <= clock.monotonicMs())
        return 'NOT_REGISTERED';
      return record % 2 === 1 ? 'REGISTERED' : 'UNREGISTERED';
    },
    set(irs, state) {
      if (state === 'NOT_REGISTERED') records.delete(irs);
      else records.set(irs, recordOf(state, clock.monotonicMs() / 1000 + ttlS));
    },
  };
};
