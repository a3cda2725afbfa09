// What provisioning works with. Given by apps/clearwater (all in one) or by this app's own main.ts.
import type { EventLog } from '#libs/event-log';
import type { Clock, Random } from '#libs/runtime';
import type { CredentialStore } from '#libs/stores';
import type { SubscriberProfiles } from '#projections/subscriber-profiles';

export type ProvisioningPorts = Readonly<{
  log: EventLog;
  credentials: CredentialStore;
  profiles: SubscriberProfiles;
  clock: Clock;
  random: Random;
  /** Realm of a credential that names none. */
  homeDomain: string;
  /** How long a secret that is named no longer is kept, ms; 0: it is dropped at once. */
  credentialKeptMs: number;
  /** Keep passwords that were given in the clear, sealed, and show them to who asks. */
  storePlaintextPasswords?: boolean;
}>;
