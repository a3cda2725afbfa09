// Which calls are traced, and what their traces and spans are called: by the ICID alone, so that processes that know nothing of each other agree. Pure.
import { hash } from 'node:crypto';
import type { SpanPlace } from './traces.port.js';

/** FNV-1a, then mixed so that neighbours lie far apart: it is asked for every call, where calls are traced at all. */
const spread = (text: string): number => {
  let mixed = 0x811c9dc5;
  for (let n = 0; n < text.length; n += 1) mixed = Math.imul(mixed ^ text.charCodeAt(n), 0x01000193);
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
};

/** `share`: 0 to 1. */
export const isInShare = (icid: string, share: number): boolean => spread(icid) < share * 2 ** 32;

/** As OpenTelemetry writes them, in hexadecimal. */
export type SpanNames = Readonly<{
  traceId: string;
  /** undefined: it may have any. */
  spanId: string | undefined;
  parentSpanId: string | undefined;
}>;

export const spanNames = (icid: string, place: SpanPlace): SpanNames => {
  const digest = hash('sha256', icid, 'hex');
  const [traceId, entry, core] = [digest.slice(0, 32), digest.slice(32, 48), digest.slice(48)];
  if (place === 'entry') return { traceId, spanId: entry, parentSpanId: undefined };
  if (place === 'core') return { traceId, spanId: core, parentSpanId: entry };
  return { traceId, spanId: undefined, parentSpanId: core };
};
