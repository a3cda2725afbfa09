// Who the edge is on TLS: the operator's certificate, or beyond loopback one that it makes for itself, or nobody: then there is
// no TLS and no WSS (docs/architecture.md §7). Used by main.ts and by the all-in-one, before startBono.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { type Clock, isLoopback, type Logger, openCertificateFiles, type ProcessConfig, StartRefused } from '#libs/runtime'; // prettier-ignore
import { isWildcard, openSelfMadeCertificate, type TlsOptions } from '#libs/sip';
import type { BonoConfig } from './bono.config.js';

export type EdgeIdentityOptions = Readonly<{
  process: Pick<ProcessConfig, 'homeDomain' | 'bindAddress' | 'publicHost' | 'dataDir'>;
  config: Pick<BonoConfig, 'tlsCertFile' | 'tlsKeyFile' | 'trunksFile' | 'trunkCaFile'>;
  clock: Clock;
  logger: Logger;
}>;

/** `tls` fits startBono's options as it is; `close` ends looking at files. */
export type EdgeIdentity = Readonly<{ tls?: TlsOptions; close: () => void }>;

const NOBODY: EdgeIdentity = { close: () => undefined };

/** Rejects with StartRefused when what is configured is of no use: an edge without the TLS that was asked for is no edge. */
export const openEdgeIdentity = async (options: EdgeIdentityOptions): Promise<EdgeIdentity> => {
  const { config, process, clock, logger } = options;
  const { tlsCertFile: certFile, tlsKeyFile: keyFile } = config;
  if ((certFile === '') !== (keyFile === ''))
    throw new StartRefused('TLS_CERT_FILE and TLS_KEY_FILE belong together: one of them is not set');
  if (certFile !== '') {
    const files = await openCertificateFiles({ certFile, keyFile, clock, log: logger }).catch(
      (error: unknown) => {
        throw new StartRefused(`TLS_CERT_FILE ${certFile}, TLS_KEY_FILE ${keyFile}: ${String(error)}`);
      },
    );
    return { tls: { identity: files.identity, ...trunkPeers(config) }, close: () => files.close() };
  }
  const host = hostOf(process);
  if (isLoopback(host)) return NOBODY;
  const folder = path.join(process.dataDir, 'tls');
  const names = isWildcard(host) ? [process.homeDomain] : [host, process.homeDomain];
  const made = await openSelfMadeCertificate(folder, names, clock);
  logger.warn(
    { certFile: made.certFile, names },
    'TLS goes by a self-made certificate, which clients have no reason to believe: TLS_CERT_FILE takes a real one',
  );
  return { tls: { identity: made.identity, ...trunkPeers(config) }, close: () => undefined };
};

/** Trunks may show who they are; whose word is taken for that. */
const trunkPeers = ({
  trunksFile,
  trunkCaFile,
}: EdgeIdentityOptions['config']): Pick<TlsOptions, 'ca' | 'asksClients'> => {
  if (trunkCaFile === '') return { asksClients: trunksFile !== '' };
  try {
    return { asksClients: trunksFile !== '', ca: [readFileSync(trunkCaFile, 'utf8')] };
  } catch (error) {
    throw new StartRefused(`TRUNK_CA_FILE ${trunkCaFile}: ${String(error)}`);
  }
};

const hostOf = ({ publicHost, bindAddress }: EdgeIdentityOptions['process']): string =>
  (publicHost || bindAddress).replace(/^\[|\]$/g, '');
