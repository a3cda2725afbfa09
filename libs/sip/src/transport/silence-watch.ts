// Finds out that the other end of a connection made here has fallen silent: a host that froze, or a way that loses what is sent one way. TCP itself says so after
// minutes only. What was sent is waited for: where nothing comes for a while it is asked with a keep-alive (RFC 5626 §4.4.1), and where that stays without an
// answer too the connection is given up. Only of a peer that has answered one before: others may ignore them (RFC 3261 §7.5). Made by adapters/tcp-connection.ts.
import type { Clock } from '#libs/runtime';

/** As often it is looked whether something came; the first look without anything sends the keep-alive. */
export const SILENCE_LOOK_MS = 1_000;
/** So many looks in a row without anything, after something was sent: counted in looks, so that a stall of this process is none of the peer's. */
export const SILENT_LOOKS_MAX = 4;

export type Watched = Readonly<{
  ping(): void;
  silent(): void;
}>;

export class SilenceWatch {
  /** It has answered a keep-alive: its silence means something. */
  #answers = false;
  #isWaiting = false;
  #quietLooks = 0;
  #cancel: (() => void) | undefined;
  #isOver = false;

  constructor(
    private readonly clock: Clock,
    private readonly watched: Watched,
  ) {}

  /** The connection is there: is it one that answers? */
  opened(): void {
    this.watched.ping();
  }

  /** Something was sent that may bring an answer. */
  sent(): void {
    this.#isWaiting = true;
    if (this.#answers && this.#cancel === undefined && !this.#isOver) this.#lookLater();
  }

  /** Whatever came. */
  heard(): void {
    this.#isWaiting = false;
    this.#quietLooks = 0;
  }

  /** A CRLF between messages. */
  answered(): void {
    this.#answers = true;
  }

  stop(): void {
    this.#isOver = true;
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #lookLater(): void {
    this.#cancel = this.clock.after(SILENCE_LOOK_MS, () => this.#look());
  }

  #look(): void {
    this.#cancel = undefined;
    if (!this.#isWaiting) return;
    this.#quietLooks += 1;
    if (this.#quietLooks > SILENT_LOOKS_MAX) return this.watched.silent();
    // The first look may come right after the sending.
    if (this.#quietLooks === 2) this.watched.ping();
    this.#lookLater();
  }
}
