// The shared configuration that the environment names; and what it says, also while it cannot be reached.
// Used by the all-in-one's start and by `npm run config`.
import path from 'node:path';
import { type Clock, makePrivateFolder, readPrivateFile, replacePrivateFile } from '#libs/runtime';
import type { SharedConfigConfig } from '../shared-config.config.js';
import { ConfigUnavailable, type SharedConfig } from '../shared-config.port.js';
import { createFileSharedConfig } from './embedded/file-shared-config.js';
import { openEtcd } from './etcd/etcd-shared-config.js';

export const openSharedConfig = (
  config: SharedConfigConfig,
  dataDir: string,
  clock: Clock,
): Promise<SharedConfig> => {
  if (config.sharedConfig === 'embedded') {
    const file = path.join(dataDir, 'shared-config.json');
    return Promise.resolve(createFileSharedConfig({ file, clock }));
  }
  const {
    etcdEndpoints: endpoints,
    etcdPrefix: prefix,
    etcdUsername: username,
    etcdTlsCaFile: caFile,
  } = config;
  return openEtcd({
    endpoints,
    prefix,
    clock,
    ...(username === '' ? {} : { username, password: config.etcdPassword }),
    ...(caFile === '' ? {} : { tls: { caFile } }),
  });
};

export type KnownValues = Readonly<{
  values: Readonly<Record<string, string>>;
  /** Why these are the last known ones, not the present ones. */
  staleReason?: string;
}>;

/** What is set; where it cannot be asked, what was set when it last could. Never rejects for that. */
export const readShared = async (shared: SharedConfig, dataDir: string): Promise<KnownValues> => {
  const file = path.join(dataDir, 'shared-config.known.json');
  try {
    const values = Object.fromEntries((await shared.list()).map(({ key, value }) => [key, value]));
    const known = readPrivateFile(file)?.toString();
    const text = JSON.stringify(values);
    // Where nothing is shared nothing is kept.
    if (text !== (known ?? '{}')) {
      // Of a program that keeps nothing else there.
      makePrivateFolder(dataDir);
      replacePrivateFile(file, text);
    }
    return { values };
  } catch (error) {
    if (!(error instanceof ConfigUnavailable)) throw error;
    const known = readPrivateFile(file)?.toString() ?? '{}';
    return { values: JSON.parse(known) as Record<string, string>, staleReason: error.message };
  }
};
