// Provisioning over memory ports for the tests: a log, stores and a view that a "restart" rebuilds from the log.
// Read by *.spec.ts of this app only.
import { publicIdsOf } from '#libs/domain';
import { createMemoryLog, type EventLog, type RecordedEvent } from '#libs/event-log';
import {
  createMemoryCredentialStore,
  createMemoryTableStore,
  retiredVersions,
  type CredentialStore,
  type TableStore,
} from '#libs/stores';
import { createFakeClock, createSeededRandom, type FakeClock } from '#libs/testkit';
import { createSubscriberProfiles, type SubscriberProfilesRow } from '#projections/subscriber-profiles';
import type { ProvisioningPorts } from './ports.js';
import { createProvisioning, type Provisioning } from './provisioning.js';

/** How long secrets that are named no longer are kept. */
export const KEPT_MS = 86_400_000;

export type Fixture = Readonly<{
  clock: FakeClock;
  ports: ProvisioningPorts;
  provisioning: Provisioning;
}>;

export type FixtureOptions = Readonly<{
  log?: EventLog;
  credentials?: CredentialStore;
  table?: TableStore<SubscriberProfilesRow>;
  storePlaintextPasswords?: boolean;
  clock?: FakeClock;
  credentialKeptMs?: number;
  seed?: number;
}>;

export const createFixture = async (options: FixtureOptions = {}): Promise<Fixture> => {
  const clock = options.clock ?? createFakeClock();
  const random = createSeededRandom(options.seed ?? 7);
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
    credentialKeptMs: options.credentialKeptMs ?? KEPT_MS,
    storePlaintextPasswords: options.storePlaintextPasswords ?? false,
  };
  return { clock, ports, provisioning: createProvisioning(ports) };
};

/** Everything in the log, in order. */
export const logged = async ({ ports }: Fixture): Promise<RecordedEvent[]> => {
  const events: RecordedEvent[] = [];
  for await (const recorded of ports.log.readAll(['provisioning'], 'oldest')) events.push(recorded);
  return events;
};

/** The same log and credentials after a restart: the view is folded again, what was interrupted is finished. */
export const restarted = async ({ clock, ports }: Fixture, log: EventLog = ports.log): Promise<Fixture> => {
  const next = await createFixture({ clock, log, credentials: ports.credentials, seed: 8 });
  for await (const recorded of log.readAll(['provisioning'], 'oldest')) {
    await next.ports.profiles.apply([recorded]);
  }
  await next.provisioning.finishInterrupted();
  return next;
};

/** Everything that can be left over, and everything that can be missing. */
export const orphans = async ({ ports }: Fixture): Promise<string[]> => {
  const { profiles, credentials } = ports;
  const found = await unreserved(profiles);
  for await (const { impu, irs } of profiles.reservations()) {
    if (!(await profiles.profile(irs))?.publicIds.has(impu)) found.push(`${impu} reserved and not served`);
  }
  for await (const { impi, irs } of profiles.links()) {
    if (!(await profiles.credential(impi))) found.push(`${impi} linked to ${irs} without a credential`);
    if (!(await profiles.profile(irs))?.privateIds.has(impi)) found.push(`${impi} is not in ${irs}`);
  }
  const inForce = new Map<string, string>();
  for await (const { impi, version } of profiles.credentialsInForce()) inForce.set(version, impi);
  const retired = await retiredVersions(credentials);
  for await (const { versionId } of credentials.versions()) {
    const isNamed = inForce.delete(versionId);
    if (!isNamed && !retired.has(versionId))
      found.push(`version ${versionId} in the store, neither named nor let go`);
    if (isNamed && retired.has(versionId)) found.push(`version ${versionId} named and let go`);
  }
  for (const impi of inForce.values()) found.push(`${impi} without its secret`);
  return found;
};

const unreserved = async (profiles: ProvisioningPorts['profiles']): Promise<string[]> => {
  const found: string[] = [];
  for await (const { irs, state } of profiles.sets()) {
    for (const impu of publicIdsOf(state)) {
      if ((await profiles.reservation(impu)) !== irs) found.push(`${impu} served without a reservation`);
    }
  }
  return found;
};
