// Read model: which contacts an implicit registration set can be reached at. Readers: sprout (routing), bono (flows).
// Key: default IMPU. The fold is the aggregate's own, so a row may be written by any node, in any order.
import type { Recorded } from '#libs/decider';
import { evolveRegistration, NO_REGISTRATION, type Registration, type RegistrationEvent } from '#libs/domain';

const PREFIX = 'registration-';

export const registrationsByAor = {
  name: 'registrations-by-aor',
  /** Raise to rebuild from the start of the log. */
  version: 1,
  topics: ['registration'],
  keyOf: (recorded: Recorded<RegistrationEvent>): string => recorded.stream.slice(PREFIX.length),
  evolve: (row: Registration | undefined, recorded: Recorded<RegistrationEvent>): Registration =>
    evolveRegistration(row ?? NO_REGISTRATION, recorded),
} as const;
