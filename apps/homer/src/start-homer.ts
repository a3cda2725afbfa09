// Homer's core and its port, put together: the same for Homer alone and for the all-in-one.
// Users come from anywhere: the port asks each request who it is, so it has no list of peers in front.
import type { Homestead } from '#libs/homestead-client';
import {
  type ApiKeys,
  clientAddressBy,
  createPeerCheck,
  type HttpServer,
  isLoopback,
  type ProcessConfig,
  type ProcessParts,
  startHttp,
} from '#libs/runtime';
import type { EventLog } from '#libs/event-log';
import type { DocumentsByUser } from '#projections/documents-by-user';
import type { AuthenticationPorts } from './authenticate.js';
import { createHomer } from './homer.js';
import { HomerModule } from './homer.module.js';
import { createThreadValidator } from './schema/thread.schema-validator.js';
import { USAGES } from './usages.js';
import { proveSchemas, readConfiguredUsages } from './configured-usages.js';

/** A document of the longest, each of its characters in three bytes. */
export const XCAP_BODY_BYTES_MAX = 300_000;

export type StartHomerOptions = Readonly<{
  process: Pick<ProcessConfig, 'bindAddress' | 'homeDomain' | 'trustedPeers'>;
  port: number;
  /** HOMER_USAGES_FILE; '' for none. */
  usagesFile: string;
  log: EventLog;
  documents: DocumentsByUser;
  homestead: Homestead;
  apiKeys: ApiKeys;
}> &
  Pick<AuthenticationPorts, 'nonceKey' | 'nonceCounts'> &
  Pick<ProcessParts, 'clock' | 'random' | 'logger' | 'httpTls' | 'drain'>;

/** The machine itself is trusted, but it asserts nobody's identity unless it is listed, or there are no keys at all. */
const assertingPeers = (trustedPeers: readonly string[], apiKeys: ApiKeys): ((address: string) => boolean) => {
  const isTrusted = createPeerCheck(trustedPeers);
  const listsLoopback = trustedPeers.some((peer) => isLoopback(peer.split('/')[0] ?? ''));
  const isLocal = (address: string): boolean => isLoopback(address.replace(/^::ffff:/, ''));
  return (address) => isTrusted(address) && (!isLocal(address) || listsLoopback || apiKeys.open);
}; // prettier-ignore

/** Starts it; resolves when the port listens. Rejects with StartRefused where HOMER_USAGES_FILE cannot be used. */
export const startHomer = async (options: StartHomerOptions): Promise<HttpServer> => {
  const { process, port, usagesFile, log, documents, homestead, apiKeys, clock, random, logger } = options;
  const peers = createPeerCheck(process.trustedPeers);
  const configured = readConfiguredUsages(usagesFile);
  const validator = createThreadValidator(clock);
  await proveSchemas(usagesFile, configured, validator).catch(async (error: unknown) => {
    await validator.close();
    throw error;
  });
  const homer = createHomer({
    log,
    documents,
    homestead,
    apiKeys,
    clock,
    random,
    validator,
    usages: [...USAGES, ...configured],
    homeDomain: process.homeDomain,
    mayAssert: assertingPeers(process.trustedPeers, apiKeys),
    isTrusted: peers,
    nonceKey: options.nonceKey,
    nonceCounts: options.nonceCounts,
    onFault: (error) => logger.warn({ err: error }, 'homer'),
  });
  const http = await startHttp({
    module: HomerModule.forRoot(homer, clientAddressBy(peers)),
    host: process.bindAddress,
    port,
    title: 'Homer',
    role: 'homer',
    logger,
    bodyBytesMax: XCAP_BODY_BYTES_MAX,
    rawBody: true,
    tls: options.httpTls,
    drain: options.drain,
  });
  return {
    port: http.port,
    url: http.url,
    app: http.app,
    openApi: () => http.openApi(),
    async close() {
      await http.close();
      await validator.close();
    },
  };
};
