export * from './homestead.js';
export type { HomesteadCore } from './homestead-core.js';
export * from './homestead.module.js';
export * from './homestead.config.js';
export * from './hss.config.js';
export { connectRegistrar, type RegistrarLink, type Withdrawal } from './hss/registrar-link.js';
export { type HssMode, type HssModeOptions, startHssMode } from './hss/start-hss-mode.js';
