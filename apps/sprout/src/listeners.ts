// The router's SIP ports: which listeners there are, and whether other processes have them too. Used by sprout-node.ts.
import type { PeerCheck, ProcessConfig } from '#libs/runtime';
import type { ListenerOptions, SharedPort } from '#libs/sip';
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
