// Runs commands against one stream in expect mode (docs/architecture.md §2): row → decide → append at the row's revision
// → apply to the row → answer. On a conflict it starts again from the newer row, at most EXECUTE_ATTEMPTS_MAX times.
// Used by every handler that changes something.
import type { Decider } from '#libs/decider';
import {
  credential,
  credentialStream,
  type CredentialCommand,
  type CredentialEvent,
  type CredentialState,
  identity,
  identityStream,
  type IdentityCommand,
  type IdentityEvent,
  type IdentityState,
  subscriber,
  subscriberStream,
  type Subscriber,
  type SubscriberCommand,
  type SubscriberEvent,
} from '#libs/domain';
import { type DomainEvent, type EventLog, RevisionConflict } from '#libs/event-log';
import type { Clock } from '#libs/runtime';
import type { FoldableEvent } from '#projections/subscriber-profiles';

/** Beyond it the conflict is the client's answer (412). */
export const EXECUTE_ATTEMPTS_MAX = 8;

export type ExecuteOptions<State> = Readonly<{
  /** The stream must be at this revision (If-Match): a conflict is not tried again. */
  expected?: number;
  /** Before the append, when there is something to append: reservations that must come first. */
  prepare?: (state: State) => Promise<void>;
}>;

export type Executed<State, Event> = Readonly<{
  state: State;
  events: readonly Event[];
  /** Of the stream, after the events. */
  revision: number;
}>;

/** The view that holds the streams' states: rows with their revision, brought up to what is appended. */
export interface StreamView {
  head(stream: string): Promise<Readonly<{ revision: number; state: unknown }> | undefined>;
  apply(events: readonly FoldableEvent[]): Promise<void>;
  catchUp(stream: string): Promise<void>;
}

export type ExecutePorts = Readonly<{ log: Pick<EventLog, 'append'>; profiles: StreamView; clock: Clock }>;

type Execute<State, Command, Event> = (
  ports: ExecutePorts,
  id: string,
  commands: readonly Command[],
  options?: ExecuteOptions<State>,
) => Promise<Executed<State, Event>>;

const PLACE = { generation: 0, partition: 0, offset: 0 };

/** The events of several commands, each decided on what those before it made: one append, all or none. */
const decideAll = <S, C, E>(
  decider: Decider<S, C, E>,
  stream: string,
  from: S,
  commands: readonly C[],
): { events: E[]; state: S } => {
  const events: E[] = [];
  let state = from;
  for (const command of commands) {
    for (const event of decider.decide(state, command)) {
      events.push(event);
      state = decider.evolve(state, { event, stream, position: PLACE });
    }
  }
  return { events, state };
};

const attempt = async <S, C, E extends DomainEvent>(
  decider: Decider<S, C, E>,
  ports: ExecutePorts,
  stream: string,
  commands: readonly C[],
  { expected, prepare }: ExecuteOptions<S>,
): Promise<Executed<S, E>> => {
  const row = await ports.profiles.head(stream);
  const held = row?.revision ?? 0;
  if (expected !== undefined && expected !== held) throw new RevisionConflict(stream, expected, held);
  // The row of a stream holds that stream's state: keyOf and evolveRow see to it.
  const before = row ? (row.state as S) : decider.initialState;
  const { events, state } = decideAll(decider, stream, before, commands);
  if (events.length === 0) return { state: before, events, revision: held };

  await prepare?.(before);
  const positions = await ports.log.append(stream, events, { expected: held });
  const timeMs = ports.clock.nowMs();
  const recorded = events.flatMap((event, index): FoldableEvent[] => {
    const position = positions[index];
    return position ? [{ event, stream, position, revision: held + index + 1, timeMs }] : [];
  });
  await ports.profiles.apply(recorded);
  return { state, events, revision: held + events.length };
};

const executeOn =
  <S, C, E extends DomainEvent>(
    decider: Decider<S, C, E>,
    streamOf: (id: string) => string,
  ): Execute<S, C, E> =>
  async (ports, id, commands, options = {}) => {
    const stream = streamOf(id);
    for (let attempts = 1; ; attempts++) {
      try {
        return await attempt(decider, ports, stream, commands, options);
      } catch (error) {
        if (!(error instanceof RevisionConflict) || error.stream !== stream) throw error;
        await ports.profiles.catchUp(stream);
        if (options.expected !== undefined || attempts >= EXECUTE_ATTEMPTS_MAX) throw error;
      }
    }
  };

export const onSubscriber = executeOn<Subscriber, SubscriberCommand, SubscriberEvent>(
  subscriber,
  subscriberStream,
);
export const onCredential = executeOn<CredentialState, CredentialCommand, CredentialEvent>(
  credential,
  credentialStream,
);
export const onIdentity = executeOn<IdentityState, IdentityCommand, IdentityEvent>(identity, identityStream);
