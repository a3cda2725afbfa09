// The registrations as the log tells them from its start: for rows that are lost, and for who begins with what is registered, flows and
// timers. Used by shared-view.ts and by an edge alone.
import type { Recorded } from '#libs/decider';
import type { Registration, RegistrationEvent } from '#libs/domain';
import type { EventLog } from '#libs/event-log';
import type { Clock } from '#libs/runtime';
import { createMemoryKeyValueStore } from '#libs/stores';
import { registrationsByAor } from './registrations-by-aor.js';
import { RegistrationRows } from './registrations-by-aor.store.js';

/** Events folded together, and rows written at a time. */
const REBUILD_EVENTS = 20_000;
const REBUILD_ROWS_IN_PARALLEL = 64;
/** What was registered at the start is held so long for those who begin with it. */
const KNOWN_MS = 60_000;

const keyOf = (recorded: Recorded<RegistrationEvent>): string => registrationsByAor.keyOf(recorded);

export type FoldWatch = Readonly<{
  /** Called now and then; what it throws ends the fold. */
  keep?: () => Promise<void>;
  onProgress?: (events: number) => void;
}>;

/** Brings all that the log holds into rows, in its order. */
export const foldAll = async (
  log: EventLog,
  rows: RegistrationRows,
  { keep, onProgress }: FoldWatch = {},
): Promise<void> => {
  let byKey = new Map<string, Recorded<RegistrationEvent>[]>();
  let events = 0;
  let done = 0;
  const write = async (): Promise<void> => {
    const groups = byKey.entries();
    const work = async (): Promise<void> => {
      for (const [key, group] of groups) await rows.follow(key, group);
    };
    await Promise.all(Array.from({ length: REBUILD_ROWS_IN_PARALLEL }, work));
    byKey = new Map();
    onProgress?.((done += events));
    events = 0;
    await keep?.();
  };
  for await (const recorded of log.readAll(registrationsByAor.topics, 'oldest')) {
    // What cannot be read in today's shape is parked by the follower, which tells of it.
    if (recorded.unreadable !== undefined) continue;
    const event = recorded as unknown as Recorded<RegistrationEvent>;
    const group = byKey.get(keyOf(event));
    if (group) group.push(event);
    else byKey.set(keyOf(event), [event]);
    if ((events += 1) >= REBUILD_EVENTS) await write();
  }
  await write();
};

/** A cache cannot say what is in it: the log can. For flows and timers, which a start begins with. */
export const whatIsRegistered = async ({
  log,
  clock,
}: Readonly<{ log: EventLog; clock: Clock }>): Promise<() => Iterable<readonly [string, Registration]>> => {
  let store: ReturnType<typeof createMemoryKeyValueStore<Registration>> | undefined =
    createMemoryKeyValueStore<Registration>({ name: 'registered', clock });
  await foldAll(log, new RegistrationRows(store, clock));
  clock.after(KNOWN_MS, () => (store = undefined));
  return () => store?.entries() ?? [];
};
