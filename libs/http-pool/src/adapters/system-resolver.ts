// Addresses from the operating system's resolver: hosts file, then DNS. Port: ResolveHost in http-pool.port.ts.
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { ResolveHost } from '../http-pool.port.js';

export const systemResolver: ResolveHost = async (host) => {
  if (isIP(host) !== 0) return [host];
  const found = await lookup(host, { all: true });
  return found.map(({ address }) => address);
};
