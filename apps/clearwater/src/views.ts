// The views of the all-in-one, brought up to the end of the log before anything is served (docs/architecture.md §3).
import { openRegistrationView, openSharedRegistrationView, type SharedView } from '#apps/sprout';
import { type FollowOptions, followLog } from '#libs/projector';
import { type DocumentsByUser, documentsByUser } from '#projections/documents-by-user';
import type { RegistrationRows } from '#projections/registrations-by-aor';
import { type SubscriberProfiles, subscriberProfiles } from '#projections/subscriber-profiles';

export interface Views {
  readonly registrations: RegistrationRows;
  stop(): Promise<void>;
}

/** Opens the views; resolves when they show all that the log holds. */
export const openViews = async (
  dataDir: string,
  {
    profiles,
    documents,
    followTables,
    sharedView,
  }: Readonly<{
    profiles: SubscriberProfiles;
    documents: DocumentsByUser;
    followTables: FollowOptions;
    sharedView: SharedView | undefined;
  }>,
  options: FollowOptions,
): Promise<Views> => {
  const [registrations, ...others] = await Promise.all([
    sharedView === undefined
      ? openRegistrationView(dataDir, options)
      : openSharedRegistrationView(sharedView, options),
    followLog(subscriberProfiles, profiles, followTables),
    followLog(documentsByUser, documents, followTables),
  ]);
  return {
    registrations: registrations.rows,
    async stop() {
      await Promise.all([registrations, ...others].map((view) => view.stop()));
    },
  };
};
