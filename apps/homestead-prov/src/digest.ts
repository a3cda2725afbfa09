// The hashes that a password is kept as: HA1 of RFC 7616 §3.4.2, with MD5 and SHA-256 (RFC 8760).
// Read by the private identity handlers and by the provisioning tool.
import { hash } from 'node:crypto';

export type DigestHashes = Readonly<{ ha1Md5: string; ha1Sha256: string }>;

export const digestHashes = (impi: string, realm: string, password: string): DigestHashes => {
  const secret = `${impi}:${realm}:${password}`;
  return { ha1Md5: hash('md5', secret), ha1Sha256: hash('sha256', secret) };
};
