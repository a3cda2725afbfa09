// The open connections of one listener: found by id (flow tokens) and by peer (reuse, RFC 3261 §18.1.1), bounded, and
// swept for idle ones with one timer for all. Readers: tcp.ts, ws.ts.
import type { Flow } from '../transport/transport.port.js';
import type { ListenerContext } from './listener.js';

export interface Connection extends Flow {
  /** Sweeps since the last input; the connection sets it to 0. */
  quietSweeps: number;
  /** Sweeps that found it incomplete since the last whole message, which sets it to 0: bytes alone do not. */
  incompleteSweeps: number;
  /** Waiting for the rest of a message, or for the first one. */
  readonly incomplete: boolean;
  /** Closes with a reason for the log. */
  drop(reason: string): void;
}

export const SWEEP_MS = 8_000;
/**
 * Connections that only wait for answers, beside the bound of open ones: a peer that closes both sides looks the same and
 * must not keep others out. Over this many a further one is closed at once, its answers lost.
 */
export const LINGERING_MAX = 1_000;

/** Answers to keep-alives that may wait for a peer that does not read: each is a write of its own. Over this it is cut off. */
export const KEEP_ALIVES_WAITING_MAX = 1_000;

/** On a connection that nothing new goes out on: as long as answers may still come (RFC 3261 §16.6 item 11, Timer C), and a little more. */
export const RETIRED_QUIET_MS = 200_000;

export class Connections<C extends Connection> {
  readonly #byId = new Map<number, C>();
  readonly #byPeer = new Map<string, C>();
  /** Those of #byId that a peer opened and that have not said a whole message yet, the oldest first. */
  readonly #silent = new Set<C>();
  /** Found by nobody any more, but still open. */
  readonly #lingering = new Set<C>();
  /** Open and heard, but too old to be found by peer. */
  readonly #retired = new Set<C>();
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

  /**
   * Room for one more that a peer opened: at the bound the oldest one that never said a whole message goes, so that who opens
   * many and says nothing keeps nobody out. False when there is none.
   */
  makeRoom(): boolean {
    if (!this.full) return true;
    const [oldest] = this.#silent;
    oldest?.drop('made room');
    return oldest !== undefined;
  }

  /** A whole message came on it; keep-alives are none. */
  spoke(connection: C): void {
    this.#silent.delete(connection);
  }

  all(): readonly C[] {
    return [...this.#byId.values(), ...this.#lingering];
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
    if (connection.incomplete) this.#silent.add(connection);
    this.#cancelSweep ??= this.context.clock.after(SWEEP_MS, () => this.#sweep());
  }

  /** Not found by peer any more: the next request makes a new one. What is under way on it goes on, until it is quiet. */
  retire(connection: C): void {
    if (this.#byId.get(connection.connectionId) !== connection) return;
    this.#forgetPeer(connection);
    this.#retired.add(connection);
  }

  isRetired(connection: C): boolean {
    return this.#retired.has(connection);
  }

  /** Kept until remove(), but no longer found. False at the bound: nothing is done. */
  linger(connection: C): boolean {
    if (this.#lingering.size >= LINGERING_MAX) return false;
    this.remove(connection);
    this.#lingering.add(connection);
    return true;
  }

  remove(connection: C): void {
    this.#lingering.delete(connection);
    this.#silent.delete(connection);
    this.#retired.delete(connection);
    if (!this.#byId.delete(connection.connectionId)) return;
    this.context.counters.connectionsClosed += 1;
    this.#forgetPeer(connection);
    if (this.#byId.size === 0) this.#stopSweeping();
  }

  #forgetPeer(connection: C): void {
    const key = peerKey(connection.remoteAddress, connection.remotePort);
    if (this.#byPeer.get(key) === connection) this.#byPeer.delete(key);
  }

  /** Counting rounds instead of reading the clock for each message; late by at most one round. */
  #sweep(): void {
    const { idleMs, incompleteMs } = this.context.limits;
    for (const connection of [...this.#byId.values()]) {
      connection.quietSweeps += 1;
      connection.incompleteSweeps = connection.incomplete ? connection.incompleteSweeps + 1 : 0;
      if (connection.quietSweeps * SWEEP_MS > idleMs) connection.drop('idle');
      else if (connection.quietSweeps * SWEEP_MS > RETIRED_QUIET_MS && this.#retired.has(connection))
        connection.close();
      else if (connection.incompleteSweeps * SWEEP_MS > incompleteMs) connection.drop('incomplete message');
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
