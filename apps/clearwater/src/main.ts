// The all-in-one: configuration, start, demo, what to try next.
import { BonoConfig } from '#apps/bono';
import { SproutConfig } from '#apps/sprout';
import {
  createHealth,
  createLogger,
  createMetrics,
  createShutdown,
  loadConfigOrExit,
  ProcessConfig,
  startManagement,
  systemClock,
  systemRandom,
} from '#libs/runtime';
import { ClearwaterConfig } from './clearwater.config.js';
import { startClearwater } from './clearwater.js';
import { seedDemo } from './demo.js';

const configs = {
  process: loadConfigOrExit(ProcessConfig),
  bono: loadConfigOrExit(BonoConfig),
  sprout: loadConfigOrExit(SproutConfig),
  clearwater: loadConfigOrExit(ClearwaterConfig),
};
const logger = createLogger({ name: 'clearwater', level: configs.process.logLevel });
const clock = systemClock;
const random = systemRandom;
const health = createHealth();
const metrics = createMetrics({ app: 'clearwater' });
const shutdown = createShutdown({ clock, health, logger });
shutdown.install();
const { bindAddress: host, managementPort: port } = configs.process;
const management = await startManagement({ host, port, health, metrics });
shutdown.on('close', 'management', () => management.close());
const clearwater = await startClearwater({ configs, clock, random, logger, metrics, health, shutdown });
const { dataDir, homeDomain } = configs.process;
await seedDemo(clearwater.provisioning, { dataDir, homeDomain, random });
logger.info('ready');
