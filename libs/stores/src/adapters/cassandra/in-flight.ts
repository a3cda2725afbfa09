// A bound on what is on its way to the cluster: a connection takes 2,048 requests, and what is more would fail at once.
// Used by cassandra-database.ts.
import type { Clock } from '#libs/runtime';
import { StoreUnavailable } from '../../key-value-store.port.js';

/** Requests on their way at a time; the others wait in the order in which they came. */
export const IN_FLIGHT_MAX = 512;
/** Requests that wait; beyond it a call is refused. */
export const WAITING_MAX = 20_000;

export class InFlight {
  #free = IN_FLIGHT_MAX;
  readonly #waiting = new Set<() => void>();

  constructor(
    private readonly clock: Pick<Clock, 'after'>,
    /** Who has waited for so long is refused, and was never sent: a cluster that is silent would hold a queue for minutes. */
    private readonly waitMs: number,
  ) {}

  async run<T>(request: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else await this.#turn();
    try {
      return await request();
    } finally {
      const [next] = this.#waiting;
      if (next === undefined) this.#free += 1;
      else {
        this.#waiting.delete(next);
        next();
      }
    }
  }

  #turn(): Promise<void> {
    if (this.#waiting.size >= WAITING_MAX)
      return Promise.reject(new StoreUnavailable(`Cassandra: ${WAITING_MAX} requests wait`));
    return new Promise((resolve, reject) => {
      const go = (): void => {
        cancel();
        resolve();
      };
      const cancel = this.clock.after(this.waitMs, () => {
        this.#waiting.delete(go);
        reject(
          new StoreUnavailable(
            `Cassandra: not sent within ${this.waitMs} ms: ${IN_FLIGHT_MAX} are on their way`,
          ),
        );
      });
      this.#waiting.add(go);
    });
  }
}
