/** The whole write-side model: what may happen (decide) and what did happen (evolve). */
export interface Decider<State, Command, Event> {
  readonly initialState: State;
  decide(state: State, command: Command): readonly Event[];
  evolve(state: State, recorded: Recorded<Event>): State;
}

export const fold = <S, E>(
  d: Pick<Decider<S, never, E>, 'evolve'>,
  from: S,
  events: readonly Recorded<E>[],
): S => events.reduce((state, recorded) => d.evolve(state, recorded), from);

/** The only clock that decides order; compare positions of one stream only. Offsets are safe integers (docs/adr/0002). */
export type Position = Readonly<{ generation: number; partition: number; offset: number }>;

/**
 * How far a reader of many partitions has come: the offset after what it read, by `<topic>/<partition>`. `offset` is their sum, so
 * that of two checkpoints of one reader the later one is the higher. Where a log has one order there are no cursors (docs/adr/0010).
 */
export type Checkpoint = Position & Readonly<{ cursors?: Readonly<Record<string, number>> }>;

/** An event as the log returns it. `position` orders the events of a topic's partition. */
export type Recorded<E> = Readonly<{ event: E; stream: string; position: Position }>;

/** Negative, zero or positive as `a` is before, at or after `b`; both of one stream. */
export const comparePositions = (a: Position, b: Position): number =>
  a.generation === b.generation ? a.offset - b.offset : a.generation - b.generation;

/** A command the domain refuses. `reason` is a closed union per aggregate; edges map it to a protocol status. */
export class CommandRejected<Reason extends string = string> extends Error {
  constructor(
    readonly reason: Reason,
    readonly detail = '',
  ) {
    super(detail === '' ? reason : `${reason}: ${detail}`);
  }
}

export const assertNever = (value: never): never => {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
};
