// A certificate and its key (TLS_CERT_FILE and TLS_KEY_FILE of the edge, HTTP_TLS_… of the HTTP APIs), looked at again while the process runs: an operator or an ACME
// client puts new files there, and from then on new connections get the new certificate. What is no pair (one file written,
// the other not yet) changes nothing. Readers: bono, http-identity.ts.
import { readFile, stat } from 'node:fs/promises';
import type { Clock } from '../clock.port.js';
import { HeldIdentity, type TlsIdentity, type TlsPair } from './tls-identity.js';

/** Read, not watched: mounted secrets are links that are turned over, which a watch on a file does not see. */
export const CERTIFICATE_CHECK_MS = 10_000;
const FILE_BYTES_MAX = 262_144;

export interface CertificateLog {
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export type CertificateFilesOptions = Readonly<{
  certFile: string;
  keyFile: string;
  clock: Clock;
  log: CertificateLog;
}>;

export interface CertificateFiles {
  readonly identity: TlsIdentity;
  /** One look now; what the timer does. Never rejects. */
  check(): Promise<void>;
  close(): void;
}

/** Rejects when a file cannot be read, or they are no pair. */
export const openCertificateFiles = async (options: CertificateFilesOptions): Promise<CertificateFiles> => {
  const { clock, log, certFile } = options;
  const identity = new HeldIdentity(await readPair(options));
  /** What was refused last, told once. */
  let refused = '';
  let closed = false;
  const check = async (): Promise<void> => {
    try {
      const pair = await readPair(options);
      if (closed || (pair.cert === identity.current.cert && pair.key === identity.current.key)) return;
      identity.replace(pair);
      refused = '';
      log.warn({ certFile }, 'TLS certificate replaced');
    } catch (error) {
      const reason = String(error);
      if (reason !== refused)
        log.error({ certFile, reason }, 'TLS certificate not replaced: the old one goes on');
      refused = reason;
    }
  };
  const again = (): void => {
    void check().then(() => {
      if (!closed) cancel = clock.after(CERTIFICATE_CHECK_MS, again);
    });
  };
  let cancel = clock.after(CERTIFICATE_CHECK_MS, again);
  const close = (): void => {
    closed = true;
    cancel();
  };
  return { identity, check, close };
};

const readPair = async ({ certFile, keyFile }: CertificateFilesOptions): Promise<TlsPair> => ({
  cert: await readBounded(certFile),
  key: await readBounded(keyFile),
});

const readBounded = async (file: string): Promise<string> => {
  const { size } = await stat(file);
  if (size > FILE_BYTES_MAX) throw new Error(`${file} has ${size} bytes, at most ${FILE_BYTES_MAX} are read`);
  return readFile(file, 'utf8');
};
