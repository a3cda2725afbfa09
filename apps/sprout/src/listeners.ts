// The router's SIP ports: which listeners there are, and whether other processes have them too. Used by sprout-node.ts.
import type { PeerCheck, ProcessConfig } from '#libs/runtime';
import {
  type ListenerOptions,
  type NodeTransports,
  type PortSharing,
  type PortSharingOptions,
  type SharedPort,
  sharePorts,
  type SipEndpoint,
  type WorkerLinks,
} from '#libs/sip';
import type { SproutConfig } from './sprout.config.js';

export const ICSCF_LISTENER = 'icscf';
export const SCSCF_LISTENER = 'scscf';

export const listenersOf = (
  { bindAddress }: Pick<ProcessConfig, 'bindAddress'>,
  { icscfPort, scscfPort }: Pick<SproutConfig, 'icscfPort' | 'scscfPort'>,
  peers: PeerCheck,
  shared: SharedPort | undefined,
): ListenerOptions[] => {
  const common = { address: bindAddress, allowPeer: peers, ...(shared === undefined ? {} : { shared }) };
  const icscf = { name: ICSCF_LISTENER, port: icscfPort, ...common };
  const scscf = { name: SCSCF_LISTENER, port: scscfPort, ...common };
  return [
    { ...icscf, transport: 'tcp' },
    { ...icscf, transport: 'udp' },
    { ...scscf, transport: 'tcp' },
    { ...scscf, transport: 'udp' },
  ];
};

/** With the other workers, if there are any; transports and endpoint are made later. */
export const sharingOf = (
  links: WorkerLinks | undefined,
  key: Buffer,
  late: Pick<PortSharingOptions, 'transports' | 'receiver'>,
): PortSharing | undefined => links && sharePorts({ links, key, ...late });

/** From the network, and from other workers. */
export const receiveWith = (
  transports: NodeTransports,
  endpoint: SipEndpoint,
  sharing: PortSharing | undefined,
): void => {
  transports.setReceiver(endpoint);
  sharing?.handover.open();
};
