// The all-in-one: configuration, start, demo, what to try next.
import { readFileSync } from 'node:fs';
import { loadApiKeys, presentedKey, startProcess } from '#libs/runtime';
import { startShared } from '#libs/shared-config';
import { startClearwater } from './clearwater.js';
import { loadConfigs } from './load-configs.js';
import { SHARED_CLASSES } from './shared-classes.js';
import { welcome } from './welcome.js';

const shared = await startShared({ app: 'clearwater', classes: SHARED_CLASSES });
const configs = loadConfigs();
const { bindAddress, dataDir, apiKeys: configured } = configs.process;
await startProcess('clearwater', configs.process, async (parts) => {
  const { clock, random, logger, health } = parts;
  const subscribers = health.part('demo');
  await shared.follow(parts);
  const startedMs = clock.monotonicMs();
  const { keys, file } = loadApiKeys({ configured, dataDir, httpHosts: [bindAddress], random, logger });
  const ownApiKey =
    file === undefined ? presentedKey(configured, 'homestead') : readFileSync(file, 'utf8').trim();
  const clearwater = await startClearwater({
    configs,
    apiKeys: keys,
    ownApiKey,
    ...parts,
    mayWrite: shared.mayWrite,
  });
  await welcome(clearwater, configs, {
    random,
    logger,
    apiKeyFile: file,
    readyMs: clock.monotonicMs() - startedMs,
  });
  subscribers.ready();
});
