// Every kind of stream this core writes: which events it holds, and how they fold into its state.
// Readers: history (the state of any stream), the schema tests.
import type { Recorded } from '#libs/decider';
import { account, ACCOUNT_EVENT_TYPES, LINE_NUMBER_EVENT_TYPES, lineNumber } from './account/index.js';
import { assignment, ASSIGNMENT_EVENT_TYPES } from './assignment/index.js';
import { CALL_EVENT_TYPES } from './call/index.js';
import {
  CALL_LIST_EVENT_TYPES,
  type CallList,
  type CallListEvent,
  evolveCallList,
} from './call-list/index.js';
import {
  CHARGING_EVENT_TYPES,
  type ChargingEvent,
  type ChargingRow,
  evolveCharging,
} from './charging/index.js';
import { DOCUMENT_EVENT_TYPES, userDocument } from './document/index.js';
import { registration, REGISTRATION_EVENT_TYPES } from './registration/index.js';
import {
  credential,
  CREDENTIAL_EVENT_TYPES,
  identity,
  IDENTITY_EVENT_TYPES,
  subscriber,
  SUBSCRIBER_EVENT_TYPES,
} from './subscriber/index.js';
import { timer, TIMER_EVENT_TYPES } from './timer/index.js';

type AnyEvent = Readonly<{ type: string; data: object }>;

/** A fold whose state only its owner can read. */
export type StreamFold = Readonly<{
  initialState: unknown;
  evolve(state: unknown, recorded: Recorded<AnyEvent>): unknown;
}>;

export type Aggregate = Readonly<{
  eventTypes: readonly string[];
  /** Absent where the events are facts that add up to no state. */
  fold?: StreamFold;
}>;

/** Forgets the types: whoever picks a fold by the name of a stream cannot know them. */
const foldOf = <S, E extends AnyEvent>(decider: {
  initialState: S;
  evolve(state: S, recorded: Recorded<E>): S;
}): StreamFold => ({
  initialState: decider.initialState,
  evolve: (state, recorded) => decider.evolve(state as S, recorded as Recorded<E>),
});

/** By what stands before the first `-` of a stream's name. */
export const AGGREGATES: Readonly<Record<string, Aggregate>> = {
  registration: { eventTypes: REGISTRATION_EVENT_TYPES, fold: foldOf(registration) },
  call: { eventTypes: CALL_EVENT_TYPES },
  calllist: {
    eventTypes: CALL_LIST_EVENT_TYPES,
    fold: foldOf<CallList | undefined, CallListEvent>({ initialState: undefined, evolve: evolveCallList }),
  },
  charging: {
    eventTypes: CHARGING_EVENT_TYPES,
    fold: foldOf<ChargingRow | undefined, ChargingEvent>({
      initialState: undefined,
      evolve: evolveCharging,
    }),
  },
  subscriber: { eventTypes: SUBSCRIBER_EVENT_TYPES, fold: foldOf(subscriber) },
  credential: { eventTypes: CREDENTIAL_EVENT_TYPES, fold: foldOf(credential) },
  identity: { eventTypes: IDENTITY_EVENT_TYPES, fold: foldOf(identity) },
  assignment: { eventTypes: ASSIGNMENT_EVENT_TYPES, fold: foldOf(assignment) },
  document: { eventTypes: DOCUMENT_EVENT_TYPES, fold: foldOf(userDocument) },
  account: { eventTypes: ACCOUNT_EVENT_TYPES, fold: foldOf(account) },
  number: { eventTypes: LINE_NUMBER_EVENT_TYPES, fold: foldOf(lineNumber) },
  timer: { eventTypes: TIMER_EVENT_TYPES, fold: foldOf(timer) },
};

/** `registration` of `registration-sip:alice@ims.test`. */
export const categoryOf = (stream: string): string => {
  const dash = stream.indexOf('-');
  return dash < 0 ? stream : stream.slice(0, dash);
};
