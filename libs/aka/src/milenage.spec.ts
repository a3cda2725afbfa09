// Milenage against every test set of TS 35.208 §4.3, and a phone that has lost count.
import { autsOf, f1, f2345, openAutn, opcOf, sqnOfAuts, vectorOf } from './milenage.js';
import { sqnOf } from './sequence-number.js';
import { TEST_SETS } from './ts-35-208.fixture.js';

const xor = (a: Buffer, b: Buffer): Buffer => Buffer.from(a.map((byte, at) => byte ^ b[at]!));
const flipped = (bytes: Buffer, at: number): Buffer => {
  const other = Buffer.from(bytes);
  other[at]! ^= 1;
  return other;
};

describe.each(TEST_SETS)('test set $number', ({ k, rand, sqn, amf, op, opc, ...expected }) => {
  const secrets = { k, opc };

  it('gives the outputs of all functions', () => {
    expect(opcOf(k, op)).toEqual(opc);
    expect(f1(secrets, rand, sqn, amf)).toEqual({ macA: expected.f1, macS: expected.f1Star });
    expect(f2345(secrets, rand)).toEqual({
      res: expected.f2,
      ck: expected.f3,
      ik: expected.f4,
      ak: expected.f5,
    });
  });

  it('gives a vector that only the key opens', () => {
    const { autn, xres } = vectorOf(secrets, rand, sqnOf(sqn), amf);
    expect(autn).toEqual(Buffer.concat([xor(sqn, expected.f5), amf, expected.f1]));
    expect(openAutn(secrets, rand, autn)).toMatchObject({ sqn: sqnOf(sqn), res: xres });
    for (const at of [0, 7, 15]) expect(openAutn(secrets, rand, flipped(autn, at))).toBeUndefined();
    expect(openAutn({ k: flipped(k, 0), opc }, rand, autn)).toBeUndefined();
    expect(openAutn(secrets, rand, autn.subarray(1))).toBeUndefined();
  });

  it('hides the count of a phone in AUTS, and takes it only with its MAC', () => {
    const auts = autsOf(secrets, rand, sqnOf(sqn));
    expect(auts.subarray(0, 6)).toEqual(xor(sqn, expected.f5Star));
    expect(sqnOfAuts(secrets, rand, auts)).toBe(sqnOf(sqn));
    for (const at of [0, 13]) expect(sqnOfAuts(secrets, rand, flipped(auts, at))).toBeUndefined();
    expect(sqnOfAuts(secrets, rand, auts.subarray(1))).toBeUndefined();
  });
});
