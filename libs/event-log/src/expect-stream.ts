// The command handler of streams in expect mode (docs/architecture.md §2), written once for their aggregates: row → decide → append at
// the row's revision → apply to the row → answer. On a conflict it starts again from the newer row, EXECUTE_ATTEMPTS_MAX times at most.
import type { Decider } from '#libs/decider';
import type { Clock } from '#libs/runtime';
import { type DomainEvent, type EventLog, type RecordedEvent, RevisionConflict } from './event-log.port.js';

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

/** What a handler knows of the events that it appended: enough for a fold. */
export type AppendedEvent = Pick<RecordedEvent, 'event' | 'stream' | 'position' | 'revision' | 'timeMs'>;

/** The view that holds the streams' states: rows with their revision, brought up to what is appended. */
export interface StreamView {
  /** The row of a stream holds that stream's state. */
  head(stream: string): Promise<Readonly<{ revision: number; state: unknown }> | undefined>;
  apply(events: readonly AppendedEvent[]): Promise<void>;
  /** After a conflict: what other writers appended is in the row when it resolves. */
  catchUp(stream: string): Promise<void>;
}

export type ExecutePorts = Readonly<{ log: Pick<EventLog, 'append'>; view: StreamView; clock: Clock }>;

export type Execute<State, Command, Event> = (
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
  const row = await ports.view.head(stream);
  const held = row?.revision ?? 0;
  if (expected !== undefined && expected !== held) throw new RevisionConflict(stream, expected, held);
  const before = row ? (row.state as S) : decider.initialState;
  const { events, state } = decideAll(decider, stream, before, commands);
  if (events.length === 0) return { state: before, events, revision: held };

  await prepare?.(before);
  const positions = await ports.log.append(stream, events, { expected: held });
  const timeMs = ports.clock.nowMs();
  const recorded = events.flatMap((event, index): AppendedEvent[] => {
    const position = positions[index];
    return position ? [{ event, stream, position, revision: held + index + 1, timeMs }] : [];
  });
  await ports.view.apply(recorded);
  return { state, events, revision: held + events.length };
};

export const executeOn =
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
        await ports.view.catchUp(stream);
        if (options.expected !== undefined || attempts >= EXECUTE_ATTEMPTS_MAX) throw error;
      }
    }
  };
