// Milenage (TS 35.206) and the authentication vectors of TS 33.102 §6.3 made with it: RAND, XRES, CK, IK, AUTN; and what a phone says
// that lost count (AUTS, §6.3.5). Pure but for the RAND that is given.
import { createCipheriv } from 'node:crypto';

const xor = (a: Buffer, b: Buffer): Buffer => Buffer.from(a.map((byte, i) => byte ^ (b[i] ?? 0)));

const encrypt = (key: Buffer, block: Buffer): Buffer => {
  const cipher = createCipheriv('aes-128-ecb', key, null).setAutoPadding(false);
  return Buffer.concat([cipher.update(block), cipher.final()]);
};

/** By whole bytes to the left, as all constants of Milenage are. */
const rotate = (block: Buffer, bytes: number): Buffer =>
  Buffer.concat([block.subarray(bytes), block.subarray(0, bytes)]);

export const opcOf = (k: Buffer, op: Buffer): Buffer => xor(encrypt(k, op), op);

const constant = (last: number): Buffer => Buffer.concat([Buffer.alloc(15), Buffer.from([last])]);

type Secrets = Readonly<{ k: Buffer; opc: Buffer }>;

/** OUT2 … OUT5: r and c of each (TS 35.206 §4.1). */
const out = ({ k, opc }: Secrets, rand: Buffer, rotation: number, last: number): Buffer => {
  const temp = encrypt(k, xor(rand, opc));
  return xor(encrypt(k, xor(rotate(xor(temp, opc), rotation), constant(last))), opc);
};

/** MAC-A and MAC-S. */
export const f1 = ({ k, opc }: Secrets, rand: Buffer, sqn: Buffer, amf: Buffer): Readonly<{ macA: Buffer; macS: Buffer }> => {
  const temp = encrypt(k, xor(rand, opc));
  const in1 = Buffer.concat([sqn, amf, sqn, amf]);
  const out1 = xor(encrypt(k, xor(temp, rotate(xor(in1, opc), 8))), opc);
  return { macA: out1.subarray(0, 8), macS: out1.subarray(8) };
}; // prettier-ignore

export type Vector = Readonly<{ rand: Buffer; xres: Buffer; ck: Buffer; ik: Buffer; autn: Buffer }>;

export const vectorOf = (secrets: Secrets, rand: Buffer, sqn: Buffer, amf: Buffer): Vector => {
  const out2 = out(secrets, rand, 0, 1);
  const ak = out2.subarray(0, 6);
  const { macA } = f1(secrets, rand, sqn, amf);
  return {
    rand,
    xres: out2.subarray(8),
    ck: out(secrets, rand, 4, 2),
    ik: out(secrets, rand, 8, 4),
    autn: Buffer.concat([xor(sqn, ak), amf, macA]),
  };
};

const akStarOf = (secrets: Secrets, rand: Buffer): Buffer => out(secrets, rand, 12, 8).subarray(0, 6);
/** AMF of a resynchronisation (TS 33.102 §6.3.3). */
const NO_AMF = Buffer.alloc(2);

/** What a phone says whose count is `sqn`. */
export const autsOf = (secrets: Secrets, rand: Buffer, sqn: Buffer): Buffer =>
  Buffer.concat([xor(sqn, akStarOf(secrets, rand)), f1(secrets, rand, sqn, NO_AMF).macS]);

/** SQN_MS, when AUTS is the phone's own; undefined when its MAC is not right. */
export const sqnOfAuts = (secrets: Secrets, rand: Buffer, auts: Buffer): Buffer | undefined => {
  if (auts.length !== 14) return undefined;
  const sqn = xor(auts.subarray(0, 6), akStarOf(secrets, rand));
  return f1(secrets, rand, sqn, NO_AMF).macS.equals(auts.subarray(6)) ? sqn : undefined;
};

/** SEQ counts in the upper 43 bits; the lower five are an index (TS 33.102 Annex C.3). */
export const nextSqn = (sqn: Buffer): Buffer => {
  const bytes = Buffer.alloc(6);
  bytes.writeUIntBE((sqn.readUIntBE(0, 6) + 32) % 2 ** 48, 0, 6);
  return bytes;
};
