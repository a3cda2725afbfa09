// What Bono needs of the world; apps/clearwater and main.ts supply it.
import type { Clock, Random, Traces } from '#libs/runtime';
import type { EmergencyNumbers, Endpoint, Flow, Target, Transports } from '#libs/sip';
import type { EdgeCharging } from './charging/edge-charging.port.js';
import type { PrivatePeers } from './private-peer.js';
import type { HiddenTopology } from './trunks/hidden-topology.js';
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
  /** Whose connection a token of ours names, if it is another worker's on the same ports. */
  workerOf(token: string): number | undefined;
}

/** Whom the registrar accepted on a flow, for one public identity. */
export type FlowIdentity = Readonly<{
  impu: string;
  impi: string;
  /** `+sip.instance` of the device, '' when it gave none. */
  instance: string;
  /** Contact URIs that are bound on the flow. */
  contacts: readonly string[];
  expiresAtMs: number;
  serviceRoute: string | undefined;
}>;

/** Who is registered on a flow over UDP, for the other workers. */
export interface Siblings {
  registered(flow: Flow, identities: readonly FlowIdentity[]): void;
  deregistered(flow: Flow, impus: readonly string[]): void;
}

export type BonoPorts = Readonly<{
  tokens: FlowNames;
  privatePeers: PrivatePeers;
  /** Networks and PBXes outside, where the operator names any. */
  trunks?: Trunks;
  topology: HiddenTopology;
  /** Where the edge's own part of a call is charged (CDF_IDENTITY). */
  charging?: EdgeCharging;
  clock: Clock;
  random: Random;
  transports: Pick<Transports, 'sentBy'>;
  observer: BonoObserver;
  /** Where calls are traced. */
  traces?: Traces;
  /** Other processes on the same ports, if there are any. */
  siblings?: Siblings;
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
  /** Trusted ports of all workers of this edge, by their numbers; [] where it is one process. */
  workers: readonly Target[];
  /** What is an emergency call, and whether who is not registered may make one. */
  emergency: EmergencyNumbers & Readonly<{ unregistered: boolean }>;
  /** Name put into icid-generated-at. */
  publicHost: string;
  /** `host:port;transport=udp` of the side that faces the trunk whose peer this URI is. */
  trunkSide: (peerUri: string) => string;
}>;

/** Listeners by zone. */
export const TRUSTED_LISTENER = 'trusted';
export const CLIENT_LISTENER = 'untrusted';
