// given(events).when(command).then(events): the one form in which aggregates are tested. A failure shows both sides as JSON.
// Used by libs/domain's *.spec.ts; knows deciders only.
import { isDeepStrictEqual } from 'node:util';
import { CommandRejected, type Decider, fold, type Position, type Recorded } from '#libs/decider';

/** An event alone gets the next position of `stream`; one already recorded keeps its own. */
export type Given<E> = E | Recorded<E>;

export interface Outcome<S, E> {
  /** Exactly these events, in this order. */
  then(...expected: readonly E[]): void;
  thenNothing(): void;
  thenRefused(reason: string): void;
  /** The state after the events that the command made. */
  thenState(check: (state: S) => void): void;
  /** The events, for what the other forms cannot say. */
  readonly events: readonly E[];
}

export interface SpecGiven<S, C, E> {
  when(command: C): Outcome<S, E>;
  /** The state that the history folds to. */
  readonly state: S;
}

const isRecorded = <E>(given: Given<E>): given is Recorded<E> =>
  typeof given === 'object' &&
  given !== null &&
  Object.hasOwn(given, 'position') &&
  Object.hasOwn(given, 'event');

const show = (value: unknown): string =>
  JSON.stringify(
    value,
    (_key, item: unknown) => (item instanceof Map ? (Object.fromEntries(item) as object) : item),
    2,
  );

export type SpecOptions = Readonly<{ stream?: string; generation?: number; partition?: number }>;

/** Events as the log would return them, one offset after the other. */
export const recordedFrom = <E>(
  events: readonly Given<E>[],
  { stream = 'test-1', generation = 1, partition = 0 }: SpecOptions = {},
  firstOffset = 0,
): readonly Recorded<E>[] => {
  let offset = firstOffset;
  return events.map((given) => {
    if (isRecorded(given)) {
      offset = Math.max(offset, given.position.offset + 1);
      return given;
    }
    const position: Position = { generation, partition, offset };
    offset += 1;
    return { event: given, stream, position };
  });
};

const failure = (expected: string, actual: unknown): Error =>
  new Error(`expected ${expected}\ngot ${actual instanceof Error ? String(actual) : show(actual)}`);

const outcome = <S, C, E>(
  decider: Decider<S, C, E>,
  history: readonly Recorded<E>[],
  command: C,
  options: SpecOptions,
): Outcome<S, E> => {
  const before = fold(decider, decider.initialState, history);
  let events: readonly E[] = [];
  let refusal: unknown;
  try {
    events = decider.decide(before, command);
  } catch (error) {
    refusal = error;
  }
  const decided = (): readonly E[] => {
    if (refusal instanceof CommandRejected) throw failure('events', refusal);
    if (refusal !== undefined) throw refusal as Error;
    return events;
  };
  return {
    get events() {
      return decided();
    },
    then(...expected) {
      if (!isDeepStrictEqual([...decided()], [...expected])) throw failure(show(expected), events);
    },
    thenNothing() {
      if (decided().length > 0) throw failure('no events', events);
    },
    thenRefused(reason) {
      if (refusal === undefined) throw failure(`refusal ${reason}`, events);
      if (!(refusal instanceof CommandRejected)) throw refusal as Error;
      if (refusal.reason !== reason) throw failure(`refusal ${reason}`, refusal);
    },
    thenState(check) {
      const next = Math.max(0, ...history.map(({ position }) => position.offset + 1));
      check(fold(decider, before, recordedFrom(decided(), options, next)));
    },
  };
};

/** `const given = specFor(registration)`, then `given(bound).when(bind()).thenRefused('StaleCSeq')`. */
export const specFor =
  <S, C, E>(decider: Decider<S, C, E>, options: SpecOptions = {}) =>
  (...given: readonly Given<E>[] | readonly [readonly Given<E>[]]): SpecGiven<S, C, E> => {
    const list = (given.length === 1 && Array.isArray(given[0]) ? given[0] : given) as readonly Given<E>[];
    const history = recordedFrom(list, options);
    return {
      when: (command) => outcome(decider, history, command, options),
      get state() {
        return fold(decider, decider.initialState, history);
      },
    };
  };
