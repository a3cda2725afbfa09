// The peers of a node: those it was told of, and those that came by themselves. Used by node.ts.
import type { Clock } from '#libs/runtime';
import type { LocalNode, RemoteCapabilities } from '../peer/capabilities.js';
import { Peer, type PeerPorts, type PeerSink, type PeerTiming } from '../peer/peer.js';
import type { PeerAddress } from '../peer/transport.port.js';

/** Peers that connect without being configured. At the bound a CER of another one is answered 3010. */
export const UNCONFIGURED_PEERS_MAX = 256;

/**
 * Whom to know; with an address it is called, without one it is waited for. `isAnyone`: only the address is known; whoever answers there
 * is let in, and `host` is our name for it.
 */
export type PeerConfig = Readonly<{ host: string; address?: PeerAddress; isAnyone?: boolean }>;

export type PeerTableOptions = Readonly<{
  configured: readonly PeerConfig[];
  welcome: (remote: RemoteCapabilities) => boolean;
  local: LocalNode;
  timing: PeerTiming;
  ports: PeerPorts;
  sink: Omit<PeerSink, 'up'>;
}>;

export interface PeerTable {
  /** By host in lower case. */
  readonly peers: ReadonlyMap<string, Peer>;
  isWelcome(remote: RemoteCapabilities): boolean;
  /** The one of that name; made when it is new. */
  of(remote: RemoteCapabilities): Peer;
  /** False when it did not come about in time. */
  until(isReached: () => boolean, timeoutMs: number): Promise<boolean>;
}

const key = (host: string): string => host.toLowerCase();

export const createPeerTable = (options: PeerTableOptions, clock: Pick<Clock, 'after'>): PeerTable => {
  const { configured, welcome, local, timing, ports } = options;
  const peers = new Map<string, Peer>();
  const known = new Set(configured.map(({ host }) => key(host)));
  const watchers = new Set<() => void>();
  const changed = (): void => {
    for (const watcher of [...watchers]) watcher();
  };
  const sink: PeerSink = {
    ...options.sink,
    up: (peer) => {
      // One that has started anew was closed, and so forgotten, in the course of its being let in.
      peers.set(key(peer.host), peer);
      changed();
    },
    closed: (peer, reason) => {
      options.sink.closed(peer, reason);
      if (!known.has(key(peer.host))) peers.delete(key(peer.host));
      changed();
    },
  };
  const create = ({ host, address, isAnyone = false }: PeerConfig): Peer => {
    const peer = new Peer({ host, isAnyone }, address, local, timing, ports, sink);
    peers.set(key(host), peer);
    return peer;
  };
  for (const config of configured) create(config);

  return {
    peers,
    isWelcome(remote) {
      const name = key(remote.host);
      if (known.has(name)) return true;
      return welcome(remote) && (peers.has(name) || peers.size - known.size < UNCONFIGURED_PEERS_MAX);
    },
    of: (remote) => peers.get(key(remote.host)) ?? create({ host: remote.host }),
    until: (isReached, timeoutMs) =>
      new Promise((resolve) => {
        const end = (reached: boolean): void => {
          watchers.delete(look);
          cancel();
          resolve(reached);
        };
        const look = (): void => {
          if (isReached()) end(true);
        };
        const cancel = clock.after(timeoutMs, () => end(isReached()));
        watchers.add(look);
        look();
      }),
  };
};
