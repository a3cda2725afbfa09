// What must hold after a storm whatever went wrong in it; each checker tells what does not, as sentences.
// What was acknowledged is kept in expectations.ts, who was let in is judged as it happens in storm.ts.
import type { Recorded } from '#libs/decider';
import { entryOf, evolveRegistration, NO_REGISTRATION, type RegistrationEvent } from '#libs/domain';
import type { RecordedEvent } from '#libs/event-log';
import { contactsOf, foldOf } from '../races/race.js';
import type { World } from '../world.js';

/** A binding that lapses is removed within this, when the log takes it. */
const REMOVED_WITHIN_MS = 10_000;
const STREAM_PREFIX = 'registration-';

type History = readonly Recorded<RegistrationEvent>[];
type Timed = Recorded<RegistrationEvent> & Pick<RecordedEvent, 'timeMs'>;

/** Registration events of the log by address of record. */
const histories = (events: readonly RecordedEvent[]): ReadonlyMap<string, readonly Timed[]> =>
  Map.groupBy(
    events.filter(({ stream }) => stream.startsWith(STREAM_PREFIX)) as unknown as readonly Timed[],
    ({ stream }) => stream.slice(STREAM_PREFIX.length),
  );

const viewIsFold = async (world: World, aor: string, history: History): Promise<string[]> => {
  const [row, fold] = [contactsOf(await world.row(aor)), contactsOf(foldOf(history))];
  return row === fold ? [] : [`the row of ${aor} is\n${row}\nand its log says\n${fold}`];
};

/** Applying twice, and in another order, changes nothing. */
const appliesOnce = (aor: string, history: History): string[] => {
  const once = contactsOf(foldOf(history));
  const again = contactsOf(foldOf([...history, ...history]));
  const backwards = contactsOf(foldOf([...history].reverse()));
  return once === again && once === backwards ? [] : [`the log of ${aor} applied twice is not itself`];
};

const timersKept = (aor: string, history: readonly Timed[], nowMs: number): string[] => {
  const late = Object.values(foldOf(history).entries).flatMap(({ binding }) =>
    binding !== undefined && binding.expiresAtMs + REMOVED_WITHIN_MS < nowMs
      ? [`${binding.contact} of ${aor} lapsed ${nowMs - binding.expiresAtMs} ms ago and is not removed`]
      : [],
  );
  let state = NO_REGISTRATION;
  const early: string[] = [];
  for (const recorded of history) {
    const { event, timeMs } = recorded;
    if (event.type === 'BindingRemoved' && event.data.cause === 'expired') {
      const judged = entryOf(state, event.data.bindingId);
      const wasJudged =
        judged?.binding !== undefined && judged.at.offset <= (event.data.upTo?.offset ?? Infinity);
      if (wasJudged && judged.binding.expiresAtMs > timeMs)
        early.push(`${event.data.contact} of ${aor} was removed before it lapsed`);
    }
    state = evolveRegistration(state, recorded);
  }
  return [...late, ...early];
};

const FINAL: ReadonlySet<string> = new Set(['CallAnswered', 'CallFailed', 'RequestRefused']);

/** A call is answered, fails or is refused once. */
const toldOnce = (events: readonly RecordedEvent[]): string[] =>
  [...Map.groupBy(events, ({ stream }) => stream)].flatMap(([stream, told]) => {
    const finals = told.flatMap(({ event }) => (FINAL.has(event.type) ? [event.type] : []));
    return finals.length > 1 ? [`${stream} ended as ${finals.join(' and ')}`] : [];
  });

const nothingRuns = ({ nodes }: World): string[] =>
  nodes
    .flatMap(({ edge: { bono }, router: { sprout } }) => [bono, sprout])
    .flatMap(({ endpoint: { name, transactionCount } }) =>
      transactionCount === 0 ? [] : [`${transactionCount} transactions are left at ${name}`],
    );

/** While bindings are still there: each row is what the log says, neither more nor less. */
export const rowsDifferFromLog = async (world: World, aors: Iterable<string>): Promise<string[]> => {
  const told = histories(await world.events());
  const broken: string[] = [];
  for (const aor of new Set(aors)) broken.push(...(await viewIsFold(world, aor, told.get(aor) ?? [])));
  return broken;
};

/** After all timers have had their time, and with nothing broken any more. */
export const whatDoesNotHold = async (world: World, aors: Iterable<string>): Promise<string[]> => {
  const events = await world.events();
  const told = histories(events);
  const broken: string[] = [];
  for (const aor of new Set(aors)) {
    const history = told.get(aor) ?? [];
    broken.push(...(await viewIsFold(world, aor, history)), ...appliesOnce(aor, history));
    broken.push(...timersKept(aor, history, world.clock.nowMs()));
  }
  return [...broken, ...toldOnce(events), ...nothingRuns(world)];
};
