// CredentialStore in memory: for tests and simulation. Nothing is sealed and nothing survives the process.
// Port: credential-store.port.ts.
import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '#libs/runtime';
import type { Credential, CredentialStore } from '../../credential-store.port.js';

export const createMemoryCredentialStore = ({ clock }: Readonly<{ clock: Clock }>): CredentialStore => {
  const held = new Map<string, Readonly<{ credential: Credential; writtenAtMs: number }>>();
  const sequences = new Map<string, number>();
  const retirements = new Map<string, number>();
  return {
    put(versionId, credential) {
      const before = held.get(versionId);
      if (before && !isDeepStrictEqual(before.credential, credential)) {
        return Promise.reject(otherContent(versionId));
      }
      if (!before) held.set(versionId, { credential, writtenAtMs: clock.nowMs() });
      return Promise.resolve();
    },

    get: (versionId) => Promise.resolve(held.get(versionId)?.credential),

    sequence: (versionId) => Promise.resolve(sequences.get(versionId)),

    advanceSequence(versionId, from, to) {
      const isFirst = sequences.get(versionId) === from;
      if (isFirst) sequences.set(versionId, to);
      return Promise.resolve(isFirst);
    },

    async *versions() {
      for (const [versionId, { writtenAtMs }] of [...held]) {
        yield await Promise.resolve({ versionId, writtenAtMs });
      }
    },

    retire(versionId) {
      retirements.set(versionId, clock.nowMs());
      return Promise.resolve();
    },

    async *retired() {
      for (const [versionId, retiredAtMs] of [...retirements]) {
        yield await Promise.resolve({ versionId, retiredAtMs });
      }
    },

    remove(versionId) {
      held.delete(versionId);
      sequences.delete(versionId);
      retirements.delete(versionId);
      return Promise.resolve();
    },
  };
};

/** A version is written once; this is a defect of the writer, so the message names the version and no content. */
export const otherContent = (versionId: string): Error =>
  new Error(`credential version ${versionId} is written already, with other content`);
