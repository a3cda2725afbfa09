// Identity: which implicit registration set a public identity belongs to. A reservation, so that it belongs to one only
// (docs/architecture.md §2, "Expect"). Stream: identity-<IMPU>.
// Written by homestead-prov before the identity enters a set and after it has left; folded into subscriber-profiles.
import { assertNever, CommandRejected, type Decider } from '#libs/decider';

// ---- Events: stored for ever; schemas/identity/*.json is the published shape ----

export type IdentityReserved = Readonly<{
  type: 'IdentityReserved';
  data: Readonly<{ impu: string; irs: string }>;
}>;
export type IdentityReleased = Readonly<{
  type: 'IdentityReleased';
  data: Readonly<{ impu: string; irs: string }>;
}>;
export type IdentityEvent = IdentityReserved | IdentityReleased;

export const IDENTITY_EVENT_TYPES = [
  'IdentityReserved',
  'IdentityReleased',
] as const satisfies readonly IdentityEvent['type'][];

// ---- State: the set that holds it ----

export type IdentityState = Readonly<{ irs: string }> | undefined;

export const IDENTITY_STREAM = 'identity-';
export const identityStream = (impu: string): string => IDENTITY_STREAM + impu;

// ---- Commands ----

/**
 * Before an identity enters a set. Reserving again what the set holds already is an event too: it moves the revision,
 * so that a release that another request began earlier (it names the revision it saw) comes too late.
 */
export type ReserveIdentity = Readonly<{
  type: 'ReserveIdentity';
  data: Readonly<{ impu: string; irs: string }>;
}>;
export type ReleaseIdentity = Readonly<{
  type: 'ReleaseIdentity';
  data: Readonly<{ impu: string; irs: string }>;
}>;
export type IdentityCommand = ReserveIdentity | ReleaseIdentity;

export type IdentityRefusal = 'IdentityTaken';

const reserveIdentity = (state: IdentityState, { data }: ReserveIdentity): IdentityEvent[] => {
  if (state && state.irs !== data.irs) throw new CommandRejected<IdentityRefusal>('IdentityTaken', data.impu);
  return [{ type: 'IdentityReserved', data }];
};

const releaseIdentity = (state: IdentityState, { data }: ReleaseIdentity): IdentityEvent[] =>
  state?.irs === data.irs ? [{ type: 'IdentityReleased', data }] : [];

export const identity: Decider<IdentityState, IdentityCommand, IdentityEvent> = {
  initialState: undefined,

  decide(state, command) {
    switch (command.type) {
      case 'ReserveIdentity':
        return reserveIdentity(state, command);
      case 'ReleaseIdentity':
        return releaseIdentity(state, command);
      default:
        return assertNever(command);
    }
  },

  evolve(_state, { event }) {
    switch (event.type) {
      case 'IdentityReserved':
        return { irs: event.data.irs };
      case 'IdentityReleased':
        return undefined;
      default:
        return assertNever(event);
    }
  },
};
