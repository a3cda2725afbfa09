// Bono alone: an edge in front of a router elsewhere (SPROUT_ADDRESS).
import { randomBytes } from 'node:crypto';
import { createPeerCheck, loadConfigOrExit, ProcessConfig, startProcess } from '#libs/runtime';
import { driveTimers, TimerWheel } from '#libs/sip';
import { BonoConfig } from './bono.config.js';
import { startBono } from './bono-node.js';

const common = loadConfigOrExit(ProcessConfig, { managementPort: 9887 });
const config = loadConfigOrExit(BonoConfig);
await startProcess('bono', common, async ({ clock, random, logger, metrics, health, shutdown }) => {
  const sip = health.part('sip');
  const timers = new TimerWheel(clock);
  const stopTimers = driveTimers(timers);
  const peers = createPeerCheck(common.trustedPeers);
  // Without a registration view to take UDP flows back from, tokens need not outlive the process.
  const flowTokenKey = randomBytes(32);
  const node = await startBono({
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
  shutdown.on('flush', 'sip', async () => {
    stopTimers();
    await node.close();
  });
  sip.ready();
});
