// Homer in the all-in-one: its port, and how the router reads documents: from the view that runs here, or over Homer's HTTP API as from
// another machine. Used by clearwater.ts.
import { type HomerConfig, sharedNonces, startHomer } from '#apps/homer';
import { connectHomer, type ServiceDocuments, type SproutConfig } from '#apps/sprout';
import type { Homestead } from '#libs/homestead-client';
import {
  type ApiKeys,
  type HttpServer,
  presentedKey,
  type ProcessConfig,
  type ProcessParts,
} from '#libs/runtime';
import type { ClearwaterConfig } from './clearwater.config.js';
import type { Storage } from './storage.js';

export type HomerPartOptions = Readonly<{
  configs: Readonly<{
    process: ProcessConfig;
    homer: HomerConfig;
    sprout: SproutConfig;
    clearwater: ClearwaterConfig;
  }>;
  apiKeys: ApiKeys;
  ownApiKey: string | undefined;
}> &
  ProcessParts;

export type HomerPart = Readonly<{ homer: HttpServer; documents: ServiceDocuments }>;

export const startHomerPart = async (
  options: HomerPartOptions,
  { log, documents, engines }: Pick<Storage, 'log' | 'documents' | 'engines'>,
  homestead: Homestead,
): Promise<HomerPart> => {
  const { configs, apiKeys, ownApiKey, clock, random, logger, shutdown, httpCa: ca } = options;
  const { process, clearwater } = configs;
  const { homerPort: port, homerUsagesFile: usagesFile } = configs.homer;
  const homer = await startHomer({
    process,
    port,
    usagesFile,
    log,
    documents,
    homestead,
    apiKeys,
    clock,
    random,
    logger,
    ...sharedNonces(process, engines, clock),
    drain: options.drain,
    ...(options.httpTls === undefined ? {} : { httpTls: options.httpTls }),
  });
  shutdown.on('finish', 'homer', () => homer.close());
  if (clearwater.homerLink === 'memory') return { homer, documents };
  // The key of DATA_DIR opens everything; of several given ones, the first for this role.
  const apiKey = process.apiKeys === undefined ? ownApiKey : presentedKey(process.apiKeys, 'homer');
  const link = connectHomer({ url: configs.sprout.homerUrl || homer.url, clock, random, ca, ...(apiKey === undefined ? {} : { apiKey }) }); // prettier-ignore
  shutdown.on('close', 'homer link', link.close);
  return { homer, documents: link.documents };
};
