// Something that is sent again until it is acknowledged: a 2xx to an INVITE (RFC 3261 §13.3.1.4) and a reliable provisional
// answer (RFC 3262 §3). T1 doubling to T2, for 64 × T1. Readers: incoming.ts, application.ts.
import type { Clock } from '#libs/runtime';
import { DEFAULT_TIMING } from '#libs/sip';

const LASTS_T1S = 64;

export class Repeated {
  #stop: () => void = () => undefined;

  constructor(
    clock: Pick<Clock, 'after'>,
    send: () => void,
    /** Nobody acknowledged it. */
    onTimeout: () => void,
  ) {
    const { t1Ms, t2Ms } = DEFAULT_TIMING;
    const next = (intervalMs: number, sinceMs: number): void => {
      this.#stop = clock.after(intervalMs, () => {
        const atMs = sinceMs + intervalMs;
        if (atMs >= LASTS_T1S * t1Ms) return onTimeout();
        send();
        next(Math.min(intervalMs * 2, t2Ms, LASTS_T1S * t1Ms - atMs), atMs);
      });
    };
    next(t1Ms, 0);
  }

  stop(): void {
    this.#stop();
  }
}
