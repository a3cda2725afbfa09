// Header name → id without a lower-cased copy: a hash made while the name is checked, then one comparison (RFC 3261 §7.3.1).
// Readers: parse-message.ts, parse-partial.ts.
import { HEADER_IDS, UNKNOWN_HEADER, type HeaderId } from './header-table.js';
import { matchesLower } from './scan.js';

const SLOTS = 1024; // about 14 times the names known: one probe nearly always
const slotIds = new Int16Array(SLOTS).fill(UNKNOWN_HEADER);
const slotNames: string[] = new Array<string>(SLOTS).fill('');

/** One step of the hash of a lower-case name; start with 0. */
export const hashName = (hash: number, lowerCode: number): number => (Math.imul(hash, 31) + lowerCode) | 0;

const slotOf = (hash: number): number => (hash ^ (hash >>> 11)) & (SLOTS - 1);

for (const [name, id] of HEADER_IDS) {
  let hash = 0;
  for (let index = 0; index < name.length; index++) hash = hashName(hash, name.charCodeAt(index));
  let slot = slotOf(hash);
  while (slotNames[slot] !== '') slot = (slot + 1) & (SLOTS - 1);
  slotIds[slot] = id;
  slotNames[slot] = name;
}

/** Id of the name at `text[start, end)` whose hash is `hash`, or UNKNOWN_HEADER. */
export const headerIdAt = (text: string, start: number, end: number, hash: number): HeaderId => {
  for (let slot = slotOf(hash); ; slot = (slot + 1) & (SLOTS - 1)) {
    const name = slotNames[slot]!;
    if (name === '') return UNKNOWN_HEADER;
    if (name.length === end - start && matchesLower(text, start, name)) return slotIds[slot]!;
  }
};
