// Bono alone: an edge in front of routers elsewhere (SPROUT_ADDRESS). It appends nothing; where the log is shared it takes the UDP flows of
// its registered clients from there as it starts.
import path from 'node:path';
import { EventLogConfig } from '#libs/event-log';
import {
  createPeerCheck,
  loadConfigOrExit,
  loadKeyFile,
  ProcessConfig,
  startProcess,
  waitUntil,
} from '#libs/runtime';
import { openDns } from '#libs/dns';
import { startShared } from '#libs/shared-config';
import { driveTimers, TimerWheel } from '#libs/sip';
import { BonoConfig } from './bono.config.js';
import { startBono } from './bono-node.js';
import { openEdgeIdentity } from './edge-identity.js';
import { registeredInSharedLog } from './registered-in-log.js';

const managementPort = 9887;
const classes = [ProcessConfig, EventLogConfig, BonoConfig];
const shared = await startShared({ app: 'bono', classes, managementPort });
const common = loadConfigOrExit(ProcessConfig, { managementPort });
const config = loadConfigOrExit(BonoConfig);
const eventLog = loadConfigOrExit(EventLogConfig);
await startProcess('bono', common, async (parts) => {
  const { clock, random, logger, metrics, health, shutdown } = parts;
  const sip = health.part('sip');
  await shared.follow(parts);
  const timers = new TimerWheel(clock);
  const stopTimers = driveTimers(timers);
  const peers = createPeerCheck(common.trustedPeers);
  // Routers keep flow tokens in their bindings: with another key every UDP flow of before would be answered 430.
  const flowTokenKey = loadKeyFile(path.join(common.dataDir, 'flow-token.key'), 'flow token key');
  const { tls, close: forgetIdentity } = await openEdgeIdentity({ process: common, config, clock, logger });
  const rows = await registeredInSharedLog(eventLog, common, parts);
  const node = await startBono({
    ...(tls === undefined ? {} : { tls }),
    dns: openDns({ servers: common.dnsServers, hostsFile: common.hostsFile, clock, random, metrics }),
    process: common,
    config,
    clock,
    random,
    logger,
    metrics,
    timers,
    peers,
    flowTokenKey,
    rows,
  });
  if (node.recovered > 0) logger.info({ identities: node.recovered }, 'clients on UDP flows of before');
  shutdown.on('refuse', 'sip', () => {
    node.endpoint.drain();
    node.stopAccepting();
  });
  shutdown.on('finish', 'sip', () => waitUntil(clock, () => node.endpoint.pendingCount === 0));
  shutdown.on('flush', 'sip', async () => {
    stopTimers();
    forgetIdentity();
    await node.close();
  });
  sip.ready();
});
