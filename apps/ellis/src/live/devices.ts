// Who is registered under a number now, as the page shows it. RFC 3261 §10.3 (bindings), RFC 7118 (a WebSocket's host is no address).
// Read by live.ts.
import type { Binding, Registration } from '#libs/domain';
import type { Device } from '../contract.js';

const TRANSPORTS = new Set(['udp', 'tcp', 'tls', 'ws', 'wss']);

const transportOf = (contact: string): string | null => {
  const [, named] = /;transport=([A-Za-z]+)/i.exec(contact) ?? [];
  const transport = named?.toLowerCase() ?? (/^sips:/i.test(contact) ? 'tls' : 'udp');
  return TRANSPORTS.has(transport) ? transport : null;
};

/** host[:port] of the contact; a browser has none that means anything. */
const addressOf = (contact: string): string | null => {
  const [, host = ''] = /^sips?:(?:[^@]*@)?(\[[0-9A-Fa-f:.]+\](?::\d+)?|[^;?>]+)/i.exec(contact) ?? [];
  return host === '' || /\.invalid(:\d+)?$/i.test(host) ? null : host;
};

const deviceOf = ({ bindingId, contact, userAgent, expiresAtMs, grantedS }: Binding): Device => ({
  id: bindingId,
  contact,
  transport: transportOf(contact),
  address: addressOf(contact),
  user_agent: userAgent ?? null,
  since: expiresAtMs - grantedS * 1_000,
  expires_at: expiresAtMs,
});

/** Those that are not past their end and registered at `sinceMs` or later, newest first. */
export const devicesIn = ({ entries }: Registration, nowMs: number, sinceMs: number): Device[] =>
  Object.values(entries)
    .flatMap(({ binding }) => (binding !== undefined && binding.expiresAtMs > nowMs ? [deviceOf(binding)] : []))
    .filter(({ since }) => since >= sinceMs)
    .toSorted((a, b) => b.since - a.since); // prettier-ignore
