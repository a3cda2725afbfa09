// Where charging facts wait while the log takes none: a folder of this machine, and its figures. Used by the start-up of the all-in-one and of
// Sprout alone.
import path from 'node:path';
import { AppendSpool, type EventLog, nodeDisk } from '#libs/event-log';
import type { ProcessConfig, ProcessParts } from '#libs/runtime';
import type { SproutConfig } from '../sprout.config.js';

/** Of losses one line in so many, and of looks that came to nothing. */
const TOLD_EACH = 1_000;

export const openChargingSpool = async (
  { dataDir }: Pick<ProcessConfig, 'dataDir'>,
  { chargingSpoolDir }: Pick<SproutConfig, 'chargingSpoolDir'>,
  log: Pick<EventLog, 'append' | 'readAll'>,
  { clock, logger, metrics, shutdown }: Pick<ProcessParts, 'clock' | 'logger' | 'metrics' | 'shutdown'>,
): Promise<AppendSpool> => {
  const spooled = metrics.counter('sprout_charging_spooled_total', 'Charging facts that waited on disk for the log'); // prettier-ignore
  const drained = metrics.counter('sprout_charging_drained_total', 'Charging facts that came into the log from there'); // prettier-ignore
  const lost = metrics.counter('sprout_charging_lost_total', 'Charging facts that neither log nor disk took');
  let [told, unread] = [0, 0];
  const spool = await AppendSpool.open({
    log,
    topics: ['charging'],
    disk: nodeDisk,
    folder: chargingSpoolDir || path.join(dataDir, 'charging-spool'),
    clock,
    observe: {
      spooled: (events) => void (spooled.n += events),
      drained: (events) => void (drained.n += events),
      lost(events, error) {
        lost.n += events;
        if (told++ % TOLD_EACH === 0) logger.error({ err: error, events }, 'charging facts are lost');
      },
      unread(error) {
        if (unread++ % TOLD_EACH === 0)
          logger.warn({ err: error }, 'charging facts wait: the log cannot be read for what it has of them');
      },
    },
  });
  // Behind the router, which gives its last facts as it ends.
  shutdown.on('close', 'charging spool', () => spool.close());
  return spool;
};
