// Who is registered, for an edge alone: from the log that it shares with the routers, read once as it starts (docs/architecture.md §4).
// An edge needs no log to carry calls: where it cannot be read the clients are known again as they refresh. Used by main.ts.
import { type Registration, UPCASTERS } from '#libs/domain';
import { createUpcasting, type EventLogConfig, nodeDisk, openConfiguredLog } from '#libs/event-log';
import type { ProcessConfig, ProcessParts } from '#libs/runtime';
import { whatIsRegistered } from '#projections/registrations-by-aor';

const A_DAY_MS = 86_400_000;
const NOBODY: Iterable<readonly [string, Registration]> = [];

/** Nobody where the log is not shared. */
export const registeredInSharedLog = async (
  eventLog: EventLogConfig,
  { dataDir: directory, logRetentionDays }: Pick<ProcessConfig, 'dataDir' | 'logRetentionDays'>,
  { clock, random, logger }: Pick<ProcessParts, 'clock' | 'random' | 'logger'>,
): Promise<Iterable<readonly [string, Registration]>> => {
  if (eventLog.eventLog === 'embedded') return NOBODY;
  try {
    const log = await openConfiguredLog(eventLog, {
      directory,
      disk: nodeDisk,
      clock,
      random,
      retentionMs: logRetentionDays * A_DAY_MS,
      ...createUpcasting(UPCASTERS),
      report: (message) => logger.warn({ part: 'log' }, message),
    });
    try {
      return (await whatIsRegistered({ log, clock }))();
    } finally {
      await log.close();
    }
  } catch (error) {
    logger.warn({ err: error }, 'the log cannot be read: clients are known again as they register');
    return NOBODY;
  }
};
