// The all-in-one: configuration, start, demo, what to try next.
import { readFileSync } from 'node:fs';
import { DirectoryInUse } from '#libs/event-log';
import {
  ConfigError,
  createHealth,
  createLogger,
  createMetrics,
  createShutdown,
  EXIT_CONFIG,
  loadApiKeys,
  startManagement,
  systemClock as clock,
  systemRandom as random,
} from '#libs/runtime';
import { startClearwater } from './clearwater.js';
import { loadConfigs } from './load-configs.js';
import { welcome } from './welcome.js';

const startedMs = clock.monotonicMs();
const configs = loadConfigs();
const { bindAddress: host, managementPort: port, dataDir, apiKeys: configured, logLevel } = configs.process;
const logger = createLogger({ name: 'clearwater', level: logLevel });
const health = createHealth();
const metrics = createMetrics({ app: 'clearwater' });
const shutdown = createShutdown({ clock, health, logger });
shutdown.install();
try {
  const management = await startManagement({ host, port, health, metrics });
  shutdown.on('close', 'management', () => management.close());
  const { keys: apiKeys, file } = loadApiKeys({ configured, dataDir, httpHosts: [host], random, logger });
  const ownApiKey = file === undefined ? configured?.[0] : readFileSync(file, 'utf8').trim();
  const clearwater = await startClearwater({
    configs, apiKeys, ownApiKey, clock, random, logger, metrics, health, shutdown,
  }); // prettier-ignore
  await welcome(clearwater, configs, {
    random,
    logger,
    apiKeyFile: file,
    readyMs: clock.monotonicMs() - startedMs,
  });
} catch (error) {
  if (!(error instanceof ConfigError) && !(error instanceof DirectoryInUse) && !isPortTaken(error))
    throw error;
  process.stderr.write(`${error.message}\n`);
  process.exit(error instanceof ConfigError ? EXIT_CONFIG : 1);
}

function isPortTaken(error: unknown): error is Error {
  return (
    error instanceof Error &&
    'code' in error &&
    ['EADDRINUSE', 'EACCES', 'EADDRNOTAVAIL'].includes(String(error.code))
  );
}
