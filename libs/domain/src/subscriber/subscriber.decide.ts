// Subscriber: what may be changed in an implicit registration set (backend.md §3, "mended").
// A command that would change nothing decides nothing, so that every request may be repeated.
// Uniqueness of a public identity over all sets is not decided here but by its reservation: identity.ts.
import { assertNever, CommandRejected, type Decider } from '#libs/decider';
import {
  evolveSubscriber,
  NO_SUBSCRIBER,
  profileHolding,
  publicIdsOf,
  type ProvisionedIdentity,
  type ProvisionedProfile,
  type Subscriber,
  type SubscriberEvent,
} from './subscriber.js';

// ---- Commands: identifiers arrive as data ----

export type CreateSubscriber = Readonly<{ type: 'CreateSubscriber'; data: Readonly<{ irs: string }> }>;
export type AddServiceProfile = Readonly<{
  type: 'AddServiceProfile';
  data: Readonly<{ serviceProfile: string }>;
}>;
export type RemoveServiceProfile = Readonly<{
  type: 'RemoveServiceProfile';
  data: Readonly<{ serviceProfile: string }>;
}>;
export type ChangeFilterCriteria = Readonly<{
  type: 'ChangeFilterCriteria';
  data: Readonly<{ serviceProfile: string; xml: string }>;
}>;
export type AssignPublicIdentity = Readonly<{
  type: 'AssignPublicIdentity';
  data: ProvisionedIdentity & Readonly<{ serviceProfile: string }>;
}>;
export type RemovePublicIdentity = Readonly<{
  type: 'RemovePublicIdentity';
  data: Readonly<{ serviceProfile: string; impu: string }>;
}>;
export type LinkPrivateIdentity = Readonly<{ type: 'LinkPrivateIdentity'; data: Readonly<{ impi: string }> }>;
export type UnlinkPrivateIdentity = Readonly<{
  type: 'UnlinkPrivateIdentity';
  data: Readonly<{ impi: string }>;
}>;
export type DeleteSubscriber = Readonly<{ type: 'DeleteSubscriber'; data: Readonly<Record<never, never>> }>;

export type SubscriberCommand =
  | CreateSubscriber
  | AddServiceProfile
  | RemoveServiceProfile
  | ChangeFilterCriteria
  | AssignPublicIdentity
  | RemovePublicIdentity
  | LinkPrivateIdentity
  | UnlinkPrivateIdentity
  | DeleteSubscriber;

export type SubscriberRefusal =
  | 'UnknownSubscriber'
  | 'UnknownServiceProfile'
  /** The identity is in another service profile of this set. */
  | 'OtherServiceProfile'
  | 'UnknownPublicIdentity'
  | 'UnknownPrivateIdentity'
  /** One of the limits below: nothing is changed. */
  | 'LimitReached';

export const SERVICE_PROFILES_MAX = 64;
/** All profiles of one set together: the whole set is one document that is rebuilt at every change. */
export const PUBLIC_IDENTITIES_MAX = 1_000;
export const PRIVATE_IDENTITIES_MAX = 256;

const refuse = (reason: SubscriberRefusal, detail = ''): CommandRejected<SubscriberRefusal> =>
  new CommandRejected(reason, detail);

const profileNamed = (state: Subscriber, id: string): ProvisionedProfile => {
  const profile = state.serviceProfiles.find((candidate) => candidate.id === id);
  if (!profile) throw refuse('UnknownServiceProfile', id);
  return profile;
};

const addServiceProfile = (state: Subscriber, { data }: AddServiceProfile): SubscriberEvent[] => {
  if (state.serviceProfiles.some(({ id }) => id === data.serviceProfile)) return [];
  if (state.serviceProfiles.length >= SERVICE_PROFILES_MAX) {
    throw refuse('LimitReached', `at most ${SERVICE_PROFILES_MAX} service profiles`);
  }
  return [{ type: 'ServiceProfileAdded', data }];
};

const removeServiceProfile = (state: Subscriber, { data }: RemoveServiceProfile): SubscriberEvent[] => {
  const publicIdentities = profileNamed(state, data.serviceProfile).publicIdentities.map(({ impu }) => impu);
  return [{ type: 'ServiceProfileRemoved', data: { ...data, publicIdentities } }];
};

const changeFilterCriteria = (state: Subscriber, { data }: ChangeFilterCriteria): SubscriberEvent[] =>
  profileNamed(state, data.serviceProfile).filterCriteriaXml === data.xml
    ? []
    : [{ type: 'FilterCriteriaChanged', data }];

const assignPublicIdentity = (state: Subscriber, { data }: AssignPublicIdentity): SubscriberEvent[] => {
  const profile = profileNamed(state, data.serviceProfile);
  const holder = profileHolding(state, data.impu);
  if (holder && holder.id !== profile.id) throw refuse('OtherServiceProfile', holder.id);

  const held = profile.publicIdentities.find(({ impu }) => impu === data.impu);
  if (held) {
    const same =
      held.xml === data.xml && held.barred === data.barred && held.identityType === data.identityType;
    return same ? [] : [{ type: 'PublicIdentityAssigned', data }];
  }
  if (publicIdsOf(state).length >= PUBLIC_IDENTITIES_MAX) {
    throw refuse('LimitReached', `at most ${PUBLIC_IDENTITIES_MAX} public identities`);
  }
  return [{ type: 'PublicIdentityAssigned', data }];
};

const removePublicIdentity = (state: Subscriber, { data }: RemovePublicIdentity): SubscriberEvent[] => {
  const profile = profileNamed(state, data.serviceProfile);
  const holder = profileHolding(state, data.impu);
  if (!holder) throw refuse('UnknownPublicIdentity', data.impu);
  if (holder.id !== profile.id) throw refuse('OtherServiceProfile', holder.id);
  return [{ type: 'PublicIdentityRemoved', data }];
};

const linkPrivateIdentity = (state: Subscriber, { data }: LinkPrivateIdentity): SubscriberEvent[] => {
  if (state.privateIds.includes(data.impi)) return [];
  if (state.privateIds.length >= PRIVATE_IDENTITIES_MAX) {
    throw refuse('LimitReached', `at most ${PRIVATE_IDENTITIES_MAX} private identities`);
  }
  return [{ type: 'PrivateIdentityLinked', data }];
};

const unlinkPrivateIdentity = (state: Subscriber, { data }: UnlinkPrivateIdentity): SubscriberEvent[] => {
  if (!state.privateIds.includes(data.impi)) throw refuse('UnknownPrivateIdentity', data.impi);
  return [{ type: 'PrivateIdentityUnlinked', data }];
};

const deleteSubscriber = (state: Subscriber): SubscriberEvent[] => [
  {
    type: 'SubscriberDeleted',
    data: { publicIdentities: publicIdsOf(state), privateIdentities: state.privateIds },
  },
];

const decideSubscriber = (state: Subscriber, command: SubscriberCommand): readonly SubscriberEvent[] => {
  if (command.type === 'CreateSubscriber') {
    return state.exists ? [] : [{ type: 'SubscriberCreated', data: command.data }];
  }
  if (!state.exists) throw refuse('UnknownSubscriber');
  switch (command.type) {
    case 'AddServiceProfile':
      return addServiceProfile(state, command);
    case 'RemoveServiceProfile':
      return removeServiceProfile(state, command);
    case 'ChangeFilterCriteria':
      return changeFilterCriteria(state, command);
    case 'AssignPublicIdentity':
      return assignPublicIdentity(state, command);
    case 'RemovePublicIdentity':
      return removePublicIdentity(state, command);
    case 'LinkPrivateIdentity':
      return linkPrivateIdentity(state, command);
    case 'UnlinkPrivateIdentity':
      return unlinkPrivateIdentity(state, command);
    case 'DeleteSubscriber':
      return deleteSubscriber(state);
    default:
      return assertNever(command);
  }
};

export const subscriber: Decider<Subscriber, SubscriberCommand, SubscriberEvent> = {
  initialState: NO_SUBSCRIBER,
  decide: decideSubscriber,
  evolve: evolveSubscriber,
};
