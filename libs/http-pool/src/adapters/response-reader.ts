// One HTTP/1.1 response as it comes in pieces over a connection of its own (RFC 9112 §4–§7): nothing is asked on it before the last one is
// whole, so that what follows an answer belongs to none. What is no response is told with its reason. Pure; used by socket.transport.ts.
import type { HttpResponse } from '../http-pool.port.js';

const HEAD_BYTES_MAX = 16 * 1024;
/** The line before a chunk, and one of the trailer. */
const LINE_BYTES_MAX = 1_024;
const TRAILER_LINES_MAX = 64;
/** Provisional answers before the last one. */
const PROVISIONAL_MAX = 16;

export type Reading =
  | Readonly<{ state: 'more' }>
  /** `isLast`: the connection carries no other. `idleMs`: how long the server keeps it; undefined: it does not say. */
  | Readonly<{ state: 'whole'; response: HttpResponse; isLast: boolean; idleMs: number | undefined }>
  | Readonly<{ state: 'bad'; reason: string }>;

const MORE: Reading = { state: 'more' };
const bad = (reason: string): Reading => ({ state: 'bad', reason });
const EMPTY = Buffer.alloc(0);

const STATUS_LINE = /^HTTP\/1\.([01]) ([1-5]\d\d)(?: |$)/;
const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const CHUNK_SIZE = /^([0-9a-fA-F]{1,8})[ \t]*(?:;|$)/;

/** The end that was looked for is too far away, or cannot come any more: of its four bytes three may be there. */
const isTooLong = (end: number, rest: Buffer, max: number): boolean =>
  (end < 0 ? rest.length - 3 : end) > max;

type Step = 'head' | 'length' | 'size' | 'chunk' | 'chunk-end' | 'trailer' | 'close' | 'whole';

export class ResponseReader {
  private step: Step = 'head';
  /** Of a head or a line that is not whole: `heldBytes` of it, in which no end was found. */
  private held: Buffer = EMPTY;
  private heldBytes = 0;
  private searchedBytes = 0;
  private status = 0;
  private headers: Record<string, string> = {};
  private isLast = false;
  /** Bytes to come of the body, or of the chunk. */
  private left = 0;
  private bodyBytes = 0;
  private readonly body: Buffer[] = [];
  private lines = 0;
  private provisional = 0;

  constructor(private readonly bodyBytesMax: number) {}

  /** Takes what came; after 'whole' or 'bad' nothing more is to be given to it. */
  push(bytes: Buffer): Reading {
    let rest = this.heldBytes === 0 ? bytes : this.joined(bytes);
    let isHeld = this.heldBytes > 0;
    for (;;) {
      if (this.step === 'whole') return this.whole(rest.length > 0);
      const { step } = this;
      const used = step === 'head' ? this.readHead(rest) : this.readBody(rest);
      if (typeof used !== 'number') return used;
      if (used === 0 && this.step === step) {
        this.hold(rest, isHeld);
        return MORE;
      }
      if (used > 0) {
        rest = rest.subarray(used);
        isHeld = false;
        this.searchedBytes = 0;
      }
    }
  }

  /** What is held with what came behind it; room grows by doubling, so that many small pieces are not copied again and again. */
  private joined(bytes: Buffer): Buffer {
    const length = this.heldBytes + bytes.length;
    if (length > this.held.length) {
      const wider = Buffer.allocUnsafe(2 * length);
      this.held.copy(wider, 0, 0, this.heldBytes);
      this.held = wider;
    }
    bytes.copy(this.held, this.heldBytes);
    return this.held.subarray(0, length);
  }

  /** Never written over where a body may lie: what is no longer whole is copied. */
  private hold(rest: Buffer, isHeld: boolean): void {
    if (!isHeld) this.held = Buffer.from(rest);
    this.heldBytes = rest.length;
    this.searchedBytes = rest.length;
  }

  private find(end: string, rest: Buffer): number {
    return rest.indexOf(end, Math.max(0, this.searchedBytes - end.length + 1));
  }

  /** The server has ended the connection. */
  end(): Reading {
    return this.step === 'close' ? this.whole(true) : bad('the connection was closed before the answer was whole');
  } // prettier-ignore

  /** How many bytes were used; 0: there are not enough. */
  private readHead(rest: Buffer): number | Reading {
    const end = this.find('\r\n\r\n', rest);
    if (isTooLong(end, rest, HEAD_BYTES_MAX)) return bad('the head is too long');
    if (end < 0) return 0;
    const [first = '', ...lines] = rest.toString('latin1', 0, end).split('\r\n');
    const [, minor, status] = STATUS_LINE.exec(first) ?? [];
    if (status === undefined) return bad('that is no HTTP response');
    this.status = Number(status);
    this.headers = {};
    for (const line of lines) {
      const colon = line.indexOf(':');
      const name = line.slice(0, Math.max(0, colon)).toLowerCase();
      if (!NAME.test(name)) return bad('a header is malformed');
      const value = line.slice(colon + 1).trim();
      const known = Object.hasOwn(this.headers, name) ? this.headers[name] : undefined;
      if (known === undefined) this.headers[name] = value;
      else if (name === 'content-length' && known !== value) return bad('two lengths');
      else if (name === 'transfer-encoding') return bad('two transfer encodings');
    }
    const connection = this.headers['connection']?.toLowerCase() ?? '';
    this.isLast = minor === '0' ? !connection.includes('keep-alive') : connection.includes('close');
    const fault = this.frame();
    return fault ?? end + 4;
  }

  /** RFC 9112 §6.3: where the body ends. */
  private frame(): Reading | undefined {
    const { status, headers } = this;
    if (status < 200) {
      if (status === 101 || ++this.provisional > PROVISIONAL_MAX) return bad(`status ${status}`);
      return undefined; // the next head
    }
    const { 'transfer-encoding': encoding, 'content-length': length } = headers;
    if (status === 204 || status === 304) {
      this.step = 'whole';
    } else if (encoding !== undefined) {
      if (length !== undefined || encoding.toLowerCase() !== 'chunked') return bad('a transfer encoding that is not known');
      this.step = 'size';
    } else if (length !== undefined) {
      if (!/^\d{1,15}$/.test(length)) return bad('a length that is none');
      this.left = Number(length);
      if (this.left > this.bodyBytesMax) return bad('the answer is too long');
      this.step = this.left === 0 ? 'whole' : 'length';
    } else {
      this.step = 'close';
    }
    return undefined;
  } // prettier-ignore

  private readBody(rest: Buffer): number | Reading {
    if (rest.length === 0) return 0;
    switch (this.step) {
      case 'length':
      case 'chunk':
        return this.take(rest, Math.min(this.left, rest.length));
      case 'close':
        this.left = rest.length + 1; // there is no end but the connection's
        return this.take(rest, rest.length);
      case 'chunk-end':
        if (rest.length < 2) return 0;
        if (rest.toString('latin1', 0, 2) !== '\r\n') return bad('a chunk is longer than it says');
        this.step = 'size';
        return 2;
      default:
        return this.readLine(rest);
    }
  }

  private take(rest: Buffer, count: number): number | Reading {
    this.bodyBytes += count;
    if (this.bodyBytes > this.bodyBytesMax) return bad('the answer is too long');
    this.body.push(rest.subarray(0, count));
    this.left -= count;
    if (this.left === 0) this.step = this.step === 'chunk' ? 'chunk-end' : 'whole';
    return count;
  }

  /** The size of a chunk, or a line of the trailer, which is passed over. */
  private readLine(rest: Buffer): number | Reading {
    const end = this.find('\r\n', rest);
    if (isTooLong(end, rest, LINE_BYTES_MAX)) return bad('a line is too long');
    if (end < 0) return 0;
    if (this.step === 'trailer') {
      if (end === 0) this.step = 'whole';
      else if (++this.lines > TRAILER_LINES_MAX) return bad('the trailer is too long');
      return end + 2;
    }
    const [, size] = CHUNK_SIZE.exec(rest.toString('latin1', 0, end)) ?? [];
    if (size === undefined) return bad('a chunk without its size');
    this.left = Number.parseInt(size, 16);
    this.step = this.left === 0 ? 'trailer' : 'chunk';
    return end + 2;
  }

  /** Bytes behind an answer belong to none: the connection is not to be trusted with another. */
  private whole(hasMore: boolean): Reading {
    const { status, headers, body } = this;
    const text = body.length === 0 ? '' : body.length === 1 ? body[0]!.toString('utf8') : Buffer.concat(body).toString('utf8'); // prettier-ignore
    const [, seconds] = /timeout=(\d{1,6})/i.exec(headers['keep-alive'] ?? '') ?? [];
    const idleMs = seconds === undefined ? undefined : Number(seconds) * 1_000;
    return { state: 'whole', response: { status, headers, body: text }, isLast: this.isLast || hasMore, idleMs };
  } // prettier-ignore
}
