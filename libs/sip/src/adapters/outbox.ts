// What a datagram socket is to send, kept until the input at hand has been read: then it goes out in one run. Each send to a
// peer that sleeps wakes it, which costs as much as the send itself; in a run the first one wakes it for all.
// Owner: udp.ts.

/** Waiting messages; at the bound they are sent at once. */
export const OUTBOX_MAX = 1_024;

/** Sends one message now. */
export type Post = (message: string, address: string, port: number) => void;

export class Outbox {
  // Kept at their length: an array that is emptied gives its memory back, and would grow anew each time.
  readonly #messages: string[] = [];
  readonly #addresses: string[] = [];
  readonly #ports: number[] = [];
  #size = 0;

  constructor(
    private readonly post: Post,
    /** Runs the function given when the input at hand has been read. */
    private readonly later: (run: () => void) => void = setImmediate,
  ) {}

  get size(): number {
    return this.#size;
  }

  add(message: string, address: string, port: number): void {
    const at = this.#size++;
    this.#messages[at] = message;
    this.#addresses[at] = address;
    this.#ports[at] = port;
    if (at === 0) this.later(this.flush);
    else if (this.#size === OUTBOX_MAX) this.flush();
  }

  /** Sends all, in the order in which they were added. `post` must neither throw nor add. */
  readonly flush = (): void => {
    const size = this.#size;
    this.#size = 0;
    for (let at = 0; at < size; at++) {
      const message = this.#messages[at]!;
      this.#messages[at] = '';
      this.post(message, this.#addresses[at]!, this.#ports[at]!);
    }
  };
}
