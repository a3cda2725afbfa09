// Who this node is on TLS: a certificate with its key, which may be replaced while connections are open. RFC 3261 §26.3.1.
// Made by certificate-files.ts, by the edge's self-made certificate and by tests; read by the edge's TLS and WSS listeners and by HTTP's.
import { createSecureContext } from 'node:tls';

/** PEM; the certificate may be a chain, its own first. */
export type TlsPair = Readonly<{ key: string; cert: string }>;

export interface TlsIdentity {
  readonly current: TlsPair;
  /** Told of each new pair, which is one that TLS takes. Returns how to be told no more. */
  onChange(told: (pair: TlsPair) => void): () => void;
}

/** Throws when it is no pair: bad PEM, or a key of another certificate. */
export const checkPair = ({ key, cert }: TlsPair): void => void createSecureContext({ key, cert });

/** An identity that is given a new pair by whoever holds it; throws, and changes nothing, when that is none. */
export class HeldIdentity implements TlsIdentity {
  #current: TlsPair;
  readonly #told = new Set<(pair: TlsPair) => void>();

  constructor(pair: TlsPair) {
    checkPair(pair);
    this.#current = pair;
  }

  get current(): TlsPair {
    return this.#current;
  }

  replace(pair: TlsPair): void {
    checkPair(pair);
    this.#current = pair;
    for (const tell of this.#told) tell(pair);
  }

  onChange(told: (pair: TlsPair) => void): () => void {
    this.#told.add(told);
    return () => void this.#told.delete(told);
  }
}
