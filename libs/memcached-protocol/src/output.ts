// Bytes to be sent, gathered so that many answers or commands go in one write: text as Latin-1, small values in it, large ones beside it.
// Filled by replies.ts and by whoever talks to a memcached server; taken by the owner of the socket.

/** A larger value is sent as it is: copying it would cost more than another piece. */
const INLINE_BYTES_MAX = 4_096;

export class Output {
  #text = '';
  #pieces: Buffer[] = [];
  #size = 0;

  /** Bytes gathered since the last take. */
  get size(): number {
    return this.#size;
  }

  text(latin1: string): void {
    this.#text += latin1;
    this.#size += latin1.length;
  }

  bytes(value: Buffer): void {
    this.#size += value.length;
    if (value.length <= INLINE_BYTES_MAX) {
      this.#text += value.toString('latin1');
      return;
    }
    this.#seal();
    this.#pieces.push(value);
  }

  /** What is gathered; nothing is left. */
  take(): readonly Buffer[] {
    this.#seal();
    const pieces = this.#pieces;
    this.#pieces = [];
    this.#size = 0;
    return pieces;
  }

  #seal(): void {
    if (this.#text === '') return;
    this.#pieces.push(Buffer.from(this.#text, 'latin1'));
    this.#text = '';
  }
}
