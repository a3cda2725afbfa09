// A Homestead at a URL, ready to ask: pool, connections and resolver put together.
// Used by main.ts of the router and by the all-in-one with HOMESTEAD_LINK=http.
import { createHttpPool, createUndiciTransport, type ResolveHost, systemResolver } from '#libs/http-pool';
import type { Clock, Random } from '#libs/runtime';
import { createHttpHomestead } from './http.homestead.js';
import type { Homestead } from './homestead.port.js';

/** Homestead may ask two HSSs, one after the other, before it answers (backend.md §0.2: 550 ms, and twice the Diameter timeout). */
const ANSWER_MS = 1_550;

export type ConnectHomesteadOptions = Readonly<{
  /** `http://homestead.ims.test:8888`, or https:. */
  url: string;
  clock: Clock;
  random: Random;
  apiKey?: string;
  /** Default: the operating system's. */
  resolve?: ResolveHost;
  /** PEM of those who vouch for it over TLS. */
  ca?: string | undefined;
  onFault?: (error: unknown) => void;
}>;

export type HomesteadConnection = Readonly<{ homestead: Homestead; close: () => Promise<void> }>;

export const connectHomestead = (options: ConnectHomesteadOptions): HomesteadConnection => {
  const { url, clock, random, apiKey, onFault, ca, resolve = systemResolver } = options;
  const pool = createHttpPool({
    url,
    clock,
    random,
    transport: createUndiciTransport({ answerMs: ANSWER_MS, ca }),
    resolve,
    ...(apiKey === undefined ? {} : { headers: { 'x-api-key': apiKey } }),
  });
  return {
    homestead: createHttpHomestead({ pool, ...(onFault ? { onFault } : {}) }),
    close: () => pool.close(),
  };
};
