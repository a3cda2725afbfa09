// Milenage (TS 35.206) and the authentication vectors of TS 33.102 §6.3 made with it: RAND, XRES, CK, IK, AUTN; and what a phone says
// that lost count (AUTS, §6.3.5). Pure but for the RAND that is given. Used by apps/hss, apps/homestead and the phone's side, usim.ts.
import { createCipheriv, timingSafeEqual } from 'node:crypto';
import { sqnBytes, sqnOf } from './sequence-number.js';

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

/** Of 16 bytes each. */
export type MilenageSecrets = Readonly<{ k: Buffer; opc: Buffer }>;

/** OUT2 … OUT5: r and c of each (TS 35.206 §4.1). */
const out = ({ k, opc }: MilenageSecrets, rand: Buffer, rotation: number, last: number): Buffer => {
  const temp = encrypt(k, xor(rand, opc));
  return xor(encrypt(k, xor(rotate(xor(temp, opc), rotation), constant(last))), opc);
};

/** MAC-A and MAC-S. */
export const f1 = (
  { k, opc }: MilenageSecrets,
  rand: Buffer,
  sqn: Buffer,
  amf: Buffer,
): Readonly<{ macA: Buffer; macS: Buffer }> => {
  const temp = encrypt(k, xor(rand, opc));
  const in1 = Buffer.concat([sqn, amf, sqn, amf]);
  const out1 = xor(encrypt(k, xor(temp, rotate(xor(in1, opc), 8))), opc);
  return { macA: out1.subarray(0, 8), macS: out1.subarray(8) };
};

/** RES, CK, IK and the key that hides the count. */
export const f2345 = (
  secrets: MilenageSecrets,
  rand: Buffer,
): Readonly<{ res: Buffer; ck: Buffer; ik: Buffer; ak: Buffer }> => {
  const out2 = out(secrets, rand, 0, 1);
  return {
    res: out2.subarray(8),
    ck: out(secrets, rand, 4, 2),
    ik: out(secrets, rand, 8, 4),
    ak: out2.subarray(0, 6),
  };
};

export type Vector = Readonly<{ rand: Buffer; xres: Buffer; ck: Buffer; ik: Buffer; autn: Buffer }>;

export const vectorOf = (secrets: MilenageSecrets, rand: Buffer, sqn: number, amf: Buffer): Vector => {
  const { res, ck, ik, ak } = f2345(secrets, rand);
  const count = sqnBytes(sqn);
  const { macA } = f1(secrets, rand, count, amf);
  return { rand, xres: res, ck, ik, autn: Buffer.concat([xor(count, ak), amf, macA]) };
};

export const AUTN_BYTES = 16;

/** What AUTN says, to who has the key; undefined: somebody else made it. */
export const openAutn = (
  secrets: MilenageSecrets,
  rand: Buffer,
  autn: Buffer,
): Readonly<{ sqn: number; res: Buffer; ck: Buffer; ik: Buffer }> | undefined => {
  if (autn.length !== AUTN_BYTES) return undefined;
  const { ak, ...rest } = f2345(secrets, rand);
  const count = xor(autn.subarray(0, 6), ak);
  const { macA } = f1(secrets, rand, count, autn.subarray(6, 8));
  return timingSafeEqual(macA, autn.subarray(8)) ? { sqn: sqnOf(count), ...rest } : undefined;
};

const akStarOf = (secrets: MilenageSecrets, rand: Buffer): Buffer => out(secrets, rand, 12, 8).subarray(0, 6);
/** AMF of a resynchronisation (TS 33.102 §6.3.3). */
const NO_AMF = Buffer.alloc(2);
const AUTS_BYTES = 14;

/** What a phone says whose count is `sqn`. */
export const autsOf = (secrets: MilenageSecrets, rand: Buffer, sqn: number): Buffer => {
  const count = sqnBytes(sqn);
  return Buffer.concat([xor(count, akStarOf(secrets, rand)), f1(secrets, rand, count, NO_AMF).macS]);
};

/** SQN_MS, when AUTS is the phone's own; undefined when its MAC is not right. */
export const sqnOfAuts = (secrets: MilenageSecrets, rand: Buffer, auts: Buffer): number | undefined => {
  if (auts.length !== AUTS_BYTES) return undefined;
  const count = xor(auts.subarray(0, 6), akStarOf(secrets, rand));
  const { macS } = f1(secrets, rand, count, NO_AMF);
  return timingSafeEqual(macS, auts.subarray(6)) ? sqnOf(count) : undefined;
};
