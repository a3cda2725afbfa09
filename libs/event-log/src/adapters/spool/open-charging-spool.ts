// Where charging facts wait while the log takes none: a folder of this machine, and its figures. Used by the start-up of the all-in-one, of
// Sprout alone and of Bono alone.
import type { ProcessParts } from '#libs/runtime';
import { nodeDisk } from '../embedded/disk/node-disk.js';
import type { EventLog } from '../../event-log.port.js';
import { AppendSpool, type SpoolObserver } from './append-spool.js';
import { spoolFolders, type SpoolPlace } from './spool-folders.js';

/** Of losses one line in so many, and of looks that came to nothing. */
const TOLD_EACH = 1_000;

type Parts = Pick<ProcessParts, 'clock' | 'logger' | 'metrics' | 'shutdown'>;

const observerOf = (program: string, { logger, metrics }: Parts): SpoolObserver => {
  const counter = (name: string, help: string) => metrics.counter(`${program}_charging_${name}_total`, help);
  const spooled = counter('spooled', 'Charging facts that waited on disk for the log');
  const drained = counter('drained', 'Charging facts that came into the log from there');
  const lost = counter('lost', 'Charging facts that neither log nor disk took');
  let [told, unread] = [0, 0];
  return {
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
  };
};

/** `program`: whose metrics. What processes that are no more have left on this machine goes into the log beside its own. */
export const openChargingSpool = async (
  { program, log, ...place }: SpoolPlace & Readonly<{ program: string; log: Pick<EventLog, 'append' | 'readAll'> }>,
  parts: Parts,
): Promise<AppendSpool> => {
  const { clock, logger, shutdown } = parts;
  const observe = observerOf(program, parts);
  const open = (folder: string): Promise<AppendSpool> =>
    AppendSpool.open({ log, topics: ['charging'], disk: nodeDisk, folder, clock, observe });
  const { own, left } = await spoolFolders(nodeDisk, place);
  const spool = await open(own);
  const spools = [spool];
  for (const folder of left) {
    logger.warn({ folder }, 'charging facts of a process that is no more go into the log');
    spools.push(await open(folder));
  }
  parts.metrics.gauge(`${program}_charging_waiting`, '1 while charging facts wait on disk for the log', () =>
    spools.some(({ isHolding }) => isHolding) ? 1 : 0,
  );
  // Behind the router and the edge, which give their last facts as they end.
  shutdown.on('close', 'charging spool', async () => void (await Promise.all(spools.map((one) => one.close()))));
  return spool;
}; // prettier-ignore
