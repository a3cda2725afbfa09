// The 200 OK to a REGISTER (RFC 3261 §10.3 step 8, RFC 3327, RFC 3608, RFC 5626 §6, RFC 7315 §4.1).
import { type Binding, liveBindings, type Registration } from '#libs/domain';
import { H, type SipMessage, values } from '#libs/sip';
import type { SproutSettings } from '../ports.js';

const contactHeader = (binding: Binding, nowMs: number, gruus: string): string => {
  const expiresS = Math.max(0, Math.ceil((binding.expiresAtMs - nowMs) / 1000));
  const q = binding.q === 1 ? '' : `;q=${binding.q}`;
  return `Contact: <${binding.contact}>${binding.params};expires=${expiresS}${q}${gruus}\r\n`;
};

export type AnswerOptions = Readonly<{
  /** RFC 5626 §6: this request has a flow of its own. */
  hasOwnFlow: boolean;
  /** Emergency registrations are told to who makes one, and the others to all others (TS 24.229 §5.4.8.2). */
  isEmergency: boolean;
  /** Where the client knows GRUUs: those of each contact, as parameters (RFC 5627 §5.3). */
  gruusOf?: (binding: Binding, all: readonly Binding[]) => string;
}>;

/** Whole header lines of the answer, for the bindings as they now are. */
export const registerAnswerHeaders = (
  request: SipMessage,
  row: Registration,
  identities: readonly string[],
  settings: SproutSettings,
  nowMs: number,
  { hasOwnFlow, isEmergency, gruusOf }: AnswerOptions,
): string => {
  const bindings = liveBindings(row, nowMs);
  let headers = '';
  for (const binding of bindings)
    if ((binding.emergency === true) === isEmergency)
      headers += contactHeader(binding, nowMs, gruusOf?.(binding, bindings) ?? '');
  const path = values(request, H.Path);
  for (const value of path) headers += `Path: ${value}\r\n`;
  const host = settings.scscfUri.slice(settings.scscfUri.indexOf(':') + 1);
  headers += `Service-Route: <sip:${host};lr;orig>\r\n`;
  headers += `P-Associated-URI: ${identities.map((identity) => `<${identity}>`).join(', ')}\r\n`;
  headers += 'Supported: path, outbound\r\n';
  // RFC 5626 §6: told where this request has a flow of its own, not where another binding has.
  if (bindings.length > 0 && hasOwnFlow) headers += 'Require: outbound\r\n';
  return headers;
};
