// Addresses from a hosts file, else from the operating system's resolver. Port: ResolveHost in http-pool.port.ts.
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { ResolveHost } from '../http-pool.port.js';

export const systemResolver: ResolveHost = async (host) => {
  if (isIP(host) !== 0) return [host];
  const found = await lookup(host, { all: true });
  return found.map(({ address }) => address);
};

/** Names of a deployment before those of the system: `names` is what its hosts file says, in lower case. */
export const resolverWith =
  (names: ReadonlyMap<string, readonly Readonly<{ address: string }>[]>): ResolveHost =>
  async (host) =>
    names.get(host.toLowerCase())?.map(({ address }) => address) ?? systemResolver(host);
