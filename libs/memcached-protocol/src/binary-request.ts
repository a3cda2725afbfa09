// One frame of the binary dialect as a request. memcached's protocol_binary: 24 bytes of header, extras, key, value.
// Used by request-reader.ts.
import { KEY_BYTES_MAX, VALUE_BYTES_MAX } from './bounds.js';
import { type Fault, type Form, type Mode, OPCODES, type Request } from './request.js';
import { isKey } from './text-request.js';

const HEADER_BYTES = 24;
const TWO_TO_32 = 2 ** 32;
/** Of one frame beside its value. */
const OVERHEAD_BYTES_MAX = KEY_BYTES_MAX + 255;

const QUIET = new Set<number>([
  OPCODES.getq, OPCODES.getkq, OPCODES.setq, OPCODES.addq, OPCODES.replaceq, OPCODES.deleteq, OPCODES.quitq,
]); // prettier-ignore
const MODES: ReadonlyMap<number, Mode> = new Map([
  [OPCODES.set, 'set'],
  [OPCODES.setq, 'set'],
  [OPCODES.add, 'add'],
  [OPCODES.addq, 'add'],
  [OPCODES.replace, 'replace'],
  [OPCODES.replaceq, 'replace'],
]);

/** What stands at a place: a request, with bytes to pass over after it, or more to be read first. */
export type Read = Readonly<{ request: Request; bytes: number; skip?: number }> | Readonly<{ needs: number }>;

export const readBinary = (bytes: Buffer, at: number): Read => {
  const held = bytes.length - at;
  if (held < HEADER_BYTES) return { needs: HEADER_BYTES };
  const opcode = bytes[at + 1]!;
  const keyLength = bytes.readUInt16BE(at + 2);
  const extrasLength = bytes[at + 4]!;
  const bodyLength = bytes.readUInt32BE(at + 8);
  const form: Form = {
    dialect: 'binary',
    isQuiet: QUIET.has(opcode),
    opcode,
    opaque: bytes.readUInt32BE(at + 12),
  };
  const refuse = (fault: Fault, isFatal = false): Request => ({ verb: 'fault', form, fault, isFatal });
  if (keyLength + extrasLength > bodyLength)
    return { request: refuse('bad-frame', true), bytes: HEADER_BYTES };
  if (bodyLength > VALUE_BYTES_MAX + OVERHEAD_BYTES_MAX || keyLength > KEY_BYTES_MAX)
    return {
      request: refuse(keyLength > KEY_BYTES_MAX ? 'bad-key' : 'too-large'),
      bytes: HEADER_BYTES,
      skip: bodyLength,
    };
  const total = HEADER_BYTES + bodyLength;
  if (held < total) return { needs: total };
  const extrasAt = at + HEADER_BYTES;
  const keyAt = extrasAt + extrasLength;
  const valueAt = keyAt + keyLength;
  const frame: Frame = {
    form,
    opcode,
    extras: bytes.subarray(extrasAt, keyAt),
    key: bytes.toString('latin1', keyAt, valueAt),
    value: bytes.subarray(valueAt, at + total),
    cas: bytes.readUInt32BE(at + 16) * TWO_TO_32 + bytes.readUInt32BE(at + 20),
  };
  // It goes on to servers in the text dialect: what could end a word there, or a line, is no key.
  if (frame.key !== '' && !isKey(frame.key)) return { request: refuse('bad-key'), bytes: total };
  return { request: requestOf(frame) ?? refuse('bad-data'), bytes: total };
};

type Frame = Readonly<{
  form: Form;
  opcode: number;
  extras: Buffer;
  key: string;
  value: Buffer;
  cas: number;
}>;

/** undefined: extras, key or value that the opcode does not take. */
const requestOf = (frame: Frame): Request | undefined => {
  const { form, opcode, extras, key, value, cas } = frame;
  const isBare = extras.length === 0 && value.length === 0;
  switch (opcode) {
    case OPCODES.get:
    case OPCODES.getq:
    case OPCODES.getk:
    case OPCODES.getkq:
      return isBare && key !== '' ? { verb: 'get', form, keys: [key] } : undefined;
    case OPCODES.delete:
    case OPCODES.deleteq:
      return isBare && key !== '' ? { verb: 'delete', form, key, cas } : undefined;
    case OPCODES.touch:
      if (extras.length !== 4 || value.length > 0 || key === '') return undefined;
      return { verb: 'touch', form, key, exptime: extras.readInt32BE(0) };
    case OPCODES.noop:
      return { verb: 'noop', form };
    case OPCODES.version:
      return { verb: 'version', form };
    case OPCODES.stat:
      return { verb: 'stats', form };
    case OPCODES.quit:
    case OPCODES.quitq:
      return { verb: 'quit', form };
    default:
      return storeOf(frame);
  }
};

const storeOf = ({ form, opcode, extras, key, value, cas }: Frame): Request | undefined => {
  const mode = MODES.get(opcode);
  if (mode === undefined) return { verb: 'fault', form, fault: 'unknown', isFatal: false };
  if (extras.length !== 8 || key === '') return undefined;
  if (value.length > VALUE_BYTES_MAX) return { verb: 'fault', form, fault: 'too-large', isFatal: false };
  const flags = extras.readUInt32BE(0);
  // 0xffffffff is how -1 is written here.
  const exptime = extras.readInt32BE(4);
  // A number that an add names is not looked at.
  return { verb: 'store', form, key, mode, flags, exptime, cas: mode === 'add' ? 0 : cas, value };
};
