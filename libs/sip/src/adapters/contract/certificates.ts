// Certificates for tests, made once a run: of names on loopback, and of somebody else. Readers: *.spec.ts in adapters/.
import { HeldIdentity, type TlsPair } from '#libs/runtime';
import { makeCertificate } from '../tls/self-made-certificate.js';
import type { TlsOptions } from '../tls/tls-options.js';

/** The machine's clock judges certificates, whatever clock the listeners go by. */
const NOW_MS = performance.timeOrigin;

export const EDGE_NAME = 'edge.ims.test';
export const edgePair: TlsPair = await makeCertificate([EDGE_NAME, '127.0.0.1', '::1'], NOW_MS);
export const strangerPair: TlsPair = await makeCertificate(['stranger.test'], NOW_MS);
/** The edge's name fits it, as the web compares names. */
export const wildcardPair: TlsPair = await makeCertificate(['*.ims.test'], NOW_MS);

/** A node that is `pair` and believes those given. */
export const tlsOf = (pair: TlsPair = edgePair, trusted: readonly TlsPair[] = [edgePair]): TlsOptions => ({
  identity: new HeldIdentity(pair),
  ca: trusted.map(({ cert }) => cert),
});
