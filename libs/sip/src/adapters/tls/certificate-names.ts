// Whom a certificate is of, as SIP has it: which of its names count (RFC 5922 §7.1), and whole names only, no wildcards (§7.2). Node's own
// check is that of the web, which takes wildcards and knows no sip: URI. Readers: tls-stream.ts, tcp-connection.ts.
import type { Socket } from 'node:net';
import { checkServerIdentity, type PeerCertificate, TLSSocket } from 'node:tls';
import { canonicalIp } from '../../fields/ip-address.js';
import { hostKey } from '../../transport/resolver.js';

/** As `checkServerIdentity` of node:tls: why the certificate is not of that host; undefined: it is. */
export const checkSipIdentity = (host: string, certificate: PeerCertificate): Error | undefined => {
  if (canonicalIp(host) !== undefined) return checkServerIdentity(host, certificate);
  const wanted = hostKey(host);
  const names = domainsOf(certificate);
  return names.some((name) => hostKey(name) === wanted)
    ? undefined
    : new Error(`the certificate is not of ${host}, but of ${names.join(', ') || 'nobody that SIP knows'}`);
};

/** Is the other end of that name? Who showed no certificate, or one of somebody who is not believed, is nobody by name. */
export const isOfPeer = (socket: Socket, name: string): boolean =>
  socket instanceof TLSSocket &&
  socket.authorized &&
  canonicalIp(name) === undefined &&
  checkSipIdentity(name, socket.getPeerCertificate()) === undefined;

type Named = Readonly<{ subjectaltname?: string; subject?: Readonly<{ CN?: string | string[] }> }>;

const domainsOf = ({ subjectaltname, subject }: Named): readonly string[] => {
  // §7.1 item 2: the common name counts only where there is no subjectAltName at all.
  if (subjectaltname === undefined) return [subject?.CN ?? []].flat();
  // A value with a comma or a quote in it comes quoted, and is no host: what is in the quotes must not be taken for further values.
  const values = subjectaltname.replace(/"(?:[^"\\]|\\.)*"/g, '"').split(', ');
  const uris = values.flatMap((value) => domainOfUri(value) ?? []);
  return uris.length > 0 ? uris : values.flatMap((value) => (value.startsWith('DNS:') ? value.slice(4) : []));
};

/** Of a sip: URI without a user; one with a user names a person, and one of another scheme something else. */
const domainOfUri = (value: string): string | undefined =>
  value.includes('@') ? undefined : /^URI:sip:([^:;?/"]+)/i.exec(value)?.[1];
