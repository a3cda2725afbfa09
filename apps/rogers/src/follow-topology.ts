// The servers as the configuration says them now: those of the environment stay; those of the shared configuration change with it, and the
// number of the change tells which Rogers knows the newest. Used by main.ts.
import { loadConfig, type ProcessParts } from '#libs/runtime';
import { ConfigUnavailable, type SharedStart } from '#libs/shared-config';
import { RogersConfig } from './rogers.config.js';
import type { Topology } from './topology.js';

const VARIABLE = 'ROGERS_SERVERS';
const RETRY_MS = 5_000;

export const followTopology = (
  { rogersServers: servers, rogersReplicas: replicas }: RogersConfig,
  { shared, isOwn }: Pick<SharedStart, 'shared' | 'isOwn'>,
  { clock, logger, shutdown }: Pick<ProcessParts, 'clock' | 'logger' | 'shutdown'>,
): (() => Topology) => {
  let topology: Topology = { servers, replicas, revision: 0 };
  if (isOwn(VARIABLE)) return () => topology;
  const take = (value: string | undefined, revision: number): void => {
    if (value === undefined || revision <= topology.revision) return;
    try {
      const { rogersServers } = loadConfig(RogersConfig, { [VARIABLE]: value });
      topology = { servers: rogersServers, replicas, revision };
    } catch (error) {
      logger.warn({ err: error }, `${VARIABLE} of the shared configuration is not taken`);
    }
  };
  let stopWatching = (): Promise<void> => Promise.resolve();
  let isStopped = false;
  let cancelRetry = (): void => undefined;
  const follow = async (): Promise<void> => {
    stopWatching = await shared.watch(({ key, value, revision }) => {
      if (key === VARIABLE) take(value, revision);
    });
    try {
      const entry = await shared.get(VARIABLE);
      if (entry) take(entry.value, entry.revision);
    } catch (error) {
      // It is begun anew, with a watch of its own.
      await stopWatching();
      throw error;
    }
  };
  const again = (error: unknown): void => {
    if (!(error instanceof ConfigUnavailable)) throw error;
    if (!isStopped) cancelRetry = clock.after(RETRY_MS, () => void follow().catch(again));
  };
  void follow().catch(again);
  shutdown.on('finish', 'topology', async () => {
    isStopped = true;
    cancelRetry();
    await stopWatching();
  });
  return () => topology;
};
