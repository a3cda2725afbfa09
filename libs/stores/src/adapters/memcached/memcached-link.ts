// The way to one memcached server: one connection, commands in a row, a time-out of our own around each.
// The package speaks the protocol; its lists of failed servers, retries and pings are not used: they answer late or never.
// Written to by memcached-key-value-store.ts and its sentinels.
import type { Socket } from 'node:net';
import type { Clock } from '#libs/runtime';
import { StoreUnavailable } from '../../key-value-store.port.js';

/** Commands on their way to one server; beyond it a call is refused at once. */
export const IN_FLIGHT_MAX = 10_000;
/** After a connection could not be made: so long no other is tried, and calls fail at once. */
const PAUSE_MS = 200;

/** What `gets` found: the text, and the number that a compare-and-set names. */
export type Held = Readonly<{ text: string; unique: string }>;
export type Found = Readonly<{
  items: ReadonlyMap<string, Held>;
  /** Of the connection it came on; undefined: the numbers are good on every one. */
  epoch: number | undefined;
}>;
export type Compared = Readonly<{ unique: string; epoch: number | undefined }>;

/** What is used of the package, of which its types know a part. */
type Driver = Readonly<{
  connections: Readonly<Record<string, { free(keep: number, hard: boolean): void } | undefined>>;
  connect(server: string, done: (error: unknown, socket: Socket | false | undefined) => void): void;
  command(query: () => Readonly<Record<string, unknown>>, server: string): void;
}> & { connectionIssue(message: string, socket: unknown): void };

type Connection = Readonly<{ driver: Driver; socket: Socket; epoch: number }>;
type Call = Readonly<{ deadlineMs: number; reject(error: Error): void }>;

export type LinkOptions = Readonly<{
  /** host:port. */
  server: string;
  clock: Clock;
  /** How long a command and the making of a connection may take. */
  timeoutMs: number;
}>;

export class MemcachedLink {
  readonly server: string;
  #connection: Connection | undefined;
  #connecting: Promise<Connection> | undefined;
  /** Another number for each connection. The server's numbers for compare-and-set mean something on one connection only:
   *  a server that was started again counts from the beginning. */
  #epoch = 0;
  #pauseUntilMs = 0;
  /** In the order sent, which is that of their deadlines. */
  readonly #calls = new Set<Call>();
  #cancelWatch: (() => void) | undefined;
  /** What the server complained of in the command that is answered next. */
  #complaint: string | undefined;
  #isClosed = false;

  constructor(private readonly options: LinkOptions) {
    this.server = options.server;
  }

  /** The keys that are there, with their numbers for compare-and-set. */
  async gets(keys: readonly string[]): Promise<Found> {
    const connection = await this.#ready();
    const reply = await this.#send(connection, 'gets', `gets ${keys.join(' ')}`);
    const asked = new Set(keys);
    const items = new Map<string, Held>();
    for (const item of Array.isArray(reply) ? (reply as unknown[]) : [reply]) {
      if (typeof item !== 'object' || item === null) continue;
      const { cas: unique, ...rest } = item as Readonly<Record<string, unknown>>;
      const [entry] = Object.entries(rest);
      if (entry === undefined || !asked.has(entry[0]) || typeof unique !== 'string')
        throw this.#outOfStep(connection);
      items.set(entry[0], { text: String(entry[1]), unique });
    }
    return { items, epoch: connection.epoch };
  }

  /** False: the key is there already. */
  async add(key: string, text: string, exptime: number): Promise<boolean> {
    const connection = await this.#ready();
    return this.#store(connection, 'add', `add ${key} 0 ${exptime} ${Buffer.byteLength(text)}\r\n${text}`);
  }

  /** False: another wrote since, or the server is not the one any more that the number came from. */
  async cas(key: string, text: string, exptime: number, { unique, epoch }: Compared): Promise<boolean> {
    if (epoch !== undefined && this.#epoch !== epoch) return false;
    const connection = await this.#ready();
    if (epoch !== undefined && connection.epoch !== epoch) return false;
    const command = `cas ${key} 0 ${exptime} ${Buffer.byteLength(text)} ${unique}\r\n${text}`;
    return this.#store(connection, 'cas', command);
  }

  /** False: the key is not there. */
  async touch(key: string, exptime: number): Promise<boolean> {
    return this.#store(await this.#ready(), 'touch', `touch ${key} ${exptime}`);
  }

  close(): void {
    this.#isClosed = true;
    if (this.#connection) this.#drop(this.#connection, 'closed');
  }

  async #store(connection: Connection, type: string, command: string): Promise<boolean> {
    const reply = await this.#send(connection, type, command);
    if (typeof reply !== 'boolean') throw this.#outOfStep(connection);
    return reply;
  }

  #ready(): Promise<Connection> | Connection {
    const connection = this.#connection;
    if (connection !== undefined && connection.socket.readyState === 'open') return connection;
    if (connection !== undefined) this.#drop(connection, 'connection lost');
    if (this.#isClosed) throw this.#unavailable('closed');
    if (this.options.clock.monotonicMs() < this.#pauseUntilMs) throw this.#unavailable('not reachable');
    return (this.#connecting ??= this.#connect().finally(() => (this.#connecting = undefined)));
  }

  async #connect(): Promise<Connection> {
    const { clock, server, timeoutMs } = this.options;
    // Loaded when it is used: it takes a tenth of a second.
    const { default: Memcached } = await import('memcached');
    const driver = new Memcached(server, {
      poolSize: 1,
      retries: 0,
      timeout: timeoutMs,
      idle: 0,
      remove: false,
    }) as unknown as Driver;
    // Its own answer to a fault is to call the server failed for a while, also for one value that it has no room for.
    driver.connectionIssue = (message) => (this.#complaint = message);
    return new Promise((resolve, reject) => {
      let isOver = false;
      const fail = (reason: string): void => {
        isOver = true;
        cancel();
        this.#pauseUntilMs = clock.monotonicMs() + PAUSE_MS;
        driver.connections[server]?.free(0, true);
        reject(this.#unavailable(reason));
      };
      const cancel = clock.after(timeoutMs, () => fail('does not take a connection in time'));
      driver.connect(server, (error, socket) => {
        // Also one that comes after its time: its place may be taken.
        if (error !== undefined || !socket || this.#isClosed || isOver) {
          if (socket) socket.destroy();
          return fail(error instanceof Error ? error.message : 'not reachable');
        }
        cancel();
        const connection = { driver, socket, epoch: (this.#epoch += 1) };
        socket.once('close', () => this.#drop(connection, 'connection lost'));
        this.#connection = connection;
        resolve(connection);
      });
    });
  }

  #send(connection: Connection, type: string, command: string): Promise<unknown> {
    if (this.#calls.size >= IN_FLIGHT_MAX)
      return Promise.reject(this.#unavailable(`${IN_FLIGHT_MAX} commands wait for an answer`));
    return new Promise((resolve, reject) => {
      const call: Call = { deadlineMs: this.options.clock.monotonicMs() + this.options.timeoutMs, reject };
      this.#calls.add(call);
      const callback = (error: unknown, reply: unknown): void => {
        if (!this.#calls.delete(call)) return;
        const complaint = this.#complaint;
        this.#complaint = undefined;
        if (complaint !== undefined) return reject(this.#unavailable(complaint));
        if (isNotStored(error)) return resolve(false);
        if (error !== undefined && error !== null && error !== false) {
          // Where an answer is not what the protocol says, what follows may belong to another command.
          this.#drop(connection, 'out of step');
          return reject(this.#unavailable(messageOf(error)));
        }
        // The package empties its list of results when this returns.
        resolve(Array.isArray(reply) ? [...(reply as unknown[])] : reply);
      };
      connection.driver.command(() => ({ key: '', callback, type, command }), this.server);
      this.#watch();
    });
  }

  /** One timer for all commands of the link: they are answered in the order in which they were sent. */
  #watch(): void {
    const [first] = this.#calls;
    if (first === undefined || this.#cancelWatch !== undefined) return;
    const { clock } = this.options;
    const waitMs = first.deadlineMs - clock.monotonicMs();
    this.#cancelWatch = clock.after(Math.max(1, waitMs), () => {
      // Where this process stood still the answer may be here unread: it is read before the next look.
      this.#cancelWatch = clock.after(1, () => {
        this.#cancelWatch = undefined;
        const [oldest] = this.#calls;
        if (oldest !== undefined && oldest.deadlineMs <= clock.monotonicMs() && this.#connection) {
          this.#pauseUntilMs = clock.monotonicMs() + PAUSE_MS;
          this.#drop(this.#connection, `no answer in ${this.options.timeoutMs} ms`);
        }
        this.#watch();
      });
    });
  }

  /** Ends a connection: what waits on it will never be answered. */
  #drop(connection: Connection, reason: string): void {
    if (this.#connection !== connection) return;
    this.#connection = undefined;
    this.#complaint = undefined;
    connection.driver.connections[this.server]?.free(0, true);
    connection.socket.destroy();
    const calls = [...this.#calls];
    this.#calls.clear();
    this.#cancelWatch?.();
    this.#cancelWatch = undefined;
    for (const call of calls) call.reject(this.#unavailable(reason));
  }

  #outOfStep(connection: Connection): StoreUnavailable {
    this.#drop(connection, 'out of step');
    return this.#unavailable('answered something else than was asked');
  }

  #unavailable(reason: string): StoreUnavailable {
    return new StoreUnavailable(`memcached ${this.server}: ${reason}`);
  }
}

const isNotStored = (error: unknown): boolean =>
  typeof error === 'object' && error !== null && 'notStored' in error;

const messageOf = (error: unknown): string => {
  const [first] = Array.isArray(error) ? (error as unknown[]) : [error];
  return first instanceof Error ? first.message : String(first);
};

/** One server, as the stores use it: a simulation has a twin of it. */
export type MemcachedServer = Pick<MemcachedLink, 'server' | 'gets' | 'add' | 'cas' | 'touch'>;
