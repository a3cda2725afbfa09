// Framing: the same messages however the stream is cut; what cannot be framed is told once, with its header.
import fc from 'fast-check';
import { ACR, CER, UAR, written } from '../testing/samples.fixture.js';
import type { Fault } from './avp.js';
import { MESSAGE_BYTES_MAX } from './limits.js';
import { StreamFramer } from './stream-framer.js';

const framed = (pieces: readonly Buffer[]) => {
  const messages: string[] = [];
  const faults: { fault: Fault; head: string }[] = [];
  const framer = new StreamFramer({
    message: (bytes) => void messages.push(bytes.toString('hex')),
    failed: (fault, head) => void faults.push({ fault, head: head.toString('hex') }),
  });
  for (const piece of pieces) framer.push(piece);
  return { messages, faults, partial: framer.partial };
};

describe('the framer', () => {
  const stream = [written('CER', CER), written('ACR', ACR), written('UAR', UAR)];
  const whole = Buffer.concat(stream);

  it('finds each message, however the stream is cut', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 120 }), { minLength: 1 }), (lengths) => {
        const pieces: Buffer[] = [];
        for (let at = 0, i = 0; at < whole.length; i++) {
          const length = lengths[i % lengths.length] ?? 1;
          pieces.push(whole.subarray(at, at + length));
          at += length;
        }
        const expected = stream.map((bytes) => bytes.toString('hex'));
        expect(framed(pieces)).toEqual({ messages: expected, faults: [], partial: false });
      }),
    );
  });

  it('waits for the rest', () => {
    expect(framed([whole.subarray(0, whole.length - 1)])).toMatchObject({ partial: true, faults: [] });
  });

  it.each([
    ['another version', 0, 2, 5011],
    ['a length below a header', 3, 16, 5015],
    ['a length that is no multiple of four', 3, 21, 5015],
  ])('%s ends it, with the header', (_what, at, value, resultCode) => {
    const bytes = Buffer.concat([written('CER', CER), written('CER', CER)]);
    const length = written('CER', CER).length;
    if (at === 3) bytes.writeUIntBE(value, length + 1, 3);
    else bytes.writeUInt8(value, length + at);
    const { messages, faults } = framed([bytes, written('CER', CER)]);
    expect(messages).toHaveLength(1);
    expect(faults).toEqual([{ fault: expect.objectContaining({ resultCode }), head: bytes.subarray(length, length + 20).toString('hex') }]);
  }); // prettier-ignore

  it('does not wait for a message beyond the bound', () => {
    const head = Buffer.from(written('CER', CER).subarray(0, 20));
    head.writeUIntBE(MESSAGE_BYTES_MAX + 4, 1, 3);
    expect(framed([head]).faults[0]?.fault.resultCode).toBe(5015);
  });
});
