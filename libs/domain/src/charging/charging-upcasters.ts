// Steps from old versions of charging events to the next. Pure. Used by ../upcasters.ts.
import type { EventUpcaster } from '../event-upcaster.js';
import type { AccountingReceived } from './charging.js';

/** 53 bits of a text: enough to tell a few facts of one session and moment apart (cyrb53). */
const hashOf = (text: string): string => {
  let [a, b] = [0xdeadbeef, 0x41c6ce57];
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    a = Math.imul(a ^ code, 2_654_435_761);
    b = Math.imul(b ^ code, 1_597_334_677);
  }
  a = Math.imul(a ^ (a >>> 16), 2_246_822_507) ^ Math.imul(b ^ (b >>> 13), 3_266_489_909);
  b = Math.imul(b ^ (b >>> 16), 2_246_822_507) ^ Math.imul(a ^ (a >>> 13), 3_266_489_909);
  return (2 ** 32 * (b & 0x1f_ffff) + (a >>> 0)).toString(36);
};

/** Version 2 has a digest of what a client told: before, whoever folded it made one. */
const withDigest: EventUpcaster = {
  category: 'charging',
  type: 'AccountingReceived',
  from: 1,
  up({ type, data }) {
    const { by, avps } = data as AccountingReceived['data'];
    return { type, data: by === 'client' ? { ...data, digest: hashOf(JSON.stringify(avps)) } : data };
  },
};

export const CHARGING_UPCASTERS: readonly EventUpcaster[] = [withDigest];
