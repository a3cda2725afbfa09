// Assignment: what the HSS has told this core of one implicit registration set that it serves: the subscription (SAA, PPR), and that it
// takes the set back (RTR). TS 29.228 §6.1.2, §6.1.3, §6.6.1. Stream: assignment-<default IMPU>. Never a secret.
// Written by homestead where an HSS holds the subscribers; what registrations and calls read of it is Homestead's cache.
import { assertNever, type Decider, type Recorded } from '#libs/decider';

// ---- Events: stored for ever; schemas/assignment/*.json is the published shape ----

/** What the HSS says of a set. */
export type HssSubscription = Readonly<{
  /** The IMSSubscription document. */
  xml: string;
  /** Its identities, the default one first. */
  publicIdentities: readonly string[];
  /** Private identities that are known to register it; none while it is only called. */
  privateIdentities: readonly string[];
  /** Charging functions in the order to try: collection (CCF), event (ECF). */
  collectionFunctions: readonly string[];
  eventFunctions: readonly string[];
}>;

export type ReceivedBy = 'registration' | 'call' | 'push';
export type WithdrawalReason =
  'permanent-termination' | 'new-server-assigned' | 'server-change' | 'remove-s-cscf';

/** New here, or other than before. */
export type SubscriptionReceived = Readonly<{
  type: 'SubscriptionReceived';
  data: HssSubscription & Readonly<{ by: ReceivedBy }>;
}>;
/** The HSS ended the registration. */
export type AssignmentWithdrawn = Readonly<{
  type: 'AssignmentWithdrawn';
  data: Readonly<{ reason: WithdrawalReason; privateIdentities: readonly string[] }>;
}>;
export type AssignmentEvent = SubscriptionReceived | AssignmentWithdrawn;

export const ASSIGNMENT_EVENT_TYPES = [
  'SubscriptionReceived',
  'AssignmentWithdrawn',
] as const satisfies readonly AssignmentEvent['type'][];

// ---- State: what was received last; undefined: nothing, or withdrawn ----

export type Assignment = HssSubscription | undefined;

export const ASSIGNMENT_STREAM = 'assignment-';
export const assignmentStream = (defaultImpu: string): string => ASSIGNMENT_STREAM + defaultImpu;

// ---- Commands ----

export type ReceiveSubscription = Readonly<{
  type: 'ReceiveSubscription';
  data: SubscriptionReceived['data'];
}>;
export type WithdrawAssignment = Readonly<{ type: 'WithdrawAssignment'; data: AssignmentWithdrawn['data'] }>;
export type AssignmentCommand = ReceiveSubscription | WithdrawAssignment;

const sameList = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((one, index) => one === b[index]);

const isSame = (state: HssSubscription, told: HssSubscription): boolean =>
  state.xml === told.xml &&
  sameList(state.publicIdentities, told.publicIdentities) &&
  sameList(state.privateIdentities, told.privateIdentities) &&
  sameList(state.collectionFunctions, told.collectionFunctions) &&
  sameList(state.eventFunctions, told.eventFunctions);

/** What the HSS tells again changes nothing, and is no event. */
const decideAssignment = (state: Assignment, command: AssignmentCommand): readonly AssignmentEvent[] => {
  switch (command.type) {
    case 'ReceiveSubscription':
      return state !== undefined && isSame(state, command.data)
        ? []
        : [{ type: 'SubscriptionReceived', data: command.data }];
    case 'WithdrawAssignment':
      return [{ type: 'AssignmentWithdrawn', data: command.data }];
    default:
      return assertNever(command);
  }
};

const evolveAssignment = (_state: Assignment, { event }: Recorded<AssignmentEvent>): Assignment => {
  switch (event.type) {
    case 'SubscriptionReceived': {
      const { by: _by, ...subscription } = event.data;
      return subscription;
    }
    case 'AssignmentWithdrawn':
      return undefined;
    default:
      return assertNever(event);
  }
};

export const assignment: Decider<Assignment, AssignmentCommand, AssignmentEvent> = {
  initialState: undefined,
  decide: decideAssignment,
  evolve: evolveAssignment,
};
