// A SIP message as the text that came, and where its headers lie in it (RFC 3261 §7). Nothing is copied or decoded
// until asked for. Text is latin1: one character a byte, so that what is passed on is byte for byte what came.
import { HEADER_NAMES, type HeaderId } from './header-table.js';

/** Numbers kept for each header line: id, start of name, start of value, end of value (before CRLF, trailing space cut). */
export const LINE_STRIDE = 4;

/** Made by parseMessage only. */
export class SipMessage {
  constructor(
    /** The whole message, start line to end of body. */
    readonly raw: string,
    /** '' for a response. */
    readonly method: string,
    /** '' for a response. */
    readonly requestUri: string,
    /** 0 for a request. */
    readonly status: number,
    readonly reason: string,
    /** Index of the first header line: end of the start line with its CRLF. */
    readonly headersStart: number,
    /** Index of the empty line that ends the headers. */
    readonly headersEnd: number,
    /** Index of the first body character; raw.length when there is none. */
    readonly bodyStart: number,
    /** LINE_STRIDE numbers a header line, in the order of the message. A plain array: an Int32Array costs 0.4 µs to make. */
    readonly lines: readonly number[],
    readonly lineCount: number,
    /** CSeq number, checked by the parser. */
    readonly cseq: number,
    /** Method of the CSeq header, equal to `method` in a request. */
    readonly cseqMethod: string,
  ) {}

  get isRequest(): boolean {
    return this.status === 0;
  }

  get body(): string {
    return this.raw.slice(this.bodyStart);
  }

  /** Index into `lines` units (0..lineCount-1) of the first line with this header at or after line `from`; -1 when none. */
  findLine(id: HeaderId, from = 0): number {
    const { lines, lineCount } = this;
    for (let line = from; line < lineCount; line++) if (lines[line * LINE_STRIDE] === id) return line;
    return -1;
  }

  has(id: HeaderId): boolean {
    return this.findLine(id) >= 0;
  }

  /** Value of one line as it stands, folding not undone. */
  lineValue(line: number): string {
    const at = line * LINE_STRIDE;
    return this.raw.slice(this.lines[at + 2], this.lines[at + 3]);
  }

  /** Name of one line as written. */
  lineName(line: number): string {
    const start = this.lines[line * LINE_STRIDE + 1]!;
    let end = this.raw.indexOf(':', start);
    while (end > start && this.raw.charCodeAt(end - 1) <= 32) end--;
    return this.raw.slice(start, end);
  }

  /** First line's whole value (which may hold several comma-joined values), or undefined. */
  header(id: HeaderId): string | undefined {
    const line = this.findLine(id);
    return line < 0 ? undefined : this.lineValue(line);
  }

  /** First line's value of a header by name, any header; case does not matter, compact forms are not looked up. */
  named(name: string): string | undefined {
    const wanted = name.toLowerCase();
    for (let line = 0; line < this.lineCount; line++) {
      const id = this.lines[line * LINE_STRIDE]!;
      if (id >= 0 ? HEADER_NAMES[id]!.toLowerCase() === wanted : this.lineName(line).toLowerCase() === wanted)
        return this.lineValue(line);
    }
    return undefined;
  }
}
