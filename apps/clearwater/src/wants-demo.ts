// Whether this start makes demo subscribers and shows what is secret at the terminal. Used by clearwater.ts and welcome.ts.
import { hasHss } from '#apps/homestead';
import { isLoopback } from '#libs/runtime';
import type { ClearwaterConfigs } from './clearwater.js';

/** Demo subscribers are made on loopback unless DEMO=0, or unless an HSS has the subscribers. */
export const wantsDemo = ({ clearwater, hss, process: { bindAddress } }: ClearwaterConfigs): boolean =>
  clearwater.demo ?? (isLoopback(bindAddress) && !hasHss(hss));
