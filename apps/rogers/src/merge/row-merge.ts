// Rows of the registration view, which merge entry by entry: of each entry the one with the higher position is kept, by the fold's own rules.
// Keys and envelope are those of libs/stores' memcached adapter: `registrations-by-aor.<keyspace>:<AoR>`, `r<expiry> <JSON>`.
// Used by proxy/change.ts where a row is set that nobody read, and where two were made in two places.
import { mergeRegistrations, type Registration } from '#libs/domain';
import { openEnvelope, sealEnvelope } from '#libs/stores';
import { registrationCodec, registrationsByAor } from '#projections/registrations-by-aor';
import type { Merge } from '../proxy/operation.port.js';

const PREFIX = `${registrationsByAor.name}.`;

const rowIn = (value: Buffer): { expiresAtMs: number; row: Registration } | undefined => {
  try {
    const envelope = openEnvelope(value.toString('utf8'));
    if (envelope === undefined) return undefined;
    const row = registrationCodec.decode(envelope.text);
    // What is no row is nobody's to merge.
    return typeof row === 'object' && row !== null && typeof row.entries === 'object'
      ? { expiresAtMs: envelope.expiresAtMs, row }
      : undefined;
  } catch {
    return undefined;
  }
};

export const rowMerge: Merge = {
  // Sentinels and checkpoints are no rows: `!` begins the name of the one, the other has a view of its own.
  isMerged: (key) => key.startsWith(PREFIX) && !key.includes(':!'),
  merge(newer, older) {
    const [one, other] = [rowIn(newer), rowIn(older)];
    if (one === undefined || other === undefined) return undefined;
    const expiresAtMs = Math.max(one.expiresAtMs, other.expiresAtMs);
    const text = registrationCodec.encode(mergeRegistrations(one.row, other.row));
    return Buffer.from(sealEnvelope({ expiresAtMs, text }));
  },
};
