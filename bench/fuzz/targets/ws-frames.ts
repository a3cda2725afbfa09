// RFC 6455 §5.2–5.6 once more, as plainly as it can be told: what a stream of frames says up to its first fault. The measure for
// the adapter, which reads by a package; both would have to be wrong in the same way. Used by ws-target.ts.
import { isUtf8 } from 'node:buffer';

const MESSAGE_BYTES_MAX = 65_536;
const TEXT = 1;
const BINARY = 2;
const CLOSE = 8;
const PING = 9;
const PONG = 10;

export type Frames = Readonly<{
  /** Whole ones, text and binary, in their order. */
  messages: readonly string[];
  pings: readonly string[];
  pongs: readonly string[];
  /** What ended it, '' when nothing did. */
  fault: string;
  isClosed: boolean;
  /** The last frame or message is not whole. */
  isPartial: boolean;
}>;

type Frame = Readonly<{
  fin: boolean;
  rsv: number;
  opcode: number;
  masked: boolean;
  length: number;
  at: number;
}>;

/** The head of the frame that begins there; undefined when it is not all there. `at` is where the mask or the payload begins. */
const headAt = (bytes: Buffer, start: number): Frame | undefined => {
  if (start + 2 > bytes.length) return undefined;
  const [first, second] = [bytes.readUInt8(start), bytes.readUInt8(start + 1)];
  const short = second & 127;
  const at = start + 2 + (short === 126 ? 2 : short === 127 ? 8 : 0);
  const isThere = at <= bytes.length;
  let length = short;
  if (short === 126 && isThere) length = bytes.readUInt16BE(start + 2);
  if (short === 127 && isThere) length = Number(bytes.readBigUInt64BE(start + 2));
  // What can be judged without the length is judged without it.
  return { fin: first > 127, rsv: first & 0x70, opcode: first & 15, masked: second > 127, length: isThere ? length : -1, at };
}; // prettier-ignore

/** What is wrong with a frame by its head and by whether a message of several frames is under way. */
const headFault = ({ fin, rsv, opcode, masked, length }: Frame, isUnderWay: boolean, mask: boolean, short: number): string => {
  if (rsv !== 0) return 'rsv';
  if (opcode > PONG || (opcode > BINARY && opcode < CLOSE)) return 'opcode';
  if (opcode >= CLOSE && (!fin || short > 125 || (opcode === CLOSE && length === 1))) return 'control';
  if (opcode < CLOSE && (opcode === 0) !== isUnderWay) return 'continuation';
  return masked === mask ? '' : 'mask';
}; // prettier-ignore

const isCloseCode = (code: number): boolean =>
  (code >= 1000 && code <= 1014 && ![1004, 1005, 1006].includes(code)) || (code >= 3000 && code <= 4999);

export const readFrames = (input: string, mask: boolean): Frames => {
  const bytes = Buffer.from(input, 'latin1');
  const [messages, pings, pongs]: [string[], string[], string[]] = [[], [], []];
  const end = (fault: string, isPartial = false, isClosed = false): Frames => ({ messages, pings, pongs, fault, isClosed, isPartial }); // prettier-ignore
  let pieces: Buffer[] = [];
  let opcode = 0;
  let size = 0;
  for (let at = 0; at < bytes.length;) {
    const head = headAt(bytes, at);
    if (!head) return end('', true);
    const fault = headFault(head, opcode !== 0, mask, bytes.readUInt8(at + 1) & 127);
    if (fault) return end(fault);
    if (head.length < 0) return end('', true);
    if (head.opcode < CLOSE && size + head.length > MESSAGE_BYTES_MAX) return end('length');
    const from = head.at + (mask ? 4 : 0);
    if (from + head.length > bytes.length) return end('', true);
    const payload = bytes.subarray(from, from + head.length);
    const text = mask ? payload.map((byte, n) => byte ^ bytes.readUInt8(head.at + (n % 4))) : payload;
    at = from + head.length;
    if (head.opcode === PING) pings.push(Buffer.from(text).toString('latin1'));
    else if (head.opcode === PONG) pongs.push(Buffer.from(text).toString('latin1'));
    else if (head.opcode === CLOSE) {
      const isWell = text.length === 0 || (isCloseCode((text[0]! << 8) | text[1]!) && isUtf8(text.subarray(2)));
      return isWell ? end('', false, true) : end('close');
    } else {
      if (opcode === 0) opcode = head.opcode;
      pieces.push(Buffer.from(text));
      size += text.length;
      if (!head.fin) continue;
      const whole = Buffer.concat(pieces);
      if (opcode === TEXT && !isUtf8(whole)) return end('utf8');
      messages.push(whole.toString('latin1'));
      [pieces, opcode, size] = [[], 0, 0];
    }
  }
  return end('', opcode !== 0);
}; // prettier-ignore
