// A certificate for HTTP that is of no use stops the start, and the line says what to do. With one: apps/clearwater/src/https.spec.ts.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ConfigError } from '../config.js';
import { silentLogger } from '../logger.js';
import { systemClock } from '../system-clock.js';
import { openHttpIdentity, readHttpCa } from './http-identity.js';

let folder: string;
beforeEach(() => (folder = mkdtempSync(path.join(tmpdir(), 'http-tls-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const put = (name: string, text: string): string => {
  const file = path.join(folder, name);
  writeFileSync(file, text);
  return file;
};
const open = (httpTlsCertFile: string, httpTlsKeyFile: string) =>
  openHttpIdentity({ httpTlsCertFile, httpTlsKeyFile }, systemClock, silentLogger);

it('is nobody without files', async () => {
  expect(await open('', '')).toBeUndefined();
});

it.each([
  ['/a.crt', '', 'set HTTP_TLS_KEY_FILE too, or neither'],
  ['', '/a.key', 'set HTTP_TLS_CERT_FILE too, or neither'],
])('refuses one file without the other: %j %j', async (cert, key, says) => {
  await expect(open(cert, key)).rejects.toThrow(says);
  await expect(open(cert, key)).rejects.toBeInstanceOf(ConfigError);
});

it('refuses files that are not there or are no certificate, and says what belongs there', async () => {
  const text = put('a.crt', 'no certificate');
  for (const [cert, key] of [['/nowhere.crt', '/nowhere.key'], [text, text]] as const) {
    await expect(open(cert, key)).rejects.toBeInstanceOf(ConfigError);
    await expect(open(cert, key)).rejects.toThrow(`HTTP_TLS_CERT_FILE ${cert}, HTTP_TLS_KEY_FILE ${key}: `);
    await expect(open(cert, key)).rejects.toThrow(/Put a certificate with its chain and its own private key there.*or unset both/);
  }
}); // prettier-ignore

it('refuses a file of authorities that has none', () => {
  expect(readHttpCa({ httpCaFile: '' })).toBeUndefined();
  const broken = put('b.pem', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n');
  for (const httpCaFile of ['/nowhere.pem', put('a.pem', 'nobody'), broken])
    expect(() => readHttpCa({ httpCaFile })).toThrow(/^HTTP_CA_FILE .*Put the certificates of those there/);
});
