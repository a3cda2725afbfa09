// Subscriber: one implicit registration set: its service profiles, the public identities in each, the private
// identities that may register it. backend.md §2–3, TS 23.228 §4.3.3.4, TS 29.228 annex B. Stream: subscriber-<IRS id>.
// Written by homestead-prov (expect mode); folded into subscriber-profiles. Decisions: subscriber.decide.ts.
import { assertNever, type Recorded } from '#libs/decider';

// ---- Events: stored for ever; schemas/subscriber/*.json is the published shape ----

/** A public identity as the provisioning client gave it. `xml` is its PublicIdentity element, without a prolog. */
export type ProvisionedIdentity = Readonly<{
  impu: string;
  xml: string;
  barred: boolean;
  /** TS 29.228 Extension/IdentityType: 0 public user, 1 distinct PSI, 2 wildcarded PSI, 3 non-distinct (wildcarded IMPU). */
  identityType?: number;
}>;

export type SubscriberCreated = Readonly<{ type: 'SubscriberCreated'; data: Readonly<{ irs: string }> }>;
export type ServiceProfileAdded = Readonly<{
  type: 'ServiceProfileAdded';
  data: Readonly<{ serviceProfile: string }>;
}>;
/** Takes its public identities with it: their reservations are released next. */
export type ServiceProfileRemoved = Readonly<{
  type: 'ServiceProfileRemoved';
  data: Readonly<{ serviceProfile: string; publicIdentities: readonly string[] }>;
}>;
/** `xml` is the ServiceProfile document as given, its InitialFilterCriteria children in it. */
export type FilterCriteriaChanged = Readonly<{
  type: 'FilterCriteriaChanged';
  data: Readonly<{ serviceProfile: string; xml: string }>;
}>;
/** New in the set, or given another PublicIdentity element. */
export type PublicIdentityAssigned = Readonly<{
  type: 'PublicIdentityAssigned';
  data: ProvisionedIdentity & Readonly<{ serviceProfile: string }>;
}>;
export type PublicIdentityRemoved = Readonly<{
  type: 'PublicIdentityRemoved';
  data: Readonly<{ serviceProfile: string; impu: string }>;
}>;
export type PrivateIdentityLinked = Readonly<{
  type: 'PrivateIdentityLinked';
  data: Readonly<{ impi: string }>;
}>;
export type PrivateIdentityUnlinked = Readonly<{
  type: 'PrivateIdentityUnlinked';
  data: Readonly<{ impi: string }>;
}>;
/** Names what it held, so that a reader of the log sees what went. */
export type SubscriberDeleted = Readonly<{
  type: 'SubscriberDeleted';
  data: Readonly<{ publicIdentities: readonly string[]; privateIdentities: readonly string[] }>;
}>;

export type SubscriberEvent =
  | SubscriberCreated
  | ServiceProfileAdded
  | ServiceProfileRemoved
  | FilterCriteriaChanged
  | PublicIdentityAssigned
  | PublicIdentityRemoved
  | PrivateIdentityLinked
  | PrivateIdentityUnlinked
  | SubscriberDeleted;

export const SUBSCRIBER_EVENT_TYPES = [
  'SubscriberCreated',
  'ServiceProfileAdded',
  'ServiceProfileRemoved',
  'FilterCriteriaChanged',
  'PublicIdentityAssigned',
  'PublicIdentityRemoved',
  'PrivateIdentityLinked',
  'PrivateIdentityUnlinked',
  'SubscriberDeleted',
] as const satisfies readonly SubscriberEvent['type'][];

// ---- State: plain JSON, in the order of provisioning: the first unbarred identity is the default one ----

export type ProvisionedProfile = Readonly<{
  id: string;
  publicIdentities: readonly ProvisionedIdentity[];
  filterCriteriaXml?: string;
}>;

export type Subscriber = Readonly<{
  /** False before the first event and after deletion. */
  exists: boolean;
  serviceProfiles: readonly ProvisionedProfile[];
  privateIds: readonly string[];
}>;

export const NO_SUBSCRIBER: Subscriber = { exists: false, serviceProfiles: [], privateIds: [] };

export const SUBSCRIBER_STREAM = 'subscriber-';
export const subscriberStream = (irs: string): string => SUBSCRIBER_STREAM + irs;

/** The profile of the set that holds `impu`. */
export const profileHolding = (state: Subscriber, impu: string): ProvisionedProfile | undefined =>
  state.serviceProfiles.find((profile) => profile.publicIdentities.some((held) => held.impu === impu));

/** All public identities of the set, in order. */
export const publicIdsOf = (state: Subscriber): string[] =>
  state.serviceProfiles.flatMap((profile) => profile.publicIdentities.map(({ impu }) => impu));

// ---- Fold ----

const withProfile = (
  state: Subscriber,
  id: string,
  change: (profile: ProvisionedProfile) => ProvisionedProfile,
): Subscriber => ({
  ...state,
  serviceProfiles: state.serviceProfiles.map((profile) => (profile.id === id ? change(profile) : profile)),
});

const assigned = (state: Subscriber, { data }: PublicIdentityAssigned): Subscriber => {
  const { serviceProfile, ...identity } = data;
  return withProfile(state, serviceProfile, (profile) => {
    const known = profile.publicIdentities.some(({ impu }) => impu === identity.impu);
    const publicIdentities = known
      ? profile.publicIdentities.map((held) => (held.impu === identity.impu ? identity : held))
      : [...profile.publicIdentities, identity];
    return { ...profile, publicIdentities };
  });
};

export const evolveSubscriber = (state: Subscriber, { event }: Recorded<SubscriberEvent>): Subscriber => {
  switch (event.type) {
    case 'SubscriberCreated':
      return { ...NO_SUBSCRIBER, exists: true };
    case 'ServiceProfileAdded': {
      const added: ProvisionedProfile = { id: event.data.serviceProfile, publicIdentities: [] };
      return { ...state, serviceProfiles: [...state.serviceProfiles, added] };
    }
    case 'ServiceProfileRemoved': {
      const serviceProfiles = state.serviceProfiles.filter(({ id }) => id !== event.data.serviceProfile);
      return { ...state, serviceProfiles };
    }
    case 'FilterCriteriaChanged': {
      const filterCriteriaXml = event.data.xml;
      return withProfile(state, event.data.serviceProfile, (profile) => ({ ...profile, filterCriteriaXml }));
    }
    case 'PublicIdentityAssigned':
      return assigned(state, event);
    case 'PublicIdentityRemoved':
      return withProfile(state, event.data.serviceProfile, (profile) => ({
        ...profile,
        publicIdentities: profile.publicIdentities.filter(({ impu }) => impu !== event.data.impu),
      }));
    case 'PrivateIdentityLinked':
      return { ...state, privateIds: [...state.privateIds, event.data.impi] };
    case 'PrivateIdentityUnlinked':
      return { ...state, privateIds: state.privateIds.filter((impi) => impi !== event.data.impi) };
    case 'SubscriberDeleted':
      return NO_SUBSCRIBER;
    default:
      return assertNever(event);
  }
};
