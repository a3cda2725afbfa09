// What Bono needs of the world; apps/clearwater and main.ts supply it.
import type { Clock, Random } from '#libs/runtime';
import type { Endpoint, Flow, Transports } from '#libs/sip';
import type { PrivatePeers } from './private-peer.js';
import type { Trunks } from './trunks/trunks.js';

/** Counts for metrics; `kind` is a fixed word, never user input. */
export interface BonoObserver {
  count(kind: string): void;
}

/** Flow tokens over this node's transports (RFC 5626 §5.2). */
export interface FlowNames {
  /** undefined: not a flow between two IP addresses of one family. */
  of(flow: Flow): string | undefined;
  /** The flow that a token of ours names, if it still is. */
  flow(token: string): Flow | undefined;
}

export type BonoPorts = Readonly<{
  tokens: FlowNames;
  privatePeers: PrivatePeers;
  /** Networks and PBXes outside, where the operator names any. */
  trunks?: Trunks;
  clock: Clock;
  random: Random;
  transports: Pick<Transports, 'sentBy'>;
  observer: BonoObserver;
  /** Late bound: the endpoint is created with Bono as its user. */
  endpoint: () => Endpoint;
}>;

/** Settings that the handlers use, already validated. */
export type BonoSettings = Readonly<{
  homeDomain: string;
  /** host:port pairs by which Route and Request-URI mean this node, trusted and untrusted side. */
  ownHosts: ReadonlySet<string>;
  /** Is this URI of the core: may a client's in-dialog request go there next? */
  isCore: (uri: string) => boolean;
  /** Where initial requests go without a Service-Route: `sip:icscf.<domain>:5052;transport=tcp`. */
  upstreamUri: string;
  /** Trusted side as the core reaches it: `127.0.0.1:5058`. */
  trustedHostPort: string;
  /** Name put into icid-generated-at. */
  publicHost: string;
  /** `host:port;transport=udp` of the side that faces the trunk whose peer this URI is. */
  trunkSide: (peerUri: string) => string;
}>;

/** Listeners by zone. */
export const TRUSTED_LISTENER = 'trusted';
export const CLIENT_LISTENER = 'untrusted';
