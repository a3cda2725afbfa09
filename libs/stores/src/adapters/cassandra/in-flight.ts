// A bound on what is on its way to the cluster: a connection takes 2,048 requests, and what is more would fail at once.
// Used by cassandra-database.ts.
import { StoreUnavailable } from '../../key-value-store.port.js';

/** Requests on their way at a time; the others wait in the order in which they came. */
export const IN_FLIGHT_MAX = 512;
/** Requests that wait; beyond it a call is refused. */
export const WAITING_MAX = 20_000;

export class InFlight {
  #free = IN_FLIGHT_MAX;
  readonly #waiting = new Set<() => void>();

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
    return new Promise((resolve) => void this.#waiting.add(resolve));
  }
}
