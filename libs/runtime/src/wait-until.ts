// Waiting for what nobody announces: transactions that end one by one while a process drains. Used in shutdown steps.
import type { Clock } from './clock.port.js';

const LOOK_MS = 20;

/** Resolves when `isSo`, looked at every 20 ms. The caller bounds the wait: a shutdown phase does. */
export const waitUntil = (clock: Clock, isSo: () => boolean): Promise<void> =>
  new Promise((resolve) => {
    const look = (): void => {
      if (isSo()) resolve();
      else clock.after(LOOK_MS, look);
    };
    look();
  });
