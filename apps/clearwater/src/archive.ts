// The archive beside the all-in-one, where the configuration names one (docs/archive.md). Nothing waits for it: neither the start nor any
// request, and its end does not make the process unready.
import { type ArchiveConfig, openArchive } from '#libs/archive';
import { UPCASTERS } from '#libs/domain';
import type { ProcessData } from '#libs/projector';
import type { ProcessConfig, ProcessParts } from '#libs/runtime';
import { openHistoryArchive } from '#projections/history-archive';

/** Resolves with what stops it. */
export const startArchive = async (
  { database, follow }: Pick<ProcessData, 'database' | 'follow'>,
  config: ArchiveConfig,
  { dataDir }: Pick<ProcessConfig, 'dataDir'>,
  { clock, logger, metrics }: Pick<ProcessParts, 'clock' | 'logger' | 'metrics'>,
): Promise<() => Promise<void>> => {
  const archive = await openArchive(config, clock);
  if (archive === undefined) return () => Promise.resolve();
  let hasStopped = false;
  metrics.gauge('archive_stopped', '1 when the archive cannot follow the log any more', () =>
    hasStopped ? 1 : 0,
  );
  const following = await openHistoryArchive({
    ...follow,
    archive,
    database,
    dataDir,
    upcasters: UPCASTERS,
    onFailure(view, error) {
      hasStopped = true;
      logger.error({ view, err: error }, 'the archive cannot follow the log');
    },
  });
  return () => following.stop();
};
