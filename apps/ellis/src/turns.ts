// So many at once, and so many that wait for their turn, in the order in which they came and for so long; beyond it 503. For work that costs:
// hashes of passwords, lines that are made and taken away. Read by argon2.passwords.ts and by the handlers of numbers.
import type { Clock } from '#libs/runtime';
import { unavailable } from './outcome.js';

export type TurnsOptions = Readonly<{
  clock: Pick<Clock, 'after'>;
  runningMax: number;
  waitingMax: number;
  /** After it a client may have gone: nothing is done for it any more. */
  waitingMsMax: number;
  /** For who is one too many, or has waited for too long. */
  reason: string;
}>;

export class Turns {
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(private readonly options: TurnsOptions) {}

  /** Runs it when its turn comes; rejects with 503 when too many wait, at once, and when it has waited for too long. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running >= this.options.runningMax) await this.#turn();
    else this.#running++;
    try {
      return await work();
    } finally {
      // Who waits takes the place that is given up.
      const next = this.#waiting.shift();
      if (next) next();
      else this.#running--;
    }
  }

  #turn(): Promise<void> {
    const { clock, waitingMax, waitingMsMax, reason } = this.options;
    if (this.#waiting.length >= waitingMax) throw unavailable(reason);
    return new Promise((resolve, reject) => {
      const go = (): void => {
        cancel();
        resolve();
      };
      const cancel = clock.after(waitingMsMax, () => {
        this.#waiting.splice(this.#waiting.indexOf(go), 1);
        reject(unavailable(reason));
      });
      this.#waiting.push(go);
    });
  }
}
