// Answers of a memcached server to meta commands, however they are cut: a code, the rest of its line, and a value after VA.
// memcached's protocol.txt. Sans-IO: read by apps/rogers' connections to its servers.
import { LINE_BYTES_MAX, VALUE_BYTES_MAX } from './bounds.js';

/** `line` without its end: `VA 5 c12 t-1`, `HD`, `SERVER_ERROR out of memory`. */
export type OnReply = (line: string, value: Buffer | undefined) => void;

const NEWLINE = 10;
const EMPTY: Buffer = Buffer.alloc(0);

export class MetaReplyReader {
  #bytes: Buffer = EMPTY;
  readonly #later: Buffer[] = [];
  #laterBytes = 0;
  #needs = 1;

  constructor(private readonly onReply: OnReply) {}

  /** False: these are no answers, and what follows cannot be understood. */
  push(chunk: Buffer): boolean {
    this.#later.push(chunk);
    this.#laterBytes += chunk.length;
    if (this.#bytes.length + this.#laterBytes < this.#needs) return true;
    const isAlone = this.#bytes.length === 0 && this.#later.length === 1;
    const bytes = isAlone ? chunk : Buffer.concat([this.#bytes, ...this.#later]);
    this.#later.length = 0;
    this.#laterBytes = 0;
    this.#bytes = EMPTY;
    return this.#readAll(bytes);
  }

  #readAll(bytes: Buffer): boolean {
    let at = 0;
    while (at < bytes.length) {
      const end = bytes.indexOf(NEWLINE, at);
      if (end < 0) {
        if (bytes.length - at > LINE_BYTES_MAX) return false;
        return this.#keep(bytes, at, bytes.length - at + 1);
      }
      const line = bytes.toString('latin1', at, end > at && bytes[end - 1] === 13 ? end - 1 : end);
      if (!line.startsWith('VA ')) {
        at = end + 1;
        this.onReply(line, undefined);
        continue;
      }
      const length = lengthIn(line);
      if (!(length <= VALUE_BYTES_MAX)) return false;
      const valueAt = end + 1;
      const next = valueAt + length + 2;
      if (next > bytes.length) return this.#keep(bytes, at, next - at);
      if (bytes[next - 1] !== NEWLINE) return false;
      at = next;
      this.onReply(line, bytes.subarray(valueAt, valueAt + length));
    }
    this.#needs = 1;
    return true;
  }

  #keep(bytes: Buffer, at: number, needs: number): true {
    this.#bytes = bytes.subarray(at);
    this.#needs = needs;
    return true;
  }
}

/** NaN for none. */
const lengthIn = (line: string): number => {
  let length = 0;
  let at = 3;
  for (; at < line.length; at += 1) {
    const digit = line.charCodeAt(at) - 48;
    if (digit === 32 - 48) break;
    if (digit < 0 || digit > 9) return NaN;
    length = length * 10 + digit;
  }
  return at === 3 ? NaN : length;
};

/** The value of a flag on such a line: of `c` in `VA 5 c12 t-1` it is `12`; undefined where it is not. */
export const metaFlag = (line: string, flag: string): string | undefined => {
  // From the third place on: `VA <length>` and `HD` come before all flags.
  const at = line.indexOf(` ${flag}`, 2);
  if (at < 0) return undefined;
  const end = line.indexOf(' ', at + 1);
  return line.slice(at + 2, end < 0 ? line.length : end);
};
