// A TCP stream cut into Diameter messages: the length is in the second to fourth byte. RFC 6733 §3.
// What cannot be framed ends the connection: there is no way to find where the next message begins. Used by peer connections.
import type { Fault } from './avp.js';
import { VERSION } from './header.js';
import { HEADER_BYTES, MESSAGE_BYTES_MAX } from './limits.js';
import { RESULT } from './result-codes.js';

export type FramerSink = Readonly<{
  message(bytes: Buffer): void;
  /** Nothing more will be read. `head` is the header, as far as it came: the fault can be answered. */
  failed(fault: Fault, head: Buffer): void;
}>;

/** Version and length are judged as soon as they are there, so that nobody makes us wait for 16 MiB. */
const faultOf = (bytes: Buffer): Fault | undefined => {
  const version = bytes.readUInt8(0);
  const length = bytes.readUIntBE(1, 3);
  if (version !== VERSION) return { resultCode: RESULT.DIAMETER_UNSUPPORTED_VERSION, reason: `version ${version}` };
  if (length < HEADER_BYTES || length % 4 !== 0 || length > MESSAGE_BYTES_MAX)
    return { resultCode: RESULT.DIAMETER_INVALID_MESSAGE_LENGTH, reason: `a message of length ${length}` };
  return undefined;
}; // prettier-ignore

export class StreamFramer {
  private readonly sink: FramerSink;
  /** Pieces of the message that is not whole yet: joined once, when it is. */
  private waiting: Buffer[] = [];
  private waitingBytes = 0;
  private neededBytes = HEADER_BYTES;
  private hasFailed = false;

  constructor(sink: FramerSink) {
    this.sink = sink;
  }

  /** Some bytes of a message are there, and not all. */
  get partial(): boolean {
    return this.waitingBytes > 0;
  }

  push(piece: Buffer): void {
    if (this.hasFailed) return;
    if (this.waitingBytes === 0) return this.take(piece);
    this.waiting.push(piece);
    this.waitingBytes += piece.length;
    if (this.waitingBytes < this.neededBytes) return;
    const joined = Buffer.concat(this.waiting, this.waitingBytes);
    this.waiting = [];
    this.waitingBytes = 0;
    this.take(joined);
  }

  private take(bytes: Buffer): void {
    let at = 0;
    while (bytes.length - at >= HEADER_BYTES) {
      const rest = bytes.subarray(at);
      const fault = faultOf(rest);
      if (fault) {
        this.hasFailed = true;
        return this.sink.failed(fault, Buffer.from(rest.subarray(0, HEADER_BYTES)));
      }
      const length = rest.readUIntBE(1, 3);
      if (rest.length < length) return this.keep(rest, length);
      at += length;
      this.sink.message(rest.subarray(0, length));
    }
    if (at < bytes.length) this.keep(bytes.subarray(at), HEADER_BYTES);
  }

  private keep(rest: Buffer, needed: number): void {
    this.waiting = [rest];
    this.waitingBytes = rest.length;
    this.neededBytes = needed;
  }
}
