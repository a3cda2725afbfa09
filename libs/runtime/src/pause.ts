// A wait that can be ended early: between the attempts of a loop that may be told to stop. One wait at a time.
// Used by the projector and by the log on Kafka.
import type { Clock } from './clock.port.js';

export class Pause {
  private wake: (() => void) | undefined;

  constructor(private readonly clock: Clock) {}

  /** Resolves after so many milliseconds, or at once when it is ended meanwhile. */
  wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.clock.after(ms, resolve);
      this.wake = () => {
        cancel();
        resolve();
      };
    });
  }

  end(): void {
    this.wake?.();
  }
}
