// The command handler, written once for all aggregates (docs/architecture.md §2, three ways to stay consistent).
// Expect streams: fold → decide → append at the revision decided on; a conflict starts again from the new history.
// Merge streams: row → decide → append → apply to the row, so that an answer never waits for a projector.
import { fold, type Decider, type Recorded } from '#libs/decider';
import { RevisionConflict, type DomainEvent, type EventLog } from './event-log.port.js';

/** Lost races of one command before the conflict is the caller's: 412, or another try by the client. */
export const ATTEMPTS_MAX = 5;

export type CommandOptions = Readonly<{
  correlationId?: string;
  causationId?: string;
  /** Expect streams: the revision the caller saw (If-Match); a conflict is then theirs at once. */
  expected?: number;
  /** A repeat of the command with the same key appends nothing and gets the first one's verdict. */
  idempotencyKey?: string;
}>;

export type Handled<State, Event> = Readonly<{
  /** After the command. */
  state: State;
  /** What the command appended; none when there was nothing to change, or for a repeat. */
  events: readonly Recorded<Event>[];
}>;

/** State and revision of an expect stream, as a view or the log has them. */
export type Loaded<State> = Readonly<{ state: State; revision: number }>;

export type ExpectAggregate<State, Command, Event extends DomainEvent> = Readonly<{
  log: EventLog;
  decider: Decider<State, Command, Event>;
  /** Where to decide from; by default the stream is folded. A stale answer costs an attempt, never a wrong event. */
  load?: (stream: string) => Promise<Loaded<State>>;
  /** Applies what was appended to the view before the command is answered. */
  onAppended?: (events: readonly Recorded<Event>[], revision: number) => Promise<void>;
}>;

/** Runs commands on expect streams. Rejects with CommandRejected, RevisionConflict, AppendRefused or AppendUnknown. */
export const createExpectHandler = <State, Command, Event extends DomainEvent>({
  log,
  decider,
  load,
  onAppended,
}: ExpectAggregate<State, Command, Event>) => {
  const fromLog = async (stream: string): Promise<Loaded<State>> => {
    let state = decider.initialState;
    let revision = 0;
    for await (const recorded of log.read(stream)) {
      state = decider.evolve(state, { ...recorded, event: recorded.event as Event });
      revision = recorded.revision ?? revision + 1;
    }
    return { state, revision };
  };

  const attempt = async (
    stream: string,
    command: Command,
    options: CommandOptions,
    { state, revision }: Loaded<State>,
  ): Promise<Handled<State, Event> & Loaded<State>> => {
    if (options.expected !== undefined && options.expected !== revision) {
      throw new RevisionConflict(stream, options.expected, revision);
    }
    const decided = decider.decide(state, command);
    if (decided.length === 0) return { state, revision, events: [] };
    const positions = await log.append(stream, decided, { ...options, expected: revision });
    const events = recordedOf(stream, decided, positions);
    await onAppended?.(events, revision + events.length);
    return { state: fold(decider, state, events), revision: revision + events.length, events };
  };

  return async (
    stream: string,
    command: Command,
    options: CommandOptions = {},
  ): Promise<Handled<State, Event> & Loaded<State>> => {
    if (await isRepeat(log, stream, options)) return { ...(await fromLog(stream)), events: [] };
    for (let attempts = 1; ; attempts++) {
      // A view may be behind the log: after a conflict the log itself is asked.
      const loaded = await (load && attempts === 1 ? load(stream) : fromLog(stream));
      try {
        return await attempt(stream, command, options, loaded);
      } catch (error) {
        const isLost = error instanceof RevisionConflict && options.expected === undefined;
        if (!isLost || attempts === ATTEMPTS_MAX) throw error;
      }
    }
  };
};

/** Rows of merge streams: `apply` is idempotent, and repeated until no other writer comes between (bounded). */
export interface MergeRows<Row, Event> {
  load(key: string): Promise<Row>;
  apply(key: string, events: readonly Recorded<Event>[]): Promise<Row>;
}

export type MergeAggregate<Row, Command, Event extends DomainEvent> = Readonly<{
  log: EventLog;
  decider: Pick<Decider<Row, Command, Event>, 'decide'>;
  rows: MergeRows<Row, Event>;
  /** The stream of a row's key. */
  streamOf: (key: string) => string;
}>;

/** Runs commands on merge streams. Rejects with CommandRejected, AppendRefused, AppendUnknown or the store's error. */
export const createMergeHandler =
  <Row, Command, Event extends DomainEvent>({
    log,
    decider,
    rows,
    streamOf,
  }: MergeAggregate<Row, Command, Event>) =>
  async (
    key: string,
    command: Command,
    options: Omit<CommandOptions, 'expected'> = {},
  ): Promise<Handled<Row, Event>> => {
    const stream = streamOf(key);
    const row = await rows.load(key);
    if (await isRepeat(log, stream, options)) return { state: row, events: [] };
    const decided = decider.decide(row, command);
    if (decided.length === 0) return { state: row, events: [] };
    const events = recordedOf(stream, decided, await log.append(stream, decided, options));
    return { state: await rows.apply(key, events), events };
  };

/** An append of nothing asks for the verdict that a key already has. */
const isRepeat = async (
  log: EventLog,
  stream: string,
  { idempotencyKey }: CommandOptions,
): Promise<boolean> =>
  idempotencyKey !== undefined && (await log.append(stream, [], { idempotencyKey })).length > 0;

const recordedOf = <Event>(
  stream: string,
  events: readonly Event[],
  positions: readonly Recorded<Event>['position'][],
): Recorded<Event>[] =>
  events.map((event, index) => {
    const position = positions[index];
    if (!position) throw new Error(`${stream}: ${positions.length} positions for ${events.length} events`);
    return { event, stream, position };
  });
