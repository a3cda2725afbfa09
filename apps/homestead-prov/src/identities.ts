// Names that provisioning is given, checked: private and public identities, ids of sets and profiles.
// Read by every handler; refusals are 400 with what is wrong.
import { createHash } from 'node:crypto';
import type { Random } from '#libs/runtime';
import { badRequest } from './outcome.js';

/** Longer names are refused: they are parts of stream names, of row keys and of XML. */
export const IDENTITY_LENGTH_MAX = 512;

// Spaces and control characters end stream names and row keys, angle brackets and quotes would leave their XML.
const NAME = /^[^\u0000-\u0020\u007f"<>]+$/u;
/** TS 23.003 §13.4: a SIP URI or a tel URI; wildcards are written inside one. */
const PUBLIC = /^(?:sips?:.|tel:.)/i;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

const checkName = (what: string, name: string): string => {
  if (name.length > IDENTITY_LENGTH_MAX) {
    throw badRequest(`${what}: at most ${IDENTITY_LENGTH_MAX} characters`);
  }
  if (!NAME.test(name) || !name.isWellFormed()) {
    throw badRequest(`${what}: has a character that may not stand in one`);
  }
  return name;
};

export const checkImpi = (impi: string): string => checkName('private identity', impi);

export const checkImpu = (impu: string): string => {
  if (!PUBLIC.test(impu)) throw badRequest('public identity: takes a sip: or tel: URI');
  return checkName('public identity', impu);
};

/** An id that is no UUID names nothing: the caller answers as for an unknown one. */
export const isUuid = (id: string): boolean => UUID.test(id);

const format = (bytes: Buffer, version: number): string => {
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | (version << 4);
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toString('hex', 0, 16);
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join(
    '-',
  );
};

/** RFC 9562 version 4. */
export const randomUuid = (random: Random): string => format(random.bytes(16), 4);

/** RFC 9562 version 8: the same for the same key, so that a repeated request finds what the first one made. */
export const uuidOfKey = (key: string): string => format(createHash('sha256').update(key).digest(), 8);
