// …/service_profiles/<uuid>/public_ids/<impu> and /public/<impu>/…: public identities of a profile, and the way back from
// an identity to its set (backend.md §3).
import { CommandRejected } from '#libs/decider';
import { profileHolding } from '#libs/domain';
import type { IrsProfile } from '#projections/subscriber-profiles';
import { onSubscriber } from '../execute.js';
import { checkImpu } from '../identities.js';
import {
  done,
  forbidden,
  notFound,
  NOTHING,
  type Outcome,
  ProvisioningFault,
  seeOther,
  shown,
} from '../outcome.js';
import type { ProvisioningPorts } from '../ports.js';
import { readPublicIdentity } from '../provisioned-xml.js';
import { release, type Reservation, reservationsOf, reserve } from './reservations.js';
import { type ProfileInput, requireProfile } from './sets.js';

export type PublicIdInput = ProfileInput & Readonly<{ impu: string }>;
export type PutPublicId = PublicIdInput & Readonly<{ xml: string; ifRevision?: number }>;

const isRefused = (error: unknown): boolean =>
  error instanceof CommandRejected || error instanceof ProvisioningFault;

/** Reserves the identity for the set where it is new there, then assigns it to the profile. */
export const putPublicId = async (ports: ProvisioningPorts, input: PutPublicId): Promise<Outcome> => {
  const { irs, serviceProfile, impu } = input;
  checkImpu(impu);
  const identity = readPublicIdentity(input.xml);
  await requireProfile(ports, input);
  if (identity.impu !== impu) throw forbidden(`Identity ${identity.impu} is not the one of the path`);

  let reserved: Reservation | undefined;
  try {
    const command = { type: 'AssignPublicIdentity', data: { ...identity, serviceProfile } } as const;
    const { revision } = await onSubscriber(ports, irs, [command], {
      ...(input.ifRevision === undefined ? {} : { expected: input.ifRevision }),
      prepare: async (state) => {
        if (!profileHolding(state, impu)) reserved = await reserve(ports, impu, irs);
      },
    });
    return done(revision);
  } catch (error) {
    // The set changed between the reservation and the assignment, and no longer takes the identity.
    if (reserved && isRefused(error)) await release(ports, reserved);
    throw error;
  }
};

/** The identity leaves the set, then its reservation is released. */
export const deletePublicId = async (ports: ProvisioningPorts, input: PublicIdInput): Promise<Outcome> => {
  const { irs, serviceProfile, impu } = input;
  checkImpu(impu);
  await requireProfile(ports, input);
  const holder = await ports.profiles.identity(impu);
  if (!holder) return NOTHING;
  if (holder.irs !== irs) throw forbidden('the public identity belongs to another service profile');

  const reserved = reservationsOf(ports, irs);
  try {
    await onSubscriber(ports, irs, [{ type: 'RemovePublicIdentity', data: { serviceProfile, impu } }], {
      prepare: () => reserved.note([impu]),
    });
  } catch (error) {
    // Another request was first.
    if (error instanceof CommandRejected && error.reason === 'UnknownPublicIdentity') return NOTHING;
    throw error;
  }
  for (const reservation of reserved.noted) await release(ports, reservation);
  return done();
};

/** The PublicIdentity element as it was given. */
export const getPublicId = async (
  ports: ProvisioningPorts,
  input: PublicIdInput,
): Promise<Outcome<string>> => {
  const { state } = await requireProfile(ports, input);
  const profile = state.serviceProfiles.find(({ id }) => id === input.serviceProfile);
  const identity = profile?.publicIdentities.find(({ impu }) => impu === input.impu);
  if (identity) return shown(identity.xml);
  if (await ports.profiles.identity(input.impu)) {
    throw forbidden('the public identity belongs to another service profile');
  }
  throw notFound('no such public identity');
};

const requireIdentity = async (ports: ProvisioningPorts, impu: string): Promise<IrsProfile> => {
  const found = await ports.profiles.identity(checkImpu(impu));
  if (!found) throw notFound('no such public identity');
  return found;
};

export const serviceProfileOfPublicId = async (ports: ProvisioningPorts, impu: string): Promise<Outcome> => {
  const { irs, state } = await requireIdentity(ports, impu);
  return seeOther(`/irs/${irs}/service_profiles/${profileHolding(state, impu)?.id ?? ''}`);
};

export const setOfPublicId = async (ports: ProvisioningPorts, impu: string): Promise<Outcome> =>
  seeOther(`/irs/${(await requireIdentity(ports, impu)).irs}`);

export const privateIdsOfPublicId = async (
  ports: ProvisioningPorts,
  impu: string,
): Promise<Outcome<Readonly<{ private_ids: string[] }>>> =>
  shown({ private_ids: [...(await requireIdentity(ports, impu)).privateIds] });
