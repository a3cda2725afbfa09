export * from './homestead-prov.module.js';
export * from './ports.js';
export * from './provisioning.js';
export { ProvisioningFault } from './outcome.js';
export type { NewSubscriber, ProvisionedSubscriber } from './provision-subscriber.js';
export type { Finished, FinishOptions } from './subscriber-process.js';
export * from './homestead-prov.config.js';
export { keepSweeping } from './keep-sweeping.js';
