// /irs: implicit registration sets and their service profiles (backend.md §3). What is removed takes its public identities
// with it: first out of the set, which stops it being served, then their reservations are released.
import { publicIdsOf } from '#libs/domain';
import type { IrsProfile } from '#projections/subscriber-profiles';
import { onSubscriber } from '../execute.js';
import { isUuid, randomUuid, uuidOfKey } from '../identities.js';
import { created, done, forbidden, notFound, NOTHING, type Outcome, shown } from '../outcome.js';
import type { ProvisioningPorts } from '../ports.js';
import { releaseAll, reservationsOf } from './reservations.js';

/** A request that may be repeated names itself, so that the repeat finds what the first one made. */
export type Repeatable = Readonly<{ idempotencyKey?: string }>;
export type ProfileInput = Readonly<{ irs: string; serviceProfile: string }>;

const newId = (ports: ProvisioningPorts, scope: string, { idempotencyKey }: Repeatable): string =>
  idempotencyKey === undefined ? randomUuid(ports.random) : uuidOfKey(`${scope} ${idempotencyKey}`);

export const requireSet = async (ports: ProvisioningPorts, irs: string): Promise<IrsProfile> => {
  const found = isUuid(irs) ? await ports.profiles.profile(irs) : undefined;
  if (!found) throw notFound('no such implicit registration set');
  return found;
};

/** The profile must be there (404) and in this set (403). */
export const requireProfile = async (
  ports: ProvisioningPorts,
  { irs, serviceProfile }: ProfileInput,
): Promise<IrsProfile> => {
  const found = await requireSet(ports, irs);
  if (found.state.serviceProfiles.some(({ id }) => id === serviceProfile)) return found;
  const owner = isUuid(serviceProfile) ? await ports.profiles.irsOfServiceProfile(serviceProfile) : undefined;
  if (owner === undefined || owner === irs) throw notFound('no such service profile');
  throw forbidden('the service profile belongs to another implicit registration set');
};

export const createSet = async (ports: ProvisioningPorts, input: Repeatable = {}): Promise<Outcome> => {
  const irs = newId(ports, 'irs', input);
  await onSubscriber(ports, irs, [{ type: 'CreateSubscriber', data: { irs } }]);
  return created(`/irs/${irs}`);
};

export const deleteSet = async (ports: ProvisioningPorts, irs: string): Promise<Outcome> => {
  if (!isUuid(irs) || !(await ports.profiles.profile(irs))) return NOTHING;
  const reserved = reservationsOf(ports, irs);
  await onSubscriber(ports, irs, [{ type: 'DeleteSubscriber', data: {} }], {
    prepare: (state) => reserved.note(publicIdsOf(state)),
  });
  await releaseAll(ports, reserved.noted);
  return done();
};

export const publicIdsOfSet = async (
  ports: ProvisioningPorts,
  irs: string,
): Promise<Outcome<Readonly<{ public_ids: string[] }>>> =>
  shown({ public_ids: [...(await requireSet(ports, irs)).publicIds] });

export const privateIdsOfSet = async (
  ports: ProvisioningPorts,
  irs: string,
): Promise<Outcome<Readonly<{ private_ids: string[] }>>> =>
  shown({ private_ids: [...(await requireSet(ports, irs)).privateIds] });

export const createServiceProfile = async (
  ports: ProvisioningPorts,
  { irs, ...repeatable }: Repeatable & Readonly<{ irs: string }>,
): Promise<Outcome> => {
  await requireSet(ports, irs);
  const serviceProfile = newId(ports, `service profile of ${irs}`, repeatable);
  await onSubscriber(ports, irs, [{ type: 'AddServiceProfile', data: { serviceProfile } }]);
  return created(`/irs/${irs}/service_profiles/${serviceProfile}`);
};

export const deleteServiceProfile = async (
  ports: ProvisioningPorts,
  input: ProfileInput,
): Promise<Outcome> => {
  const { irs, serviceProfile } = input;
  await requireProfile(ports, input);
  const reserved = reservationsOf(ports, irs);
  await onSubscriber(ports, irs, [{ type: 'RemoveServiceProfile', data: { serviceProfile } }], {
    prepare: (state) => {
      const leaving = state.serviceProfiles.find(({ id }) => id === serviceProfile);
      return reserved.note((leaving?.publicIdentities ?? []).map(({ impu }) => impu));
    },
  });
  await releaseAll(ports, reserved.noted);
  return done();
};

export const publicIdsOfProfile = async (
  ports: ProvisioningPorts,
  input: ProfileInput,
): Promise<Outcome<Readonly<{ public_ids: string[] }>>> => {
  const { state } = await requireProfile(ports, input);
  const profile = state.serviceProfiles.find(({ id }) => id === input.serviceProfile);
  return shown({ public_ids: (profile?.publicIdentities ?? []).map(({ impu }) => impu) });
};
