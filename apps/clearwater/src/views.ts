// The views of the all-in-one, brought up to the end of the log before anything is served (docs/architecture.md §3).
import { followLog } from '#libs/projector';
import type { ProcessConfig, Random } from '#libs/runtime';
import type { StoresConfig } from '#libs/stores';
import { documentsByUser } from '#projections/documents-by-user';
import { type LinesByAccount, linesByAccount, openLinesView } from '#projections/lines-by-account';
import { openRegistrations, type RegistrationRows } from '#projections/registrations-by-aor';
import { subscriberProfiles } from '#projections/subscriber-profiles';
import type { Storage } from './storage.js';

export interface Views {
  readonly registrations: RegistrationRows;
  readonly lines: LinesByAccount;
  /** Views in tables by name, and how many of their streams are parked. */
  figures(): readonly Readonly<{ name: string; lag_ms: null; parked: number }>[];
  stop(): Promise<void>;
}

/** Opens the views; resolves when they show all that the log holds. */
export const openViews = async (
  config: ProcessConfig,
  stores: StoresConfig,
  storage: Storage,
  random: Random,
): Promise<Views> => {
  const { profiles, documents, followTables } = storage;
  const [registrations, { lines, view }, ...others] = await Promise.all([
    openRegistrations(config, stores, storage, random),
    openLinesView(storage),
    followLog(subscriberProfiles, profiles, followTables),
    followLog(documentsByUser, documents, followTables),
  ]);
  return {
    registrations: registrations.rows,
    lines,
    figures: () =>
      [linesByAccount, subscriberProfiles, documentsByUser].flatMap(({ name }, at) => {
        const parked = [view, ...others][at]?.parked().length;
        return parked === undefined ? [] : [{ name, lag_ms: null, parked }];
      }),
    async stop() {
      await Promise.all([registrations, view, ...others].map((one) => one.stop()));
    },
  };
};
