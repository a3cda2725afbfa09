// What the log's registrations set off in a router: expiry is armed, watchers and application servers are told. One reader of the log for all of it, from
// where the rows stand at a start. Used by sprout-node.ts.
import type { Recorded } from '#libs/decider';
import type { RegistrationEvent } from '#libs/domain';
import type { Metrics } from '#libs/runtime';
import type { SproutPorts, SproutSettings } from '../ports.js';
import { Notifier } from '../reg-event/notifier.js';
import { ServerTeller } from '../third-party/server-teller.js';
import type { SproutConfig } from '../sprout.config.js';
import { RegistrationExpiry } from './expiry.js';

/** Begins with the rows there are, and goes on with every change to come. Resolves with what ends it. */
export const followRegistrations = async (
  ports: SproutPorts,
  settings: SproutSettings,
  metrics: Metrics,
  /** `chronos`: it tells when bindings lapse, and this router's own timer is not needed. */
  { bindingExpiry }: Pick<SproutConfig, 'bindingExpiry'>,
): Promise<() => Promise<void>> => {
  const isExpiring = bindingExpiry === 'router';
  const expiry = new RegistrationExpiry(ports, settings);
  const notifier = new Notifier(ports, settings);
  const teller = new ServerTeller(ports, settings);
  const noticed = (events: readonly Recorded<RegistrationEvent>[]): void => {
    for (const recorded of events) {
      notifier.noticed(recorded);
      teller.noticed(recorded);
    }
    notifier.settled();
  };
  metrics.gauge('sprout_watched_registrations', 'Registrations that somebody watches', () => notifier.size);
  // Nobody is told of what is not known to be so: watchers are begun with before anything new is taken.
  const early: Recorded<RegistrationEvent>[] = [];
  let isBegun = false;
  const feed = await ports.log.subscribe({
    topics: ['registration'],
    group: 'registration-expiry',
    startAt: 'newest',
    onBatch: (batch) => {
      const events = batch as readonly Recorded<RegistrationEvent>[];
      if (isExpiring) expiry.noticed(events);
      if (isBegun) noticed(events);
      else early.push(...events);
    },
    onFailure: (error) => ports.observer.fault('expiry-feed', error),
  });
  for (const [aor, row] of ports.registrations.all()) {
    if (isExpiring) expiry.watch(aor, row);
    notifier.begin(aor, row);
    teller.begin(aor, row);
  }
  isBegun = true;
  noticed(early.splice(0));
  if (isExpiring) expiry.start();
  return async () => {
    expiry.stop();
    notifier.stop();
    teller.stop();
    await feed.stop();
  };
};
