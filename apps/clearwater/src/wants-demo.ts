// Whether this start makes demo subscribers and shows what is secret at the terminal. Used by clearwater.ts and welcome.ts.
import { hasHss, type HssConfig } from '#apps/homestead';
import { isLoopback, type ProcessConfig } from '#libs/runtime';
import type { ClearwaterConfig } from './clearwater.config.js';

type Configs = Readonly<{ clearwater: ClearwaterConfig; hss: HssConfig; process: ProcessConfig }>;

/** Demo subscribers are made on loopback unless DEMO=0, or unless an HSS has the subscribers. */
export const wantsDemo = ({ clearwater, hss, process: { bindAddress } }: Configs): boolean =>
  clearwater.demo ?? (isLoopback(bindAddress) && !hasHss(hss));
