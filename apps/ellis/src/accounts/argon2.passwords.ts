// Argon2id (RFC 9106) with the parameters of the second recommendation scaled to a portal: 19 MiB, two passes, one lane. A hash takes
// some 20 ms of a core off the main thread, so how many run and wait is bounded: beyond it 503, and a portal under attack still answers.
import { hash, verify } from '@node-rs/argon2';
import type { Clock } from '#libs/runtime';
import { Turns } from '../turns.js';
import type { Passwords } from './passwords.port.js';

const PARAMETERS = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;
/** At once: each takes 19 MiB. */
export const HASHES_RUNNING_MAX = 2;
export const HASHES_WAITING_MAX = 64;
/** As long as a person may wait for a page. */
const WAITING_MS_MAX = 10_000;

export const createArgon2Passwords = (clock: Pick<Clock, 'after' | 'monotonicMs'>): Passwords => {
  const turns = new Turns({
    clock,
    runningMax: HASHES_RUNNING_MAX,
    waitingMax: HASHES_WAITING_MAX,
    waitingMsMax: WAITING_MS_MAX,
    reason: 'too many passwords wait to be checked',
  });
  return {
    hash: (password) => turns.run(() => hash(password, PARAMETERS)),
    verify: (kept, password) => turns.run(() => verify(kept, password)),
  };
};
