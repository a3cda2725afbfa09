// The body of PUT /private/<impi> (backend.md §3, and what a SIM has): a password, its hash, or keys. What is wrong is said, and never
// repeated: it is a secret. Pure but for the realm of the deployment. Used by private.ts.
import { opcOf } from '#libs/aka';
import type { AkaCredential, DigestCredential, SubscriberCredential } from '#libs/stores';
import { digestHashes } from '../digest.js';
import { badRequest } from '../outcome.js';

/** As given, but for OP, which is made OPc of. */
export type AkaBody = Readonly<{ k: string; opc: string; amf: string; sqn?: number }>;
/** Exactly one of the three secrets. */
export type PrivateBody = Readonly<{
  digest_ha1?: string;
  plaintext_password?: string;
  aka?: AkaBody;
  realm?: string;
}>;

export const PASSWORD_LENGTH_MAX = 512;
export const REALM_LENGTH_MAX = 255;
const HA1 = /^[0-9a-f]{32}$/i;
const HEX = /^[0-9a-f]*$/i;
const KEY_BYTES = 16;
const AMF_BYTES = 2;
const SQN_BYTES = 6;
/** The separation bit: vectors of 3GPP's own (TS 33.102 Annex H). */
const AMF = '8000';

type Fields = Record<string, unknown>;

const objectIn = (value: unknown, what: string): Fields => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw badRequest(what);
  return value as Fields;
};

const textOf = (body: Fields, name: string, lengthMax: number): string | undefined => {
  const value = body[name];
  if (value === undefined) return undefined;
  if (typeof value !== 'string' || value === '') throw badRequest(`${name}: takes a text that is not empty`);
  if (value.length > lengthMax) throw badRequest(`${name}: at most ${lengthMax} characters`);
  return value;
};

const hexOf = (aka: Fields, name: string, bytes: number): string | undefined => {
  const value = aka[name];
  if (value === undefined) return undefined;
  if (typeof value === 'string' && value.length === 2 * bytes && HEX.test(value)) return value.toLowerCase();
  throw badRequest(`aka.${name}: takes ${bytes} bytes in hexadecimal`);
};

const readAka = (value: unknown): AkaBody => {
  const aka = objectIn(value, 'aka: takes an object with k and opc or op');
  const unknown = Object.keys(aka).find((name) => !['k', 'opc', 'op', 'amf', 'sqn'].includes(name));
  if (unknown !== undefined) throw badRequest(`aka: takes k, opc or op, amf, sqn and nothing else`);
  const k = hexOf(aka, 'k', KEY_BYTES);
  const opc = hexOf(aka, 'opc', KEY_BYTES);
  const op = hexOf(aka, 'op', KEY_BYTES);
  if (k === undefined) throw badRequest('aka.k: is missing');
  if ((opc === undefined) === (op === undefined)) throw badRequest('aka: takes either opc or op');
  const sqn = hexOf(aka, 'sqn', SQN_BYTES);
  return {
    k,
    opc: opc ?? opcOf(Buffer.from(k, 'hex'), Buffer.from(op ?? '', 'hex')).toString('hex'),
    amf: hexOf(aka, 'amf', AMF_BYTES) ?? AMF,
    ...(sqn === undefined ? {} : { sqn: parseInt(sqn, 16) }),
  };
};

/** The JSON body; 400 names what is wrong with it. */
export const readPrivateBody = (body: unknown): PrivateBody => {
  if (body === undefined || body === '') throw badRequest('empty body: takes a JSON object');
  const fields = objectIn(body, 'takes a JSON object (Content-Type: application/json)');
  const ha1 = textOf(fields, 'digest_ha1', 32);
  const password = textOf(fields, 'plaintext_password', PASSWORD_LENGTH_MAX);
  const realm = textOf(fields, 'realm', REALM_LENGTH_MAX);
  const aka = fields['aka'] === undefined ? undefined : readAka(fields['aka']);
  if ([ha1, password, aka].filter((secret) => secret !== undefined).length !== 1)
    throw badRequest('takes either digest_ha1 or plaintext_password, or aka');
  if (ha1 !== undefined && !HA1.test(ha1)) throw badRequest('digest_ha1: takes 32 hexadecimal digits');
  if (realm !== undefined && /["\\\u0000-\u001f\u007f]/.test(realm)) {
    throw badRequest('realm: has a character that may not stand in a quoted string');
  }
  return {
    ...(ha1 === undefined ? {} : { digest_ha1: ha1.toLowerCase() }),
    ...(password === undefined ? {} : { plaintext_password: password }),
    ...(aka === undefined ? {} : { aka }),
    ...(realm === undefined ? {} : { realm }),
  };
};

export type SecretOptions = Readonly<{ homeDomain: string; storePlaintextPasswords?: boolean }>;

const digestOf = (
  { storePlaintextPasswords }: SecretOptions,
  impi: string,
  realm: string,
  { plaintext_password: password, digest_ha1: ha1 = '' }: PrivateBody,
): DigestCredential => {
  if (password === undefined) return { kind: 'digest', impi, realm, ha1Md5: ha1 };
  // RFC 7616 §3.4.2: the user name and realm stand before the colon-separated password.
  const hashes = digestHashes(impi, realm, password);
  const kept = storePlaintextPasswords ? { plaintextPassword: password } : {};
  return { kind: 'digest', impi, realm, ...hashes, ...kept };
};

/** The secret as it is to be kept. `counted`: how far the number beside the one in force is. */
export const secretOf = (
  options: SecretOptions,
  impi: string,
  body: PrivateBody,
  before: Readonly<{ secret: SubscriberCredential; counted: number | undefined }> | undefined,
): SubscriberCredential => {
  const realm = body.realm ?? options.homeDomain;
  if (body.aka === undefined) {
    const secret = digestOf(options, impi, realm, body);
    const known = before?.secret.kind === 'digest' ? before.secret : undefined;
    // The same HA1 again is the same password: its SHA-256 form stays true, the password itself is blanked.
    const isSame = known !== undefined && known.realm === realm && known.ha1Md5 === secret.ha1Md5;
    return isSame && known.ha1Sha256 !== undefined ? { ...secret, ha1Sha256: known.ha1Sha256 } : secret;
  }
  const { k, opc, amf, sqn } = body.aka;
  const known = before?.secret.kind === 'aka' ? before.secret : undefined;
  // The same SIM: its count goes on where it is.
  const reached = known?.k === k && known.opc === opc ? (before?.counted ?? known.sqn) : 0;
  return { kind: 'aka', impi, realm, k, opc, amf, sqn: sqn ?? reached };
};

const sameSim = (a: AkaCredential, b: AkaCredential): boolean =>
  a.realm === b.realm && a.k === b.k && a.opc === b.opc && a.amf === b.amf;

/** Does putting `b` in the place of `a` change nothing? A count that is given always does. */
export const sameSecret = (
  a: SubscriberCredential,
  b: SubscriberCredential,
  { aka }: PrivateBody,
): boolean => {
  if (a.kind === 'aka') return b.kind === 'aka' && aka?.sqn === undefined && sameSim(a, b);
  if (b.kind === 'aka') return false;
  return (
    a.realm === b.realm &&
    a.ha1Md5 === b.ha1Md5 &&
    a.ha1Sha256 === b.ha1Sha256 &&
    a.plaintextPassword === b.plaintextPassword
  );
};
