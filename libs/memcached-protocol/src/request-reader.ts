// Requests out of what a client sends, however it is cut: text and meta by lines, binary by frames, told apart by their first byte.
// memcached's protocol.txt and protocol_binary. Sans-IO: read by apps/rogers' sessions. Never throws; a fault is a request of its own.
import { readBinary } from './binary-request.js';
import { LINE_BYTES_MAX, VALUE_BYTES_MAX } from './bounds.js';
import type { Fault, Form, Request, StoreRequest } from './request.js';
import { type Announced, readLine, TEXT } from './text-request.js';

const NEWLINE = 10;
const RETURN = 13;
const BINARY_MAGIC = 0x80;
const EMPTY: Buffer = Buffer.alloc(0);

export class RequestReader {
  #bytes: Buffer = EMPTY;
  #at = 0;
  readonly #later: Buffer[] = [];
  #laterBytes = 0;
  /** Nothing can be read before so many bytes are there. */
  #needs = 1;
  /** Bytes of what was refused, still to be passed over. */
  #skip = 0;
  #announced: Announced | undefined;
  #isOver = false;

  push(chunk: Buffer): void {
    if (this.#isOver) return;
    this.#later.push(chunk);
    this.#laterBytes += chunk.length;
  }

  /** The next whole request; undefined until more is pushed. */
  next(): Request | undefined {
    if (this.#isOver || !this.#gather()) return undefined;
    if (this.#skip > 0) {
      const passed = Math.min(this.#skip, this.#bytes.length - this.#at);
      this.#skip -= passed;
      this.#at += passed;
      this.#needs = 1;
      return this.next();
    }
    if (this.#announced !== undefined) return this.#readValue(this.#announced);
    return this.#bytes[this.#at] === BINARY_MAGIC ? this.#readFrame() : this.#readText();
  }

  /** True where there is enough to look at. */
  #gather(): boolean {
    const held = this.#bytes.length - this.#at;
    if (held + this.#laterBytes < this.#needs) return false;
    if (this.#laterBytes === 0) return held > 0;
    const { length } = this.#later;
    if (held === 0 && length === 1) this.#bytes = this.#later[0]!;
    else this.#bytes = Buffer.concat([this.#bytes.subarray(this.#at), ...this.#later]);
    this.#at = 0;
    this.#later.length = 0;
    this.#laterBytes = 0;
    return this.#bytes.length > 0;
  }

  #take(bytes: number): void {
    this.#at += bytes;
    this.#needs = 1;
  }

  #readText(): Request | undefined {
    const end = this.#bytes.indexOf(NEWLINE, this.#at);
    const held = this.#bytes.length - this.#at;
    if (end < 0 || end - this.#at > LINE_BYTES_MAX) {
      if (held > LINE_BYTES_MAX) return this.#close('bad-line', TEXT);
      this.#needs = held + 1;
      return undefined;
    }
    const isReturned = end > this.#at && this.#bytes[end - 1] === RETURN;
    const line = this.#bytes.toString('latin1', this.#at, isReturned ? end - 1 : end);
    this.#take(end + 1 - this.#at);
    const found = readLine(line);
    if ('verb' in found) return found;
    this.#announced = found;
    return this.next();
  }

  #readValue(announced: Announced): Request | undefined {
    const { length, store, fault } = announced;
    if (length > VALUE_BYTES_MAX) {
      this.#announced = undefined;
      this.#skip = length + 2;
      return { verb: 'fault', form: store.form, fault: 'too-large', isFatal: false };
    }
    if (this.#bytes.length - this.#at < length + 2) {
      this.#needs = length + 2;
      return undefined;
    }
    this.#announced = undefined;
    const end = this.#at + length;
    if (this.#bytes[end] !== RETURN || this.#bytes[end + 1] !== NEWLINE) {
      // Where the value ends elsewhere than was said, the next line is where commands begin again.
      const next = this.#bytes.indexOf(NEWLINE, end);
      this.#take((next < 0 ? this.#bytes.length : next + 1) - this.#at);
      return { verb: 'fault', form: loud(store.form), fault: 'bad-data', isFatal: false };
    }
    const value = this.#bytes.subarray(this.#at, end);
    this.#take(length + 2);
    if (fault !== undefined) return { verb: 'fault', form: loud(store.form), fault, isFatal: false };
    return { ...store, value } satisfies StoreRequest;
  }

  #readFrame(): Request | undefined {
    const read = readBinary(this.#bytes, this.#at);
    if ('needs' in read) {
      this.#needs = read.needs;
      return undefined;
    }
    const { request, bytes, skip = 0 } = read;
    this.#take(bytes);
    this.#skip = skip;
    if (request.verb === 'fault' && request.isFatal) this.#isOver = true;
    return request;
  }

  #close(fault: Fault, form: Form): Request {
    this.#isOver = true;
    return { verb: 'fault', form, fault, isFatal: true };
  }
}

/** A fault is told also to who asked for no answer to success. */
const loud = (form: Form): Form => (form.isQuiet ? { ...form, isQuiet: false } : form);
