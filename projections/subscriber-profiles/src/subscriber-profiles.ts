// Read model: the profile a public identity is served with, the credential a private identity authenticates with, and
// what belongs to what. Readers: homestead (av, location, reg-data), homestead-prov (every GET).
// Each row is folded from one stream only, because positions are comparable within a stream only; a row that is gone
// stays as an empty one with its revision, so that an event which comes again cannot bring it back.
import type { Position, Recorded } from '#libs/decider';
import {
  credential,
  type CredentialEvent,
  CREDENTIAL_STREAM,
  type CredentialState,
  identity,
  type IdentityEvent,
  IDENTITY_STREAM,
  type IdentityState,
  NO_SUBSCRIBER,
  evolveSubscriber,
  type Subscriber,
  type SubscriberEvent,
  SUBSCRIBER_STREAM,
} from '#libs/domain';
import type { RecordedEvent } from '#libs/event-log';
import type { RowChange } from '#libs/stores';

/** Accepted events folded into a row; position and wall time of the last. */
type Folded<S> = Readonly<{ revision: number; at: Position; atMs: number; state: S }>;

export type IrsRow = Folded<Subscriber> & Readonly<{ kind: 'irs' }>;
export type IdentityRow = Folded<IdentityState> & Readonly<{ kind: 'identity' }>;
export type CredentialRow = Folded<CredentialState> & Readonly<{ kind: 'credential' }>;
/** Indexes, derived from IRS rows: a private identity's sets (many rows), a service profile's set. */
export type LinkRow = Readonly<{ kind: 'link'; impi: string; irs: string }>;
export type ProfileRow = Readonly<{ kind: 'profile'; irs: string }>;
export type FoldedRow = IrsRow | IdentityRow | CredentialRow;
export type SubscriberProfilesRow = FoldedRow | LinkRow | ProfileRow;

export type ProvisioningEvent = SubscriberEvent | CredentialEvent | IdentityEvent;

/** What of a recorded event is folded: the handlers that appended it know no more. */
export type FoldableEvent = Pick<RecordedEvent, 'event' | 'stream' | 'position' | 'revision' | 'timeMs'>;

/** Row keys. A line feed ends a variable part: no identity contains one. */
export const rowKey = {
  irs: (irs: string) => `irs/${irs}`,
  identity: (impu: string) => `impu/${impu}`,
  credential: (impi: string) => `impi/${impi}`,
  link: (impi: string, irs = '') => `link/${impi}\n${irs}`,
  profile: (serviceProfile: string) => `profile/${serviceProfile}`,
};

/** The row that an event is folded into; undefined: not of this view (documents share the topic). */
export const keyOf = (stream: string): string | undefined => {
  if (stream.startsWith(SUBSCRIBER_STREAM)) return rowKey.irs(stream.slice(SUBSCRIBER_STREAM.length));
  if (stream.startsWith(IDENTITY_STREAM)) return rowKey.identity(stream.slice(IDENTITY_STREAM.length));
  if (stream.startsWith(CREDENTIAL_STREAM)) return rowKey.credential(stream.slice(CREDENTIAL_STREAM.length));
  return undefined;
};

/** Raise to rebuild from the start of the log. */
export const SUBSCRIBER_PROFILES_VERSION = 1;

export const subscriberProfiles = {
  name: 'subscriber-profiles',
  version: SUBSCRIBER_PROFILES_VERSION,
  topics: ['provisioning'],
} as const;

/** Revision of the last event that the row holds; 0 before the first. */
export const revisionOf = (row: SubscriberProfilesRow | undefined): number =>
  row && 'revision' in row ? row.revision : 0;

/** The row after an event. `revision` is the event's; the caller keeps the order and skips what the row holds already. */
export const evolveRow = (
  row: FoldedRow | undefined,
  recorded: FoldableEvent,
  revision: number,
): FoldedRow => {
  const folded = { revision, at: recorded.position, atMs: recorded.timeMs };
  if (recorded.stream.startsWith(SUBSCRIBER_STREAM)) {
    const state = row?.kind === 'irs' ? row.state : NO_SUBSCRIBER;
    return { kind: 'irs', ...folded, state: evolveSubscriber(state, recorded as Recorded<SubscriberEvent>) };
  }
  if (recorded.stream.startsWith(IDENTITY_STREAM)) {
    const state = row?.kind === 'identity' ? row.state : undefined;
    return {
      kind: 'identity',
      ...folded,
      state: identity.evolve(state, recorded as Recorded<IdentityEvent>),
    };
  }
  const state = row?.kind === 'credential' ? row.state : undefined;
  const next = credential.evolve(state, recorded as Recorded<CredentialEvent>);
  return { kind: 'credential', ...folded, state: next };
};

/** Index rows that change when an IRS row goes from one state to another. */
export const indexChanges = (
  irs: string,
  before: Subscriber | undefined,
  next: IrsRow,
): RowChange<SubscriberProfilesRow>[] => {
  const position = next.at;
  const changes: RowChange<SubscriberProfilesRow>[] = [];
  const privateIds = new Set(next.state.privateIds);
  const profiles = new Set(next.state.serviceProfiles.map(({ id }) => id));
  for (const impi of before?.privateIds ?? []) {
    if (!privateIds.delete(impi)) changes.push({ key: rowKey.link(impi, irs), row: undefined, position });
  }
  for (const impi of privateIds) {
    changes.push({ key: rowKey.link(impi, irs), row: { kind: 'link', impi, irs }, position });
  }
  for (const { id } of before?.serviceProfiles ?? []) {
    if (!profiles.delete(id)) changes.push({ key: rowKey.profile(id), row: undefined, position });
  }
  for (const id of profiles)
    changes.push({ key: rowKey.profile(id), row: { kind: 'profile', irs }, position });
  return changes;
};
