// Cuts what an application sends into messages: `<decimal byte length>#<message>`, back to back (the drachtio control protocol).
// Pure: text in, calls out; latin1, one character a byte, so that lengths are bytes and bodies pass as they came.
// Reader: application.ts.

/** Longest message taken or made: the longest SIP message and its leader. Above: the connection is given up. */
export const FRAME_BYTES_MAX = 131_072;
const LENGTH_DIGITS_MAX = String(FRAME_BYTES_MAX).length;
const HASH = 35;
const ZERO = 48;
const NINE = 57;

export type FrameFault = 'length-missing' | 'length-bad' | 'too-long';

export interface FrameSink {
  /** One whole message, without its length. */
  message(text: string): void;
  /** Nothing more is read: where the next message begins is unknown. */
  failed(fault: FrameFault): void;
}

/** One message as it goes over the connection. */
export const frame = (message: string): string => `${message.length}#${message}`;

export class Framer {
  /** What came and is not delivered yet. */
  #pending = '';
  /** Length of the message at hand, -1 while it is not known. */
  #wanted = -1;
  #stopped = false;

  constructor(private readonly sink: FrameSink) {}

  /** True while part of a message waits for the rest. */
  get partial(): boolean {
    return this.#pending !== '' || this.#wanted >= 0;
  }

  /** Nothing more is delivered, not even what is left of the piece at hand. */
  stop(): void {
    this.#stopped = true;
    this.#pending = '';
    this.#wanted = -1;
  }

  push(piece: string): void {
    if (this.#stopped) return;
    // A rope: it is made flat when the message is whole, so work is linear in what comes.
    this.#pending += piece;
    if (this.#wanted >= 0 && this.#pending.length < this.#wanted) return;
    const text = this.#pending;
    let at = 0;
    while (!this.#stopped) {
      if (this.#wanted < 0) {
        const hash = this.#lengthAt(text, at);
        if (hash < 0) break;
        at = hash + 1;
      }
      if (text.length - at < this.#wanted) break;
      const end = at + this.#wanted;
      this.#wanted = -1;
      this.sink.message(text.slice(at, end));
      at = end;
    }
    this.#pending = this.#stopped ? '' : text.slice(at);
  }

  /** Reads the length that begins at `at`: where its '#' is; -1 while that has not come, or when it is none. */
  #lengthAt(text: string, at: number): number {
    const most = Math.min(text.length, at + LENGTH_DIGITS_MAX + 1);
    let length = 0;
    for (let i = at; i < most; i++) {
      const code = text.charCodeAt(i);
      if (code === HASH) {
        if (i === at) return this.#fail('length-missing');
        if (length === 0) return this.#fail('length-bad');
        if (length > FRAME_BYTES_MAX) return this.#fail('too-long');
        this.#wanted = length;
        return i;
      }
      if (code < ZERO || code > NINE) return this.#fail('length-bad');
      length = length * 10 + code - ZERO;
    }
    return most - at > LENGTH_DIGITS_MAX ? this.#fail('too-long') : -1;
  }

  #fail(fault: FrameFault): -1 {
    this.stop();
    this.sink.failed(fault);
    return -1;
  }
}
