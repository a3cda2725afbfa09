// The views of the all-in-one, brought up to the end of the log before anything is served (docs/architecture.md §3).
import type { Topic } from '#libs/event-log';
import { followLog, lagMsOf, type Projector } from '#libs/projector';
import type { Clock, ProcessConfig, Random } from '#libs/runtime';
import type { StoresConfig } from '#libs/stores';
import { documentsByUser } from '#projections/documents-by-user';
import { type LinesByAccount, linesByAccount, openLinesView } from '#projections/lines-by-account';
import {
  openRegistrations,
  type RegistrationRows,
  registrationsByAor,
} from '#projections/registrations-by-aor';
import { subscriberProfiles } from '#projections/subscriber-profiles';
import type { Storage } from './storage.js';

/** A view of this process that follows the log. */
export type FollowedView = Readonly<{ name: string; topics: readonly Topic[]; projector: Projector }>;

export interface Views {
  readonly registrations: RegistrationRows;
  readonly lines: LinesByAccount;
  readonly followed: readonly FollowedView[];
  /** How far each is behind the log, and how many of its streams are parked. */
  figures(): Promise<readonly Readonly<{ name: string; lag_ms: number; parked: number }>[]>;
  stop(): Promise<void>;
}

/** Opens the views; resolves when they show all that the log holds. */
export const openViews = async (
  config: ProcessConfig,
  stores: StoresConfig,
  storage: Storage,
  random: Random,
): Promise<Views> => {
  const { profiles, documents, followTables, log } = storage;
  const [registrations, { lines, view }, subscribers, users] = await Promise.all([
    openRegistrations(config, stores, storage, random),
    openLinesView(storage),
    followLog(subscriberProfiles, profiles, followTables),
    followLog(documentsByUser, documents, followTables),
  ]);
  const followed = [
    { ...registrationsByAor, projector: registrations.projector },
    { ...linesByAccount, projector: view },
    { ...subscriberProfiles, projector: subscribers },
    { ...documentsByUser, projector: users },
  ].map(({ name, topics, projector }) => ({ name, topics, projector }));
  return {
    registrations: registrations.rows,
    lines,
    followed,
    figures: () => figuresOf(followed, log, followTables.clock),
    async stop() {
      await Promise.all([registrations, view, subscribers, users].map((one) => one.stop()));
    },
  };
};

const figuresOf = async (followed: readonly FollowedView[], log: Storage['log'], clock: Clock) => {
  const waiting = new Map((await log.lags()).map(({ group, lag }) => [group, lag]));
  return Promise.all(
    followed.map(async ({ name, topics, projector }) => {
      const isBehind = (waiting.get(name) ?? 0) > 0;
      const lag_ms = isBehind ? await lagMsOf(log, topics, projector.position, clock.nowMs()) : 0;
      return { name, lag_ms, parked: projector.parked().length };
    }),
  );
};
