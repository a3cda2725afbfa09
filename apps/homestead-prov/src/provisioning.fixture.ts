// Provisioning over memory ports for the tests: a log, stores and a view that a "restart" rebuilds from the log.
// Read by *.spec.ts of this app only.
import { createMemoryLog, type EventLog, type RecordedEvent } from '#libs/event-log';
import {
  createMemoryCredentialStore,
  createMemoryTableStore,
  type CredentialStore,
  type TableStore,
} from '#libs/stores';
import { createFakeClock, createSeededRandom } from '#libs/testkit';
import { createSubscriberProfiles, type SubscriberProfilesRow } from '#projections/subscriber-profiles';
import type { ProvisioningPorts } from './ports.js';
import { createProvisioning, type Provisioning } from './provisioning.js';

export type Fixture = Readonly<{
  ports: ProvisioningPorts;
  provisioning: Provisioning;
}>;

export type FixtureOptions = Readonly<{
  log?: EventLog;
  credentials?: CredentialStore;
  table?: TableStore<SubscriberProfilesRow>;
  storePlaintextPasswords?: boolean;
}>;

export const createFixture = async (options: FixtureOptions = {}): Promise<Fixture> => {
  const clock = createFakeClock();
  const random = createSeededRandom(7);
  const log = options.log ?? (await createMemoryLog({ clock, random }));
  const ports: ProvisioningPorts = {
    log,
    credentials: options.credentials ?? createMemoryCredentialStore({ clock }),
    profiles: createSubscriberProfiles({
      table: options.table ?? createMemoryTableStore({ name: 'subscriber-profiles' }),
      readStream: (stream, from) => log.read(stream, from),
    }),
    clock,
    random,
    homeDomain: 'ims.test',
    storePlaintextPasswords: options.storePlaintextPasswords ?? false,
  };
  return { ports, provisioning: createProvisioning(ports) };
};

/** Everything in the log, in order. */
export const logged = async ({ ports }: Fixture): Promise<RecordedEvent[]> => {
  const events: RecordedEvent[] = [];
  for await (const recorded of ports.log.readAll(['provisioning'], 'oldest')) events.push(recorded);
  return events;
};

/** The same log and credentials after a restart: the view is folded again, what was interrupted is finished. */
export const restarted = async ({ ports }: Fixture, log: EventLog = ports.log): Promise<Fixture> => {
  const next = await createFixture({ log, credentials: ports.credentials });
  for await (const recorded of log.readAll(['provisioning'], 'oldest')) {
    await next.ports.profiles.apply([recorded]);
  }
  await next.provisioning.finishInterrupted();
  return next;
};
