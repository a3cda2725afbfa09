// Bono alone: an edge in front of a router elsewhere (SPROUT_ADDRESS).
import path from 'node:path';
import {
  createPeerCheck,
  loadConfigOrExit,
  loadKeyFile,
  ProcessConfig,
  startProcess,
  waitUntil,
} from '#libs/runtime';
import { openDns } from '#libs/dns';
import { driveTimers, TimerWheel } from '#libs/sip';
import { BonoConfig } from './bono.config.js';
import { startBono } from './bono-node.js';
import { openEdgeIdentity } from './edge-identity.js';

const common = loadConfigOrExit(ProcessConfig, { managementPort: 9887 });
const config = loadConfigOrExit(BonoConfig);
await startProcess('bono', common, async ({ clock, random, logger, metrics, health, shutdown }) => {
  const sip = health.part('sip');
  const timers = new TimerWheel(clock);
  const stopTimers = driveTimers(timers);
  const peers = createPeerCheck(common.trustedPeers);
  // Routers keep flow tokens in their bindings: with another key every UDP flow of before would be answered 430.
  const flowTokenKey = loadKeyFile(path.join(common.dataDir, 'flow-token.key'), 'flow token key');
  const { tls, close: forgetIdentity } = await openEdgeIdentity({ process: common, config, clock, logger });
  const node = await startBono({
    ...(tls === undefined ? {} : { tls }),
    dns: openDns({ servers: common.dnsServers, clock, random, metrics }),
    process: common,
    config,
    clock,
    random,
    logger,
    metrics,
    timers,
    peers,
    flowTokenKey,
  });
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
