// The client's connection, and what is done where the client by itself would hang or end the process: each call has a time-out, a
// client that failed is replaced, an error that comes when nobody listens any more is passed over. Used by eventstoredb-archive.ts.
import type * as eventstore from '@eventstore/db-client';
import type { EventStoreDBClient, ResolvedEvent, StreamingRead } from '@eventstore/db-client';
import type { Clock } from '#libs/runtime';
import { StoreUnavailable } from '#libs/stores';

export type Driver = typeof eventstore;

type Reading = StreamingRead<ResolvedEvent>;

/** Kept whatever happens: the client follows to the leader by itself, and where that is is in the error. */
const isRedirect = (driver: Driver, error: unknown): boolean => error instanceof driver.NotLeaderError;

export class Connection {
  #client: EventStoreDBClient | undefined;
  /** Goes up when the client was sent to another node: what fails of the calls before says nothing about that one. */
  #redirects = 0;
  #isClosed = false;
  readonly #readings = new Map<Reading, (reason: Error) => void>();

  constructor(
    private readonly driver: Driver,
    private readonly url: string,
    private readonly clock: Clock,
    private readonly timeoutMs: number,
  ) {}

  /** One call. Whatever it rejects with but an answer of the archive becomes StoreUnavailable. */
  async call<T>(run: (client: EventStoreDBClient) => Promise<T>, isAnswer: (error: unknown) => boolean): Promise<T> {
    const client = this.#current();
    const redirects = this.#redirects;
    const { promise: late, reject } = Promise.withResolvers<never>();
    // The deadline that the call itself has does not count what comes before it: finding the leader, for one.
    const cancel = this.clock.after(2 * this.timeoutMs, () => reject(new StoreUnavailable('no answer in time')));
    try {
      return await Promise.race([run(client), late]);
    } catch (error) {
      if (isAnswer(error)) throw error;
      this.#failed(client, redirects, error);
      throw unavailable(error);
    } finally {
      cancel();
    }
  } // prettier-ignore

  /** A read, ended when nothing comes for the time-out. */
  async *read(open: (client: EventStoreDBClient) => Reading): AsyncGenerator<ResolvedEvent> {
    const client = this.#current();
    const redirects = this.#redirects;
    const reading = open(client);
    const end = (reason: Error): void => void reading.destroy(reason);
    // The client emits errors also when nobody reads any more.
    reading.on('error', () => undefined);
    this.#readings.set(reading, end);
    let cancel = (): void => undefined;
    const wait = (): void => {
      cancel();
      cancel = this.clock.after(this.timeoutMs, () => end(new StoreUnavailable('no answer in time')));
    };
    try {
      wait();
      for await (const resolved of reading) {
        // Whoever reads may take long: only the archive's silence counts.
        cancel();
        yield resolved;
        wait();
      }
    } catch (error) {
      if (error instanceof this.driver.StreamNotFoundError) return;
      this.#failed(client, redirects, error);
      throw unavailable(error);
    } finally {
      cancel();
      this.#readings.delete(reading);
      await reading.cancel().catch(() => undefined);
    }
  }

  close(): void {
    this.#isClosed = true;
    for (const end of this.#readings.values()) end(new StoreUnavailable('the archive is closed'));
    this.#retire();
  }

  #current(): EventStoreDBClient {
    if (this.#isClosed) throw new StoreUnavailable('the archive is closed');
    this.#client ??= this.driver.EventStoreDBClient.connectionString(this.url);
    return this.#client;
  }

  #failed(client: EventStoreDBClient, redirects: number, error: unknown): void {
    if (isRedirect(this.driver, error)) this.#redirects += 1;
    else if (client === this.#client && redirects === this.#redirects) this.#retire();
  }

  /**
   * The next call gets a new client. This one has no calls after its first failure: one that looks for its cluster in vain while
   * older calls fail would reject a promise that nobody holds.
   */
  #retire(): void {
    const client = this.#client;
    this.#client = undefined;
    if (!client) return;
    void client.dispose().catch(() => undefined);
    // It closes its channel itself only where the other side broke it.
    void client['getChannel']().then((channel) => channel.close()).catch(() => undefined); // prettier-ignore
  }
}

const unavailable = (error: unknown): StoreUnavailable =>
  error instanceof StoreUnavailable
    ? error
    : new StoreUnavailable(`EventStoreDB: ${error instanceof Error ? error.message : String(error)}`, {
        cause: error,
      });
