import fc from 'fast-check';
import { MetaReplyReader, metaFlag } from './meta-reply-reader.js';
import { Output } from './output.js';
import { replyChange, replyFailure, replyFault, replyGet, replyPlain } from './replies.js';
import { type Form, OPCODES } from './request.js';

const said = (write: (out: Output) => void): string => {
  const out = new Output();
  write(out);
  const { size } = out;
  const bytes = Buffer.concat(out.take());
  expect(bytes).toHaveLength(size);
  return bytes.toString('latin1');
};
const text: Form = { dialect: 'text', isQuiet: false, withCas: true };
const meta = (...flags: string[]): Form => ({ dialect: 'meta', isQuiet: flags.includes('q'), flags });
const binary = (opcode: number): Form => ({ dialect: 'binary', isQuiet: false, opcode, opaque: 7 });
const item = { flags: 3, cas: 2 ** 40 + 5, value: Buffer.from('v\xff', 'latin1'), ttlS: 60 };
const get = (form: Form, keys = ['a']) => ({ verb: 'get', form, keys }) as const;
const store = (form: Form, mode: 'set' | 'add' = 'set') =>
  ({ verb: 'store', form, key: 'a', mode, flags: 0, exptime: 0, cas: 0, value: item.value }) as const;

describe('answers', () => {
  it('to text', () => {
    expect(said((out) => replyGet(out, get(text, ['a', 'b']), [item, undefined]))).toBe(
      `VALUE a 3 2 ${item.cas}\r\nv\xff\r\nEND\r\n`,
    );
    expect(said((out) => replyChange(out, store(text), { change: 'not-stored', cas: 0 }))).toBe(
      'NOT_STORED\r\n',
    );
    expect(said((out) => replyChange(out, { verb: 'delete', form: text, key: 'a', cas: 0 }, { change: 'done', cas: 1 }))).toBe('DELETED\r\n'); // prettier-ignore
    expect(said((out) => replyPlain(out, { verb: 'version', form: text }, { version: 'x', stats: [] }))).toBe('VERSION x\r\n'); // prettier-ignore
  });

  it('to meta, with what the flags ask for', () => {
    expect(said((out) => replyGet(out, get(meta('v', 'k', 'c', 't', 'Oxy')), [item]))).toBe(
      `VA 2 ka c${item.cas} t60 Oxy\r\nv\xff\r\n`,
    );
    expect(said((out) => replyGet(out, get(meta('v', 'q')), [undefined]))).toBe('');
    expect(said((out) => replyChange(out, store(meta('q')), { change: 'done', cas: 1 }))).toBe('');
    expect(said((out) => replyChange(out, store(meta('q')), { change: 'exists', cas: 0 }))).toBe('EX\r\n');
  });

  it('to binary, with the number for compare-and-set in eight bytes', () => {
    const found = Buffer.from(
      said((out) => replyGet(out, get(binary(OPCODES.getk)), [item])),
      'latin1',
    );
    expect([found[0], found[1], found.readUInt16BE(6), found.readUInt32BE(12)]).toEqual([
      0x81,
      OPCODES.getk,
      0,
      7,
    ]);
    expect(found.readBigUInt64BE(16)).toBe(BigInt(item.cas));
    expect(found.subarray(24).toString('latin1')).toBe('\0\0\0\x03av\xff');
    const added = said((out) => replyChange(out, store(binary(OPCODES.add), 'add'), { change: 'not-stored', cas: 0 })); // prettier-ignore
    expect(Buffer.from(added, 'latin1').readUInt16BE(6)).toBe(2);
  });

  it('never show a failure as a miss', () => {
    const failure = { failure: 'unavailable' } as const;
    expect(said((out) => replyGet(out, get(text, ['a', 'b']), [item, failure]))).toBe('SERVER_ERROR temporary failure\r\n'); // prettier-ignore
    expect(said((out) => replyGet(out, get(meta('v', 'q')), [failure]))).toBe(
      'SERVER_ERROR temporary failure\r\n',
    );
    const told = Buffer.from(
      said((out) => replyFailure(out, binary(OPCODES.get), failure)),
      'latin1',
    );
    expect(told.readUInt16BE(6)).toBe(0x86);
  });

  it('to what is no request', () => {
    expect(said((out) => replyFault(out, { verb: 'fault', form: text, fault: 'unknown', isFatal: false }))).toBe('ERROR\r\n'); // prettier-ignore
  });
});

describe('answers of a server', () => {
  const read = (chunks: readonly Buffer[]): { isSound: boolean; found: [string, string | undefined][] } => {
    const found: [string, string | undefined][] = [];
    const reader = new MetaReplyReader((line, value) => found.push([line, value?.toString('latin1')]));
    return { isSound: chunks.every((chunk) => reader.push(chunk)), found };
  };

  it('are the same however they are cut', () =>
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.constantFrom('EN', 'HD', 'NS', 'SERVER_ERROR x y'), fc.string({ maxLength: 40 }).map((value) => ({ value }))), { maxLength: 10 }), fc.nat(), (parts, place) => {
        const wire = parts.map((part) => typeof part === 'string' ? `${part}\r\n` : `VA ${Buffer.byteLength(part.value)} c7\r\n${part.value}\r\n`).join('');
        const bytes = Buffer.from(wire);
        const at = place % (bytes.length + 1);
        const cut = read([bytes.subarray(0, at), bytes.subarray(at)]);
        expect(cut).toEqual(read([bytes]));
        expect(cut.found).toHaveLength(parts.length);
      }),
    )); // prettier-ignore

  it('that cannot be are told so', () => {
    expect(read([Buffer.from('VA x\r\n')]).isSound).toBe(false);
    expect(read([Buffer.from('VA 3 c1\r\nabcdef\r\n')]).isSound).toBe(false);
    expect(read([Buffer.alloc(100_000, 'x')]).isSound).toBe(false);
  });

  it('have flags', () => {
    expect(metaFlag('VA 5 c12 t-1', 'c')).toBe('12');
    expect(metaFlag('VA 5 c12 t-1', 't')).toBe('-1');
    expect(metaFlag('HD', 'c')).toBeUndefined();
  });
});
