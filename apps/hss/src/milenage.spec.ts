// Milenage against test set 1 of TS 35.208 §4.3, and a phone that has lost count.
import { autsOf, f1, nextSqn, opcOf, sqnOfAuts, vectorOf } from './milenage.js';

const hex = (text: string): Buffer => Buffer.from(text, 'hex');
const k = hex('465b5ce8b199b49faa5f0a2ee238a6bc');
const rand = hex('23553cbe9637a89d218ae64dae47bf35');
const sqn = hex('ff9bb4d0b607');
const amf = hex('b9b9');
const opc = hex('cd63cb71954a9f4e48a5994e37a02baf');

describe('Milenage, test set 1', () => {
  it('OPc of OP', () => expect(opcOf(k, hex('cdc202d5123e20f62b6d676ac72cb318'))).toEqual(opc));

  it('f1 and f1*', () => {
    const { macA, macS } = f1({ k, opc }, rand, sqn, amf);
    expect([macA.toString('hex'), macS.toString('hex')]).toEqual(['4a9ffac354dfafb3', '01cfaf9ec4e871e9']);
  });

  it('f2 to f5, as a vector', () => {
    const { xres, ck, ik, autn } = vectorOf({ k, opc }, rand, sqn, amf);
    expect(xres.toString('hex')).toBe('a54211d5e3ba50bf');
    expect(ck.toString('hex')).toBe('b40ba9a3c58b2a05bbf0d987b21bf8cb');
    expect(ik.toString('hex')).toBe('f769bcd751044604127672711c6d3441');
    // SQN xor AK (aa689c648370), AMF, MAC-A.
    expect(autn.toString('hex')).toBe('55f328b43577' + 'b9b9' + '4a9ffac354dfafb3');
  });

  it('AUTS: the count of the phone under AK* (451e8beca43b), and only with its MAC', () => {
    const { macS } = f1({ k, opc }, rand, sqn, Buffer.alloc(2));
    const auts = Buffer.concat([hex('ba853f3c123c'), macS]);
    expect(autsOf({ k, opc }, rand, sqn)).toEqual(auts);
    expect(sqnOfAuts({ k, opc }, rand, auts)).toEqual(sqn);
    auts[13]! ^= 1;
    expect(sqnOfAuts({ k, opc }, rand, auts)).toBeUndefined();
    expect(sqnOfAuts({ k, opc }, rand, auts.subarray(1))).toBeUndefined();
  });

  it('the next number leaves the index alone, and wraps', () => {
    expect(nextSqn(hex('000000000001')).toString('hex')).toBe('000000000021');
    expect(nextSqn(hex('ffffffffffff')).toString('hex')).toBe('00000000001f');
  });
});
