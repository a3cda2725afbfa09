// Whether a REGISTER is for this registrar, by its Request-URI: the domain whose bindings are asked for (RFC 3261 §10.2, §10.3 item 1). Pure.
// Reader: register.ts.
import { canonicalIp, hostKey, parseSipUri } from '#libs/sip';
import type { SproutSettings } from '../ports.js';

export type RegistrarNames = Pick<SproutSettings, 'homeDomain' | 'registrarNames'>;

/**
 * False for another domain, which is answered 404 (§21.4.5): REGISTERs of people whom nobody here knows are not relayed to where they
 * say. An address names no domain, but whoever it reached; a phone may know no other name for its proxy.
 */
export const isForRegistrar = (
  requestUri: string,
  { homeDomain, registrarNames }: RegistrarNames,
): boolean => {
  // As nearly all are written: nothing is parsed for them.
  if (
    requestUri.length === homeDomain.length + 4 &&
    requestUri.startsWith('sip:') &&
    requestUri.endsWith(homeDomain)
  )
    return true;
  const uri = parseSipUri(requestUri);
  return uri !== undefined && (registrarNames.has(hostKey(uri.host)) || canonicalIp(uri.host) !== undefined);
};
