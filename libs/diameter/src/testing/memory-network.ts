// Connections in memory under a clock: the simulated twin of adapters/tcp. What is sent arrives after `latencyMs`, in order; an end can
// be made deaf (nothing arrives and nobody is told), which is how a peer dies whose machine is gone.
import type { Clock } from '#libs/runtime';
import type { Connection, ConnectionEvents, DiameterTransport, PeerAddress } from '../peer/transport.port.js';

type Half = {
  events: ConnectionEvents | undefined;
  other: Half | undefined;
  isOpen: boolean;
  remote: string;
};

export interface MemoryNetwork extends DiameterTransport {
  /** Addresses whose connections swallow everything, both ways. */
  deaf(host: string, isDeaf: boolean): void;
  /** Every connection to or from that host ends. */
  cut(host: string): void;
}

type Accept = (connection: Connection) => ConnectionEvents | undefined;

export const createMemoryNetwork = (clock: Clock, latencyMs = 1): MemoryNetwork => {
  const listeners = new Map<string, Accept>();
  const halves = new Set<Half>();
  const deafened = new Set<string>();
  const nameOf = ({ host, port }: PeerAddress): string => `${host}:${port}`;
  const isDeaf = ({ remote }: Half): boolean => deafened.has(remote);

  const end = (half: Half, reason: string): void => {
    if (!half.isOpen) return;
    half.isOpen = false;
    halves.delete(half);
    half.events?.closed(reason);
  };
  const connectionOf = (half: Half): Connection => ({
    remote: half.remote,
    queuedBytes: 0,
    send(bytes) {
      const copy = Buffer.from(bytes);
      clock.after(latencyMs, () => {
        const { other } = half;
        if (other?.isOpen && !isDeaf(half)) other.events?.data(copy);
      });
    },
    close() {
      if (!half.isOpen) return;
      half.isOpen = false;
      halves.delete(half);
      clock.after(latencyMs, () => {
        half.events?.closed('closed');
        if (half.other && !isDeaf(half)) end(half.other, 'closed by the other end');
      });
    },
  });

  return {
    deaf: (host, state) => void (state ? deafened.add(host) : deafened.delete(host)),
    cut(host) {
      for (const half of [...halves]) if (half.remote === host) { end(half, 'reset'); if (half.other) end(half.other, 'reset'); }
    },
    connect(address, events) {
      const near: Half = { events, other: undefined, isOpen: true, remote: address.host };
      halves.add(near);
      const connection = connectionOf(near);
      clock.after(latencyMs, () => {
        const accept = listeners.get(nameOf(address));
        if (!near.isOpen) return;
        if (!accept || isDeaf(near)) return isDeaf(near) ? undefined : end(near, 'refused');
        const far: Half = { events: undefined, other: near, isOpen: true, remote: address.host };
        near.other = far;
        halves.add(far);
        far.events = accept(connectionOf(far));
        if (!far.events) return end(near, 'refused');
        events.opened();
      });
      return connection;
    },
    async listen(at, accept) {
      listeners.set(nameOf(at), accept);
      return { port: at.port, close: async () => void listeners.delete(nameOf(at)) };
    },
  };
}; // prettier-ignore
