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

type Held = Readonly<{ state: RegistrationState; untilMs: number }>;

export const createRegistrationStates = (clock: Clock, ttlS: number = RECORD_TTL_S): RegistrationStates => {
  const records = new BoundedMap<Held>(SUBSCRIBER_CACHE_MAX);
  return {
    of(irs) {
      const held = records.get(irs);
      return held !== undefined && held.untilMs > clock.monotonicMs() ? held.state : 'NOT_REGISTERED';
    },
    set(irs, state) {
      if (state === 'NOT_REGISTERED') records.delete(irs);
      else records.set(irs, { state, untilMs: clock.monotonicMs() + ttlS * 1000 });
    },
  };
};
