// Names by which those outside mean this network: its domain, the edge's public host, and where the edge listens. Reader: called-by-trunk.ts.
import { hostKey, hostPortOf } from '#libs/sip';

export type OwnHosts = Readonly<{ homeDomain: string; publicHost: string; ownHosts: ReadonlySet<string> }>;

export const hasOwnHost = (uri: string, { homeDomain, publicHost, ownHosts }: OwnHosts): boolean => {
  const hostPort = hostPortOf(uri).toLowerCase();
  if (ownHosts.has(hostPort)) return true;
  const host = hostKey(hostPort.replace(/:\d+$/, ''));
  return host === homeDomain || host === hostKey(publicHost);
};
