// The 200 OK to a REGISTER (RFC 3261 §10.3 step 8, RFC 3327, RFC 3608, RFC 5626 §6, RFC 7315 §4.1).
import { type Binding, liveBindings, type Registration } from '#libs/domain';
import { H, hasOption, type SipMessage, values } from '#libs/sip';
import type { SproutSettings } from '../ports.js';

const contactHeader = (binding: Binding, nowMs: number): string => {
  const expiresS = Math.max(0, Math.ceil((binding.expiresAtMs - nowMs) / 1000));
  const q = binding.q === 1 ? '' : `;q=${binding.q}`;
  return `Contact: <${binding.contact}>${binding.params};expires=${expiresS}${q}\r\n`;
};

/** RFC 5626 §6: the registrar tells the client that outbound is in use. */
const outboundUsed = (request: SipMessage, path: readonly string[], bindings: readonly Binding[]): boolean =>
  hasOption(request, H.Supported, 'outbound') &&
  path.length > 0 &&
  /;ob(?:[;>=]|$)/i.test(path[path.length - 1]!) &&
  bindings.some(({ instance, regId }) => instance !== undefined && regId !== undefined);

/** Whole header lines of the answer, for the bindings as they now are. */
export const registerAnswerHeaders = (
  request: SipMessage,
  row: Registration,
  identities: readonly string[],
  settings: SproutSettings,
  nowMs: number,
): string => {
  const bindings = liveBindings(row, nowMs);
  let headers = '';
  for (const binding of bindings) if (!binding.emergency) headers += contactHeader(binding, nowMs);
  const path = values(request, H.Path);
  for (const value of path) headers += `Path: ${value}\r\n`;
  const host = settings.scscfUri.slice(settings.scscfUri.indexOf(':') + 1);
  headers += `Service-Route: <sip:${host};lr;orig>\r\n`;
  headers += `P-Associated-URI: ${identities.map((identity) => `<${identity}>`).join(', ')}\r\n`;
  headers += 'Supported: path, outbound\r\n';
  if (bindings.length > 0 && outboundUsed(request, path, bindings)) headers += 'Require: outbound\r\n';
  return headers;
};
