// Where the nodes of a core agree on the keyspaces of their views: beside the shared configuration, under a prefix of its own.
// Used by the start-up of what keeps views in stores that several processes share.
import { hostname } from 'node:os';
import path from 'node:path';
import {
  type Clock,
  loadConfigOrExit,
  type ProcessConfig,
  readPrivateFile,
  replacePrivateFile,
} from '#libs/runtime';
import { openSharedConfig, type SharedConfig, SharedConfigConfig } from '#libs/shared-config';
import type { KeyspaceNodeOptions } from './keyspaces.js';

export type Agreement = Readonly<{ shared: SharedConfig; node: string }> &
  Required<Pick<KeyspaceNodeOptions, 'memory'>>;

/** Undefined where nothing is shared: the first keyspace serves for ever. To be closed by who opened it. */
export const openAgreement = async (
  { dataDir, bindAddress, managementPort }: Pick<ProcessConfig, 'dataDir' | 'bindAddress' | 'managementPort'>,
  clock: Clock,
): Promise<Agreement | undefined> => {
  const config = loadConfigOrExit(SharedConfigConfig);
  if (config.sharedConfig !== 'etcd') return undefined;
  const own = Object.assign(new SharedConfigConfig(), config, { etcdPrefix: `${config.etcdPrefix}.views` });
  const shared = await openSharedConfig(own, dataDir, clock);
  const file = path.join(dataDir, 'view-keyspaces.json');
  return {
    shared,
    // Two routers of one machine have the same port, each at an address of its own: of one name they would be one node.
    node: `${bindAddress}:${managementPort}-${hostname()}`,
    memory: {
      read: () => readPrivateFile(file)?.toString(),
      write: (text) => replacePrivateFile(file, text),
    },
  };
};
