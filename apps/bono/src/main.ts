// Bono alone: an edge in front of routers elsewhere (SPROUT_ADDRESS). Where the log is shared it takes the UDP flows of its registered clients
// from there as it starts; it appends its charging facts, where CDF_IDENTITY asks for them, and nothing else. With WORKERS it is several processes, and this one starts them.
import path from 'node:path';
import { EventLogConfig } from '#libs/event-log';
import {
  createPeerCheck,
  loadConfigOrExit,
  loadKeyFile,
  makePrivateFolder,
  ProcessConfig,
  type ProcessParts,
  startProcess,
  startsWorkers,
  tellReady,
  waitUntil,
  WorkersConfig,
} from '#libs/runtime';
import { openDns } from '#libs/dns';
import { startShared } from '#libs/shared-config';
import { driveTimers, openWorkerSockets, TimerWheel } from '#libs/sip';
import { BonoConfig } from './bono.config.js';
import { startBono } from './bono-node.js';
import { openChargingAlone } from './charging/charging-alone.js';
import { openEdgeIdentity } from './edge-identity.js';
import { registeredInSharedLog } from './registered-in-log.js';
import { startWorkers } from './start-workers.js';

const env = { ...process.env };
const managementPort = 9887;
const classes = [ProcessConfig, EventLogConfig, WorkersConfig, BonoConfig];
const shared = await startShared({ app: 'bono', classes, managementPort });
const common = loadConfigOrExit(ProcessConfig, { managementPort });
const config = loadConfigOrExit(BonoConfig);
const eventLog = loadConfigOrExit(EventLogConfig);
const workers = loadConfigOrExit(WorkersConfig);

const serve = async (parts: ProcessParts): Promise<void> => {
  const { clock, random, logger, metrics, health, shutdown } = parts;
  const sip = health.part('sip');
  await shared.follow(parts);
  const timers = new TimerWheel(clock);
  const stopTimers = driveTimers(timers);
  // Routers keep flow tokens in their bindings: with another key every UDP flow of before would be answered 430.
  const keyFile = config.flowTokenKeyFile || path.join(common.dataDir, 'flow-token.key');
  const { tls, close: forgetIdentity } = await openEdgeIdentity({ process: common, config, clock, logger });
  // Before the log is read: what the others tell from here on is not in what is read, or is in both.
  const links = await openWorkerSockets({ ...workers, nowMs: () => clock.monotonicMs() });
  makePrivateFolder(common.dataDir);
  const rows = await registeredInSharedLog(eventLog, common, parts);
  const charging = await openChargingAlone({ common, config, eventLog, worker: links }, parts);
  const node = await startBono({
    ...(charging === undefined ? {} : { charging }),
    ...(tls === undefined ? {} : { tls }),
    ...(links === undefined ? {} : { workers: links }),
    dns: openDns({ servers: common.dnsServers, hostsFile: common.hostsFile, clock, random, metrics }),
    process: common,
    config,
    clock,
    random,
    logger,
    metrics,
    ...(parts.traces === undefined ? {} : { traces: parts.traces }),
    timers,
    peers: createPeerCheck(common.trustedPeers),
    flowTokenKey: loadKeyFile(keyFile, 'flow token key'),
    rows,
  });
  if (node.recovered > 0) logger.info({ identities: node.recovered }, 'clients on UDP flows of before');
  parts.drain?.add('sip', node.drainPart);
  shutdown.on('refuse', 'sip', () => {
    node.endpoint.drain();
    node.stopAccepting();
  });
  shutdown.on('finish', 'sip', () => waitUntil(clock, () => node.endpoint.pendingCount === 0));
  shutdown.on('flush', 'sip', async () => {
    stopTimers();
    forgetIdentity();
    links?.close();
    await node.close();
  });
  sip.ready();
  tellReady();
};

await startProcess('bono', common, (parts) =>
  startsWorkers(workers)
    ? startWorkers({ common, config, eventLog, workers, env, program: process.argv[1]! }, parts)
    : serve(parts),
);
