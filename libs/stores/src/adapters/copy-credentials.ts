// Copies a credential store, sealed as it is, from SQLite or Cassandra into either: for a backup, and for going back to a moment (docs/backup.md).
// It may be interrupted and run again, and secrets may be written meanwhile. Used by `npm run credentials -- copy`.
import { createHash } from 'node:crypto';
import type { SealedRecord, SealedRecords } from './sealed-records.port.js';

export type CredentialCopy = Readonly<{
  credentials: number;
  /** Of these: named no longer, and kept for a log that is gone back to. */
  retired: number;
  sequences: number;
  keys: number;
}>;

/** Names a record. */
const placeOf = (record: SealedRecord): string =>
  record.kind === 'key' ? `key ${record.keyId}` : `${record.kind} ${record.versionId}`;

/** Of a credential what it is, of a number how high: what is wanted of the copy, without keeping all of it. */
const contentOf = (record: SealedRecord): string | number => {
  if (record.kind === 'sequence') return record.number;
  if (record.kind !== 'credential') return '';
  return createHash('sha256').update(record.keyId).update('/').update(record.sealed).digest('base64');
};

/** A SIM's number only ever grows: in the copy it may be higher, and never lower than it was given out. */
const isAsWanted = (there: string | number, wanted: string | number): boolean =>
  typeof there === 'number' && typeof wanted === 'number' ? there >= wanted : there === wanted;

export class CredentialsDiffer extends Error {}

/** Resolves once each record was found in the copy. Rejects with CredentialsDiffer when the target holds something else under a version. */
export const copyCredentials = async (from: SealedRecords, to: SealedRecords): Promise<CredentialCopy> => {
  const wanted = new Map<string, string | number>();
  for await (const records of from.read()) {
    await to.write(records);
    for (const record of records) wanted.set(placeOf(record), contentOf(record));
  }
  const count = { key: 0, credential: 0, sequence: 0, retirement: 0 };
  for await (const records of to.read())
    for (const record of records) {
      const before = wanted.get(placeOf(record));
      if (before === undefined || !isAsWanted(contentOf(record), before)) continue;
      wanted.delete(placeOf(record));
      count[record.kind]++;
    }
  const [missing] = wanted.keys();
  if (missing !== undefined)
    throw new CredentialsDiffer(
      `the copy is not what was copied: ${wanted.size} records are not there or are others, the first is ${missing}; copy into an empty place`,
    );
  return {
    credentials: count.credential,
    retired: count.retirement,
    sequences: count.sequence,
    keys: count.key,
  };
};
