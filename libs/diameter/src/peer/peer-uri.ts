// Where a peer is, from text: a DiameterURI (RFC 6733 §4.3.1), or a host with or without a port, as people write it.
// Read by command lines and by what names its charging functions as text.
import { isDiameterIdentity } from '../codec/formats.js';
import type { PeerAddress } from './transport.port.js';

export const PORT = 3868;
export const TLS_PORT = 5658;

const HOST_AND_PORT = /^(?:(aaas?):\/\/)?(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9_.-]+)(?::(\d{1,5}))?(;transport=tcp)?(;protocol=diameter)?$/; // prettier-ignore

/** undefined: neither; or a transport that is not TCP. */
export const parsePeerAddress = (text: string): PeerAddress | undefined => {
  const [, scheme = 'aaa', host = '', digits] = HOST_AND_PORT.exec(text.trim()) ?? [];
  const isTls = scheme === 'aaas';
  const port = digits === undefined ? (isTls ? TLS_PORT : PORT) : Number(digits);
  if (host === '' || port > 65_535) return undefined;
  const bare = host.startsWith('[') ? host.slice(1, -1) : host;
  if (!host.startsWith('[') && !isDiameterIdentity(bare)) return undefined;
  return { host: bare, port, ...(isTls ? { tls: true } : {}) };
};
