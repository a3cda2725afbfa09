// Secrets of subscribers that were kept for long enough are removed while the process runs: it may run for longer than they are kept.
// Used by this app's main.ts and by the all-in-one.
import type { ProcessParts } from '#libs/runtime';
import type { Provisioning } from './provisioning.js';

const SWEEP_EVERY_MS = 3_600_000;

/** At once, and now and then until the process ends. Nothing waits for it. */
export const keepSweeping = (
  provisioning: Pick<Provisioning, 'sweepSecrets'>,
  { clock, logger, shutdown }: Pick<ProcessParts, 'clock' | 'logger' | 'shutdown'>,
): void => {
  let isOver = false;
  let cancel = (): void => undefined;
  const wait = (): void => {
    if (!isOver) cancel = clock.after(SWEEP_EVERY_MS, run);
  };
  const run = (): void => {
    provisioning
      .sweepSecrets()
      .catch((error: unknown) =>
        logger.warn({ err: error }, 'secrets that were kept for long enough could not be removed'),
      )
      .finally(wait);
  };
  run();
  shutdown.on('refuse', 'secrets', () => {
    isOver = true;
    cancel();
  });
};
