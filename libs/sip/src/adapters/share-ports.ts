// What a worker needs to share its ports with others (docs/architecture.md §8): the option of its listeners, and what hands on messages
// that are another one's. Made by bono and sprout before their transports and endpoint, which are named late.
import { createHmac } from 'node:crypto';
import type { TransportReceiver } from '../transport/transport.port.js';
import { Handover } from '../workers/handover.js';
import type { WorkerLinks } from '../workers/worker-links.port.js';
import type { SharedPort } from './listener.js';
import type { NodeTransports } from './transports.options.js';
import { PROBE_KEY_BYTES } from './wait-probe.js';

export type PortSharingOptions = Readonly<{
  links: WorkerLinks;
  /** A secret of the program's, the same in all workers. */
  key: Buffer;
  transports: () => NodeTransports;
  receiver: () => TransportReceiver;
  /** A frame of the app's own (Handover.tell). */
  told?: (text: string) => void;
}>;

export type PortSharing = Readonly<{ handover: Handover; shared: SharedPort }>;

export const sharePorts = ({ links, key, transports, receiver, told }: PortSharingOptions): PortSharing => {
  const handover = new Handover({
    links,
    receiver,
    datagramFlow: (listener, address, port) =>
      transports().flowTo({ transport: 'udp', address, port }, listener),
    probeAstray: (listener) => transports().probeAstray(listener),
    ...(told === undefined ? {} : { told }),
  });
  return {
    handover,
    shared: {
      worker: links.own,
      probeKey: createHmac('sha256', key)
        .update('probes of the wait')
        .digest()
        .subarray(0, PROBE_KEY_BYTES - 1),
      astray: (worker, listener) => handover.probeOf(worker, listener),
    },
  };
};
