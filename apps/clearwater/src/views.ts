// The views of the all-in-one, brought up to the end of the log before anything is served, and kept there after
// (docs/architecture.md §3). Handlers apply their own events before they answer; this repairs what a crash left out.
import type { Recorded } from '#libs/decider';
import type { RegistrationEvent } from '#libs/domain';
import type { EventLog, RecordedEvent, StartAt, Subscription } from '#libs/event-log';
import type { Clock, Logger } from '#libs/runtime';
import { createMemoryKeyValueStore } from '#libs/stores';
import { RegistrationRows, registrationsByAor, registrationCodec } from '#projections/registrations-by-aor';
import type { FoldableEvent, SubscriberProfiles } from '#projections/subscriber-profiles';

export interface Views {
  readonly registrations: RegistrationRows;
  stop(): Promise<void>;
}

export type ViewOptions = Readonly<{
  log: EventLog;
  profiles: SubscriberProfiles;
  clock: Clock;
  logger: Logger;
  /** A view that cannot go on: the process is no longer ready. */
  onFailure: (view: string, error: unknown) => void;
}>;

/** Follows the log from a place; resolves when everything durable by now is in the view. */
const follow = async (
  { log, onFailure }: ViewOptions,
  group: string,
  topics: readonly ('registration' | 'provisioning')[],
  startAt: StartAt,
  onBatch: (events: readonly RecordedEvent[]) => Promise<void>,
): Promise<Subscription> => {
  const subscription = await log.subscribe({
    topics,
    group,
    startAt,
    onBatch,
    onFailure: (error) => onFailure(group, error),
  });
  await subscription.caughtUp();
  return subscription;
};

/** Opens the views; resolves when they show all that the log holds. */
export const openViews = async (options: ViewOptions): Promise<Views> => {
  const { profiles, clock } = options;
  const store = createMemoryKeyValueStore({ name: registrationsByAor.name, clock, codec: registrationCodec });
  const registrations = new RegistrationRows(store, clock);
  const rows = follow(
    options,
    registrationsByAor.name,
    registrationsByAor.topics,
    'oldest',
    async (events) => {
      for (const recorded of events as readonly (RecordedEvent & Recorded<RegistrationEvent>)[])
        await registrations.apply(registrationsByAor.keyOf(recorded), [recorded]);
    },
  );
  const checkpoint = await profiles.checkpoint();
  const subscribers = follow(
    options,
    'subscriber-profiles',
    ['provisioning'],
    checkpoint ?? 'oldest',
    (events) => profiles.apply(events as readonly FoldableEvent[], events.at(-1)?.position),
  );
  const subscriptions = await Promise.all([rows, subscribers]);
  return {
    registrations,
    async stop() {
      await Promise.all(subscriptions.map((subscription) => subscription.stop()));
    },
  };
};
