// What a program needs that keeps a view of the log and is asked over HTTP: the log, what its views follow it with, who may ask.
// Used by the main.ts of chronos and ralf.
import type { EventLog, Upcaster } from '#libs/event-log';
import { type ApiKeys, createPeerCheck, loadApiKeys, type PeerCheck, type ProcessConfig, type ProcessParts } from '#libs/runtime'; // prettier-ignore
import type { FollowOptions } from './follow-log.js';
import { openProcessData } from './process-data.js';

export type ServedData = Readonly<{
  log: EventLog;
  follow: FollowOptions;
  apiKeys: ApiKeys;
  peers: PeerCheck;
}>;

/** `start` resolves when the program serves. Rejects as it does, and as openProcessData does. */
export const startOnServedData = async (
  common: ProcessConfig,
  parts: ProcessParts,
  upcasters: readonly Upcaster[],
  start: (data: ServedData) => Promise<unknown>,
): Promise<void> => {
  const { random, logger } = parts;
  const { log, follow, serve } = await openProcessData(common, parts, upcasters);
  const { bindAddress, dataDir, apiKeys: configured, trustedPeers } = common;
  const { keys: apiKeys } = loadApiKeys({ configured, dataDir, httpHosts: [bindAddress], random, logger });
  await start({ log, follow, apiKeys, peers: createPeerCheck(trustedPeers) });
  serve(() => Promise.resolve());
};
