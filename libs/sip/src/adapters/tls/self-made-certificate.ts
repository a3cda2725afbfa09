// A certificate that this node makes for itself when it is given none: TLS without a word of anybody about who it is. Clients
// take it by its fingerprint, or not at all; a real one belongs in TLS_CERT_FILE. RFC 5922 §4 (names), RFC 5280.
// Kept, so that a restart does not look like somebody else. Reader: bono.
import { X509Certificate } from 'node:crypto';
import path from 'node:path';
import {
  checkPair,
  type Clock,
  HeldIdentity,
  makePrivateFolder,
  readPrivateFile,
  replacePrivateFile,
  type TlsIdentity,
  type TlsPair,
} from '#libs/runtime';
import { canonicalIp } from '../../fields/ip-address.js';

const A_DAY_MS = 86_400_000;
/** What browsers still take. */
const VALID_DAYS = 397;
/** With less than this left a start makes a new one. */
const RENEW_DAYS = 30;
/** Clocks of clients may be behind. */
const BACKDATED_DAYS = 1;

/** `names`: host names and addresses that clients use, the first one as the subject. */
export const makeCertificate = async (names: readonly string[], nowMs: number): Promise<TlsPair> => {
  // Loaded here alone: a node with a certificate of its own never pays for it.
  const { generate } = await import('selfsigned');
  const { private: key, cert } = await generate([{ name: 'commonName', value: names[0]! }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    notBeforeDate: new Date(nowMs - BACKDATED_DAYS * A_DAY_MS),
    notAfterDate: new Date(nowMs + VALID_DAYS * A_DAY_MS),
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true, clientAuth: true },
      { name: 'subjectAltName', altNames: names.map(altName) },
    ],
  });
  return { key, cert };
};

/** The one kept in `folder`, or a new one where that is missing, unfit, soon over or of other names. */
export const openSelfMadeCertificate = async (
  folder: string,
  names: readonly string[],
  clock: Clock,
): Promise<Readonly<{ identity: TlsIdentity; certFile: string; made: boolean }>> => {
  const certFile = path.join(folder, 'self-made.crt');
  const keyFile = path.join(folder, 'self-made.key');
  const cert = readPrivateFile(certFile)?.toString();
  const key = readPrivateFile(keyFile)?.toString();
  if (cert !== undefined && key !== undefined && isFit({ cert, key }, names, clock.nowMs()))
    return { identity: new HeldIdentity({ cert, key }), certFile, made: false };
  const pair = await makeCertificate(names, clock.nowMs());
  makePrivateFolder(folder);
  replacePrivateFile(keyFile, pair.key);
  replacePrivateFile(certFile, pair.cert);
  return { identity: new HeldIdentity(pair), certFile, made: true };
};

const altName = (name: string): { type: 2; value: string } | { type: 7; ip: string } => {
  const ip = canonicalIp(name);
  return ip === undefined ? { type: 2, value: name } : { type: 7, ip };
};

const isFit = (pair: TlsPair, names: readonly string[], nowMs: number): boolean => {
  try {
    checkPair(pair);
    const certificate = new X509Certificate(pair.cert);
    const isNamed = (name: string): boolean => {
      const ip = canonicalIp(name);
      return (ip === undefined ? certificate.checkHost(name) : certificate.checkIP(ip)) !== undefined;
    };
    return Date.parse(certificate.validTo) > nowMs + RENEW_DAYS * A_DAY_MS && names.every(isNamed);
  } catch {
    return false; // a damaged file is made anew
  }
};
