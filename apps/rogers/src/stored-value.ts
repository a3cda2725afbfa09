// How Rogers keeps a value in memcached: 24 bytes before it with the version that is its number for compare-and-set, the one that it was
// made from, the client's flags, and whether it is a tombstone (docs/adr/0018-replicas-behind-rogers.md). Read and written by every Rogers, and by Astaire.
import type { Clock, Random } from '#libs/runtime';

export const HEADER_BYTES = 24;
/** `R`, and the version of this format. */
const MAGIC = 0x5201;
const DELETED = 1;
const TWO_TO_32 = 2 ** 32;

export type Stored = Readonly<{
  /** Rises with each change of the key; never used twice. */
  version: number;
  /** Of the value that this one replaced, 0 for none. */
  base: number;
  flags: number;
  isDeleted: boolean;
  value: Buffer;
}>;

export const encodeStored = ({ version, base, flags, isDeleted, value }: Stored): Buffer => {
  const raw = Buffer.allocUnsafe(HEADER_BYTES + value.length);
  raw.writeUInt16BE(MAGIC, 0);
  raw.writeUInt16BE(isDeleted ? DELETED : 0, 2);
  raw.writeUInt32BE(flags, 4);
  raw.writeUInt32BE(Math.floor(version / TWO_TO_32), 8);
  raw.writeUInt32BE(version % TWO_TO_32, 12);
  raw.writeUInt32BE(Math.floor(base / TWO_TO_32), 16);
  raw.writeUInt32BE(base % TWO_TO_32, 20);
  value.copy(raw, HEADER_BYTES);
  return raw;
};

/** undefined: written by somebody else. */
export const decodeStored = (raw: Buffer): Stored | undefined => {
  if (raw.length < HEADER_BYTES || raw.readUInt16BE(0) !== MAGIC) return undefined;
  const version = raw.readUInt32BE(8) * TWO_TO_32 + raw.readUInt32BE(12);
  const base = raw.readUInt32BE(16) * TWO_TO_32 + raw.readUInt32BE(20);
  if (!Number.isSafeInteger(version) || version === 0) return undefined;
  const isDeleted = (raw.readUInt16BE(2) & DELETED) !== 0;
  return { version, base, flags: raw.readUInt32BE(4), isDeleted, value: raw.subarray(HEADER_BYTES) };
};

// ---- Versions ----

const EPOCH_MS = Date.UTC(2020, 0, 1);
/** In one millisecond; two Rogers that write at once draw different ones. 2^40 ms last until 2054. */
const PER_MS = 8_192;
const STEP_MAX = 64;

/** Numbers that rise: by the clock, and above what is there already, whatever the clock says. */
export interface Versions {
  next(after: number): number;
}

export const createVersions = (clock: Pick<Clock, 'nowMs'>, random: Pick<Random, 'fraction'>): Versions => ({
  next(after) {
    const byClock = (clock.nowMs() - EPOCH_MS) * PER_MS + Math.floor(random.fraction() * PER_MS);
    return byClock > after ? byClock : after + 1 + Math.floor(random.fraction() * STEP_MAX);
  },
});
