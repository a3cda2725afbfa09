// The projector as a process: log, engines, views, HTTP. Started by main.ts.
import { UPCASTERS } from '#libs/domain';
import { EventLogConfig } from '#libs/event-log';
import { openProcessData } from '#libs/projector';
import {
  createPeerCheck,
  loadApiKeys,
  loadConfigOrExit,
  type ProcessConfig,
  type ProcessParts,
  startHttp,
  StartRefused,
} from '#libs/runtime';
import type { StoresConfig } from '#libs/stores';
import { openViews } from './open-views.js';
import { createViewKeeper } from './projector.js';
import type { ProjectorConfig } from './projector.config.js';
import { ProjectorModule } from './projector.module.js';

/** Starts the projector; resolves when its views show all that the log holds. */
export const serve = async (
  config: ProcessConfig,
  stores: StoresConfig,
  { projectorPort: port }: ProjectorConfig,
  parts: ProcessParts,
): Promise<void> => {
  const { clock, random, logger, health, shutdown } = parts;
  if (loadConfigOrExit(EventLogConfig).eventLog === 'embedded')
    throw new StartRefused(
      'an embedded log belongs to one process, which keeps its views itself: EVENT_LOG=kafka',
    );
  const part = health.part('projector');
  const data = await openProcessData(config, parts, UPCASTERS, stores);
  const views = await openViews(config, stores, data, parts);
  data.serve(async () => {
    await Promise.all(views.map((view) => view.stop()));
  });
  const lags = async () => data.log.lags();
  const keeper = createViewKeeper({ views, lags, clock, logger });
  const { bindAddress: host, dataDir, apiKeys: configured, trustedPeers } = config;
  const { keys: apiKeys } = loadApiKeys({ configured, dataDir, httpHosts: [host], random, logger });
  const http = await startHttp({
    module: ProjectorModule.forRoot(keeper),
    host,
    port,
    title: 'Projector',
    role: 'projector',
    logger,
    apiKeys,
    peers: createPeerCheck(trustedPeers),
    tls: parts.httpTls,
    drain: parts.drain,
  });
  shutdown.on('finish', 'http', () => http.close());
  part.ready();
};
