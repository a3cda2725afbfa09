// Every part's configuration from one environment, and what must hold between them.
import { BonoConfig } from '#apps/bono';
import { ChronosConfig } from '#apps/chronos';
import { EllisConfig } from '#apps/ellis';
import { HomesteadConfig, HssConfig } from '#apps/homestead';
import { HomerConfig } from '#apps/homer';
import { HomesteadProvConfig } from '#apps/homestead-prov';
import { RalfConfig } from '#apps/ralf';
import { SproutConfig } from '#apps/sprout';
import { ArchiveConfig } from '#libs/archive';
import { EventLogConfig } from '#libs/event-log';
import { EXIT_CONFIG, isLoopback, loadConfigOrExit, ProcessConfig } from '#libs/runtime';
import { StoresConfig } from '#libs/stores';
import { ClearwaterConfig } from './clearwater.config.js';
import type { ClearwaterConfigs } from './clearwater.js';

/** Ends the process with one line when a value is bad. */
export const loadConfigs = (): ClearwaterConfigs => {
  const configs = {
    process: loadConfigOrExit(ProcessConfig),
    bono: loadConfigOrExit(BonoConfig),
    sprout: loadConfigOrExit(SproutConfig),
    homestead: loadConfigOrExit(HomesteadConfig),
    hss: loadConfigOrExit(HssConfig),
    provisioning: loadConfigOrExit(HomesteadProvConfig),
    homer: loadConfigOrExit(HomerConfig),
    chronos: loadConfigOrExit(ChronosConfig),
    ralf: loadConfigOrExit(RalfConfig),
    ellis: loadConfigOrExit(EllisConfig),
    clearwater: loadConfigOrExit(ClearwaterConfig),
    stores: loadConfigOrExit(StoresConfig),
    archive: loadConfigOrExit(ArchiveConfig),
  };
  // Taken where the log is opened; a bad value ends the process before anything else is said.
  loadConfigOrExit(EventLogConfig);
  if (configs.clearwater.demo === true && !isLoopback(configs.process.bindAddress)) {
    process.stderr.write(
      `DEMO: takes 0 while BIND_ADDRESS is ${configs.process.bindAddress}; demo subscribers are for loopback\n`,
    );
    process.exit(EXIT_CONFIG);
  }
  return configs;
};
