// P-Charging-Vector (RFC 7315 §4.6): the identifier that the first trusted node gives a call, and all its records go by. Readers: sprout, bono.
import { H } from '../message/header-table.js';
import type { SipMessage } from '../message/message.js';

const OWN_VECTOR = 'icid-value=';
const QUOTE = 0x22;
const ICID = /(?:^|;)\s*icid-value\s*=\s*"?([^";\s]+)/i;

/** The ICID that the first trusted node made; undefined: none is told. */
export const icidOf = (message: SipMessage): string | undefined => {
  const vector = message.header(H.PChargingVector);
  if (vector === undefined) return undefined;
  // As our own edge writes it: no expression is needed.
  if (vector.startsWith(OWN_VECTOR) && vector.charCodeAt(OWN_VECTOR.length) !== QUOTE) {
    const end = vector.indexOf(';');
    return vector.slice(OWN_VECTOR.length, end < 0 ? undefined : end).trimEnd() || undefined;
  }
  return ICID.exec(vector)?.[1];
};
