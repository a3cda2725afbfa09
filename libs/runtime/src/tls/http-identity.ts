// TLS of HTTP: who this process is on its HTTP ports (HTTP_TLS_CERT_FILE, HTTP_TLS_KEY_FILE), and whose word about others' it takes
// (HTTP_CA_FILE). Read once, by process.ts, for all servers and clients of the process; a start with files of no use is refused.
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Clock } from '../clock.port.js';
import { ConfigError } from '../config.js';
import type { ProcessConfig } from '../process.config.js';
import { type CertificateFiles, type CertificateLog, openCertificateFiles } from './certificate-files.js';

const PEM_CERTIFICATES = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

type CertificateConfig = Pick<ProcessConfig, 'httpTlsCertFile' | 'httpTlsKeyFile'>;

/** Undefined where HTTP is to go in the clear. Rejects with ConfigError. */
export const openHttpIdentity = async (
  { httpTlsCertFile: certFile, httpTlsKeyFile: keyFile }: CertificateConfig,
  clock: Clock,
  log: CertificateLog,
): Promise<CertificateFiles | undefined> => {
  if (certFile === '' && keyFile === '') return undefined;
  if (certFile === '' || keyFile === '') {
    const missing = certFile === '' ? 'HTTP_TLS_CERT_FILE' : 'HTTP_TLS_KEY_FILE';
    throw new ConfigError(
      missing,
      `HTTP_TLS_CERT_FILE and HTTP_TLS_KEY_FILE belong together: set ${missing} too, or neither`,
    );
  }
  return openCertificateFiles({ certFile, keyFile, clock, log }).catch((error: unknown) => {
    throw new ConfigError(
      'HTTP_TLS_CERT_FILE',
      `HTTP_TLS_CERT_FILE ${certFile}, HTTP_TLS_KEY_FILE ${keyFile}: ${String(error)}. Put a certificate with its chain and ` +
        'its own private key there, both as PEM and readable by this user, or unset both for plain HTTP',
    );
  });
};

/** What the HTTP APIs of a program with this configuration speak. */
export const httpScheme = ({ httpTlsCertFile }: Pick<ProcessConfig, 'httpTlsCertFile'>): 'http' | 'https' =>
  httpTlsCertFile === '' ? 'http' : 'https';

/** PEM; undefined: those whom Node knows. Throws ConfigError. */
export const readHttpCa = ({ httpCaFile: file }: Pick<ProcessConfig, 'httpCaFile'>): string | undefined => {
  if (file === '') return undefined;
  try {
    const ca = readFileSync(file, 'utf8');
    const certificates = ca.match(PEM_CERTIFICATES);
    if (certificates === null) throw new Error('there is no certificate in it');
    // Node would pass over what is damaged, and believe nobody.
    for (const certificate of certificates) new X509Certificate(certificate);
    return ca;
  } catch (error) {
    throw new ConfigError(
      'HTTP_CA_FILE',
      `HTTP_CA_FILE ${file}: ${String(error)}. Put the certificates of those there who vouch for HTTP servers, as PEM`,
    );
  }
};
