// Argon2id (RFC 9106) with the parameters of the second recommendation scaled to a portal: 19 MiB, two passes, one lane. A hash takes
// some 20 ms of a core off the main thread, so how many run and wait is bounded: beyond it 503, and a portal under attack still answers.
import { hash, verify } from '@node-rs/argon2';
import { unavailable } from '../outcome.js';
import type { Passwords } from './passwords.port.js';

const PARAMETERS = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;
/** At once: each takes 19 MiB. */
export const HASHES_RUNNING_MAX = 2;
export const HASHES_WAITING_MAX = 64;

export const createArgon2Passwords = (): Passwords => {
  let running = 0;
  const waiting: (() => void)[] = [];

  const inTurn = async <T>(work: () => Promise<T>): Promise<T> => {
    if (running >= HASHES_RUNNING_MAX) {
      if (waiting.length >= HASHES_WAITING_MAX) throw unavailable('too many passwords wait to be checked');
      await new Promise<void>((resolve) => waiting.push(resolve));
    } else running++;
    try {
      return await work();
    } finally {
      // Who waits takes the place that is given up.
      const next = waiting.shift();
      if (next) next();
      else running--;
    }
  };

  return {
    hash: (password) => inTurn(() => hash(password, PARAMETERS)),
    verify: (kept, password) => inTurn(() => verify(kept, password)),
  };
};
