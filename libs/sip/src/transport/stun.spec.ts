import fc from 'fast-check';
import { answerBinding, bindingRequest, looksLikeStun } from './stun.js';

const hex = (text: string): Buffer => Buffer.from(text.replace(/\s/g, ''), 'hex');
const TRANSACTION = 'b7e7a701 bc34d686 fa87dfae';
const plain = hex(`0001 0000 2112a442 ${TRANSACTION}`);

it('says the address that the peer is seen at', () => {
  // The address and its encoding are those of RFC 5769 §2.2 and §2.3.
  expect(answerBinding(plain, '192.0.2.1', 32_853)).toEqual(
    hex(`0101 000c 2112a442 ${TRANSACTION}  0020 0008 0001 a147 e112a643`),
  );
  expect(answerBinding(plain, '2001:db8:1234:5678:11:2233:4455:6677', 32_853)).toEqual(
    hex(`0101 0018 2112a442 ${TRANSACTION}  0020 0014 0002 a147 0113a9fa a5d3f179 bc25f4b5 bed2b9d9`),
  );
});

it('takes the sample request of RFC 5769 §2.1, with FINGERPRINT, and answers with one', () => {
  const sample = hex(
    `0001 0058 2112a442 ${TRANSACTION}
     8022 0010 5354554e 20746573 7420636c 69656e74
     0024 0004 6e0001ff
     8029 0008 932ff9b1 51263b36
     0006 0009 6576746a 3a683676 59202020
     0008 0014 9aeaa70c bfd8cb56 781ef2b5 b2d3f249 c1b571a2
     8028 0004 e57a3bcf`,
  );
  const answer = answerBinding(sample, '192.0.2.1', 32_853)!;
  expect(answer.subarray(0, 32)).toEqual(
    hex(`0101 0014 2112a442 ${TRANSACTION}  0020 0008 0001 a147 e112a643`),
  );
  expect(answer.subarray(32, 36)).toEqual(hex('8028 0004'));
  expect(answer.readUInt32BE(36)).toBe((crc32Bitwise(answer.subarray(0, 32)) ^ 0x5354554e) >>> 0);
  // One bit wrong anywhere before it, and the fingerprint says so.
  const broken = Buffer.from(sample);
  broken[30]! ^= 1;
  expect(answerBinding(broken, '192.0.2.1', 1)).toBeUndefined();
});

it('takes its own requests', () => {
  for (const fingerprint of [false, true]) {
    const answer = answerBinding(bindingRequest(hex(TRANSACTION), fingerprint), '10.0.0.1', 5060)!;
    expect(answer.readUInt16BE(0)).toBe(0x0101);
    expect(answer.length).toBe(fingerprint ? 40 : 32);
  }
});

it('answers 420 to attributes that must be understood, and no longer than asked', () => {
  const request = hex(`0001 0010 2112a442 ${TRANSACTION} 0003 0004 00000006 7777 0004 00000000`);
  const answer = answerBinding(request, '10.0.0.1', 5060)!;
  expect(answer.readUInt16BE(0)).toBe(0x0111);
  expect(answer.subarray(8, 20)).toEqual(hex(TRANSACTION));
  expect(answer.subarray(20, 28)).toEqual(hex('0009 0015 0000 0414'));
  expect(answer.subarray(answer.length - 8)).toEqual(hex('000a 0004 0003 7777'));
});

it.each([
  ['a response', `0101 0000 2112a442 ${TRANSACTION}`],
  ['an indication', `0011 0000 2112a442 ${TRANSACTION}`],
  ['another method', `0003 0000 2112a442 ${TRANSACTION}`],
  ['no cookie', `0001 0000 2112a443 ${TRANSACTION}`],
  ['a length that does not fit', `0001 0004 2112a442 ${TRANSACTION}`],
  ['an odd length', `0001 0003 2112a442 ${TRANSACTION} 000000`],
  ['a short header', '0001 0000 2112a442'],
  ['an attribute beyond the end', `0001 0004 2112a442 ${TRANSACTION} 8022 0010`],
  ['FINGERPRINT not last', `0001 000c 2112a442 ${TRANSACTION} 8028 0004 00000000 8022 0000`],
  ['SIP', Buffer.from('OPTIONS sip:a SIP/2.0\r\n\r\n').toString('hex')],
])('does not answer %s', (_name, text) => expect(answerBinding(hex(text), '10.0.0.1', 1)).toBeUndefined());

it('does not throw at noise', () => {
  const attributes = fc
    .uint8Array({ maxLength: 64 })
    .map((bytes) => Buffer.from(bytes.subarray(0, bytes.length & ~3)));
  fc.assert(
    fc.property(attributes, (noise) => {
      const request = Buffer.concat([plain, noise]);
      request.writeUInt16BE(noise.length, 2);
      expect(looksLikeStun(request)).toBe(true);
      answerBinding(request, '10.0.0.1', 5060);
    }),
  );
  fc.assert(
    fc.property(fc.uint8Array(), (noise) => void answerBinding(Buffer.from(noise), '10.0.0.1', 5060)),
  );
});

/** CRC-32 as ITU V.42 defines it, bit by bit. */
const crc32Bitwise = (bytes: Buffer): number => {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
};
