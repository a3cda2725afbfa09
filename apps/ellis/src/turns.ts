// So many at once, and so many that wait for their turn, in the order in which they came; beyond it 503. For work that costs: hashes of
// passwords, lines that are made and taken away. Read by argon2.passwords.ts and by the handlers of numbers.
import { unavailable } from './outcome.js';

export type TurnsOptions = Readonly<{
  runningMax: number;
  waitingMax: number;
  /** For who is one too many. */
  reason: string;
}>;

export class Turns {
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(private readonly options: TurnsOptions) {}

  /** Runs it when its turn comes; rejects with 503 at once when too many wait. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    const { runningMax, waitingMax, reason } = this.options;
    if (this.#running >= runningMax) {
      if (this.#waiting.length >= waitingMax) throw unavailable(reason);
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } else this.#running++;
    try {
      return await work();
    } finally {
      // Who waits takes the place that is given up.
      const next = this.#waiting.shift();
      if (next) next();
      else this.#running--;
    }
  }
}
