// What operators see of this process beside the log: its views, its timers, who is registered, its Diameter peers. Port: Ellis'
// surroundings. Used by clearwater.ts.
import { sampled, type Surroundings } from '#apps/ellis';
import type { ChronosNode } from '#apps/chronos';
import { createParkedList } from '#libs/projector';
import type { Clock, Logger } from '#libs/runtime';
import { countRegistered } from '#projections/registrations-by-aor';
import type { Views } from './views.js';

/** How old these may grow: one reads the log, the other goes through all rows. */
const VIEWS_EVERY_MS = 1_000;
const REGISTERED_EVERY_MS = 10_000;

type Peers = () => readonly Readonly<{ name: string; up: boolean }>[];

export type SurroundingParts = Readonly<{
  views: Views;
  chronos: Pick<ChronosNode, 'chronos'>;
  hssPeers: Peers;
  /** Where a CDF is configured. */
  ralf: Readonly<{ peers: Peers }> | undefined;
  clock: Clock;
  logger: Logger;
}>;

export const surroundingsOf = (parts: SurroundingParts): Surroundings => {
  const { views, chronos: { chronos }, hssPeers, ralf, clock, logger } = parts; // prettier-ignore
  const onFault = (error: unknown): void => logger.warn({ err: error }, 'a figure for operators');
  const shownViews = sampled(() => views.figures(), { everyMs: VIEWS_EVERY_MS, clock, onFault });
  const registered = sampled(() => countRegistered(views.registrations, clock), { everyMs: REGISTERED_EVERY_MS, clock, onFault }); // prettier-ignore
  const parked = createParkedList(views.followed);
  const { deadLetters } = chronos;
  return {
    async figures() {
      const { timers: waiting, deadLetters: dead_letters } = chronos.statistics();
      const timers = { waiting, dead_letters };
      return {
        views: await shownViews(),
        timers,
        registered: await registered(),
        peers: [...hssPeers(), ...(ralf?.peers() ?? [])],
      };
    },
    parked: { list: () => Promise.resolve(parked.list()), retry: (id) => parked.retry(id) },
    deadLetters: {
      list: (limit) => Promise.resolve(deadLetters.list(limit)),
      async replay(id) {
        const replayed = await deadLetters.replay(id);
        return typeof replayed === 'object' && 'status' in replayed ? 'later' : replayed;
      },
      async discard(id) {
        const discarded = await deadLetters.discard(id);
        return typeof discarded === 'object' ? 'later' : discarded;
      },
    },
  };
};
