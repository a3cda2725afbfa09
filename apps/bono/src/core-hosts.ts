// Where a request of a client's may go within a dialog: to the core, by its names or by an address. A router that is found by a name
// may still have recorded its own address, as it does for application servers that do not know the name. Made by bono-node.ts.
import type { PeerCheck } from '#libs/runtime';
import { canonicalIp, hostPort, hostPortOf } from '#libs/sip';

export type CoreHosts = Readonly<{
  homeDomain: string;
  /** An address, or a name behind which there may be several. */
  router: string;
  icscfPort: number;
  scscfPort: number;
  /** Who belongs to the trusted zone. */
  peers: PeerCheck;
}>;

/** Is this the URI of the core? By host and port alone, nothing is looked up. */
export const coreCheck = (core: CoreHosts): ((uri: string) => boolean) => {
  const { homeDomain, router, icscfPort, scscfPort, peers } = core;
  const hosts = new Set([
    `icscf.${homeDomain}:${icscfPort}`,
    `scscf.${homeDomain}:${scscfPort}`,
    hostPort(router, icscfPort),
    hostPort(router, scscfPort),
  ]);
  const isNamed = canonicalIp(router) === undefined;
  const ports = [`:${icscfPort}`, `:${scscfPort}`];
  return (uri) => {
    const at = hostPortOf(uri).toLowerCase();
    if (hosts.has(at)) return true;
    const port = isNamed ? ports.find((suffix) => at.endsWith(suffix)) : undefined;
    if (port === undefined) return false;
    const address = canonicalIp(at.slice(0, -port.length).replace(/^\[(.*)\]$/, '$1'));
    return address !== undefined && peers(address);
  };
};
