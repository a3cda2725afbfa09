// What the TLS and WSS listeners are given: who this node is, and whose word about others is taken. RFC 3261 §26.3.1.
import type { TlsIdentity } from '#libs/runtime';

export type TlsOptions = Readonly<{
  identity: TlsIdentity;
  /** PEM of those whose word about other nodes is taken; default: the public ones that Node knows. */
  ca?: readonly string[];
  /** Who connects over TLS may show who it is. */
  asksClients?: boolean;
}>;
