// The open connections of one listener: found by id (flow tokens) and by peer (reuse, RFC 3261 §18.1.1), bounded, and
// swept for idle ones with one timer for all. Readers: tcp.ts, ws.ts.
import type { Flow } from '../transport/transport.port.js';
import type { ListenerContext } from './listener.js';

export interface Connection extends Flow {
  /** Sweeps since the last input; the connection sets it to 0. */
  quietSweeps: number;
  /** Waiting for the rest of a message, or for the first one. */
  readonly incomplete: boolean;
  /** Closes with a reason for the log. */
  drop(reason: string): void;
}

export const SWEEP_MS = 8_000;

export class Connections<C extends Connection> {
  readonly #byId = new Map<number, C>();
  readonly #byPeer = new Map<string, C>();
  #cancelSweep: (() => void) | undefined;

  constructor(
    private readonly context: ListenerContext,
    /** Done for each connection that is left after a sweep. */
    private readonly swept: (connection: C) => void = () => {},
  ) {}

  get size(): number {
    return this.#byId.size;
  }

  get full(): boolean {
    return this.#byId.size >= this.context.limits.connectionsMax;
  }

  all(): readonly C[] {
    return [...this.#byId.values()];
  }

  byId(id: number): C | undefined {
    return this.#byId.get(id);
  }

  byPeer(address: string, port: number): C | undefined {
    return this.#byPeer.get(peerKey(address, port));
  }

  add(connection: C): void {
    this.context.counters.connectionsOpened += 1;
    this.#byId.set(connection.connectionId, connection);
    this.#byPeer.set(peerKey(connection.remoteAddress, connection.remotePort), connection);
    this.#cancelSweep ??= this.context.clock.after(SWEEP_MS, () => this.#sweep());
  }

  remove(connection: C): void {
    if (!this.#byId.delete(connection.connectionId)) return;
    this.context.counters.connectionsClosed += 1;
    const key = peerKey(connection.remoteAddress, connection.remotePort);
    if (this.#byPeer.get(key) === connection) this.#byPeer.delete(key);
    if (this.#byId.size === 0) this.#stopSweeping();
  }

  /** Counting rounds instead of reading the clock for each message; late by at most one round. */
  #sweep(): void {
    const { idleMs, incompleteMs } = this.context.limits;
    for (const connection of this.all()) {
      connection.quietSweeps += 1;
      const quietMs = connection.quietSweeps * SWEEP_MS;
      if (quietMs > idleMs) connection.drop('idle');
      else if (connection.incomplete && quietMs > incompleteMs) connection.drop('incomplete message');
      else this.swept(connection);
    }
    this.#cancelSweep = undefined;
    if (this.#byId.size > 0) this.#cancelSweep = this.context.clock.after(SWEEP_MS, () => this.#sweep());
  }

  #stopSweeping(): void {
    this.#cancelSweep?.();
    this.#cancelSweep = undefined;
  }
}

const peerKey = (address: string, port: number): string => address + ' ' + port;
