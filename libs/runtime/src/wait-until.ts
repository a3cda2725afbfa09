// Waiting for what nobody announces: transactions that end one by one while a process drains. Used in shutdown steps.
import type { Clock } from './clock.port.js';

const LOOK_MS = 20;

/**
 * How long it must have been so: what belongs to an end but comes after it is still served. The ACK of a call that was answered
 * just before or while draining is outside all transactions (RFC 3261 §13.2.2.4), and may be lost and asked for again.
 */
const SETTLE_MS = 1_000;

/** Resolves when it `isSo`, looked at every 20 ms, and has been for a second. The caller bounds the wait: a shutdown phase does. */
export const waitUntil = (clock: Clock, isSo: () => boolean): Promise<void> =>
  new Promise((resolve) => {
    let sinceMs: number | undefined;
    const look = (): void => {
      const nowMs = clock.monotonicMs();
      sinceMs = isSo() ? (sinceMs ?? nowMs) : undefined;
      if (sinceMs !== undefined && nowMs - sinceMs >= SETTLE_MS) resolve();
      else clock.after(LOOK_MS, look);
    };
    look();
  });
