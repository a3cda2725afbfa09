// What every CredentialStore must do, whatever keeps it. Called by each adapter's spec.
// Port: src/credential-store.port.ts.
import type { Credential, CredentialStore, DigestCredential } from '../src/credential-store.port.js';

export type CredentialHarness = Readonly<{
  create(): CredentialStore | Promise<CredentialStore>;
  /** The same store after the process was started again; absent where nothing is kept. */
  reopen?(store: CredentialStore): Promise<CredentialStore>;
  advance(ms: number): void;
}>;

export const credentialOf = (user: string, ha1Md5 = 'c0ffee'.padEnd(32, '0')): DigestCredential => ({
  kind: 'digest',
  impi: `${user}@ims.test`,
  realm: 'ims.test',
  ha1Md5,
  ha1Sha256: 'decaf'.padEnd(64, '0'),
});

const versionsOf = async (store: CredentialStore) => {
  const found: Readonly<{ versionId: string; writtenAtMs: number }>[] = [];
  for await (const version of store.versions()) found.push(version);
  return found.sort((a, b) => (a.versionId < b.versionId ? -1 : 1));
};

const retiredOf = async (store: CredentialStore) => {
  const found: Readonly<{ versionId: string; retiredAtMs: number }>[] = [];
  for await (const retired of store.retired()) found.push(retired);
  return found;
};

export const credentialStoreContract = (adapter: string, harness: CredentialHarness): void => {
  const { create, reopen, advance } = harness;

  describe(`CredentialStore on ${adapter}`, () => {
    it('knows nothing of a version that was never written', async () => {
      const store = await create();
      expect(await store.get('v1')).toBeUndefined();
      expect(await versionsOf(store)).toEqual([]);
    });

    it('returns what was written, whole, for each version', async () => {
      const store = await create();
      const plain: Credential = { ...credentialOf('ünïcode 😀'), plaintextPassword: 'p" \u0000é' };
      await store.put('v1', credentialOf('alice'));
      await store.put('v2', plain);
      expect(await store.get('v1')).toEqual(credentialOf('alice'));
      expect(await store.get('v2')).toEqual(plain);
      expect(await store.get('v1')).toEqual(credentialOf('alice'));
    });

    it('finds a version that was looked for before it was written', async () => {
      const store = await create();
      expect(await store.get('v1')).toBeUndefined();
      await store.put('v1', credentialOf('alice'));
      expect(await store.get('v1')).toEqual(credentialOf('alice'));
    });

    it('takes the same content twice, and refuses other content without telling it', async () => {
      const store = await create();
      await store.put('v1', credentialOf('alice'));
      await store.put('v1', credentialOf('alice'));
      const other = store.put('v1', credentialOf('alice', 'f'.repeat(32)));
      await expect(other).rejects.toThrow(/v1 is written already/);
      await expect(other).rejects.not.toThrow(/ffff|c0ffee/);
      expect(await store.get('v1')).toEqual(credentialOf('alice'));
      expect(await versionsOf(store)).toHaveLength(1);
    });

    it('lets one of two racing writers of a version win', async () => {
      const store = await create();
      const contents = [credentialOf('alice', 'a'.repeat(32)), credentialOf('alice', 'b'.repeat(32))];
      const outcomes = await Promise.allSettled(contents.map((content) => store.put('v1', content)));
      expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
      const winner = contents[outcomes.findIndex(({ status }) => status === 'fulfilled')];
      expect(await store.get('v1')).toEqual(winner);
    });

    it('keeps the key of a SIM as it keeps a password', async () => {
      const store = await create();
      const sim = { kind: 'aka', impi: 'sim@ims.test', realm: 'ims.test', k: '0'.repeat(32), opc: '1'.repeat(32), amf: '8000', sqn: 2 ** 47 } as const; // prettier-ignore
      await store.put('v1', sim);
      expect(await store.get('v1')).toEqual(sim);
    });

    it('counts beside a version: one of two who saw the same number is first', async () => {
      const store = await create();
      await store.put('v1', credentialOf('alice'));
      expect(await store.sequence('v1')).toBeUndefined();
      const first = await Promise.all([1, 2].map((to) => store.advanceSequence('v1', undefined, to)));
      expect([...first].sort()).toEqual([false, true]);
      const began = first[0] ? 1 : 2;
      expect(await store.sequence('v1')).toBe(began);
      const then = [10, 20, 30].map((to) => store.advanceSequence('v1', began, to));
      expect((await Promise.all(then)).filter(Boolean)).toHaveLength(1);
      const now = await store.sequence('v1');
      expect(await store.advanceSequence('v1', now, 2 ** 48 - 1)).toBe(true);
      expect(await store.advanceSequence('v1', undefined, 5)).toBe(false);
      expect([await store.sequence('v1'), await store.sequence('v2')]).toEqual([2 ** 48 - 1, undefined]);
    });

    it('forgets the number with its version', async () => {
      const store = await create();
      await store.put('v1', credentialOf('alice'));
      await store.advanceSequence('v1', undefined, 7);
      await store.remove('v1');
      expect(await store.sequence('v1')).toBeUndefined();
    });

    it('tells when each version was written', async () => {
      const store = await create();
      await store.put('v1', credentialOf('alice'));
      advance(5_000);
      await store.put('v2', credentialOf('bob'));
      const [first, second] = await versionsOf(store);
      expect([first?.versionId, second?.versionId]).toEqual(['v1', 'v2']);
      expect((second?.writtenAtMs ?? 0) - (first?.writtenAtMs ?? 0)).toBe(5_000);
    });

    it('keeps what is retired, and tells since when: the latest time counts', async () => {
      const store = await create();
      await store.put('v1', credentialOf('alice'));
      await store.put('v2', credentialOf('bob'));
      await store.advanceSequence('v1', undefined, 7);
      await store.retire('v1');
      const [first] = await retiredOf(store);
      advance(5_000);
      await store.retire('v1');
      const [again, ...others] = await retiredOf(store);
      expect([first?.versionId, again?.versionId, others]).toEqual(['v1', 'v1', []]);
      expect((again?.retiredAtMs ?? 0) - (first?.retiredAtMs ?? 0)).toBe(5_000);
      expect([await store.get('v1'), await store.sequence('v1')]).toEqual([credentialOf('alice'), 7]);
      expect(await versionsOf(store)).toHaveLength(2);
    });

    it('forgets with a version that it was retired', async () => {
      const store = await create();
      await store.put('v1', credentialOf('alice'));
      await store.retire('v1');
      await store.remove('v1');
      expect([await retiredOf(store), await store.get('v1')]).toEqual([[], undefined]);
    });

    it('lists more retired versions than one page holds, while some are removed', async () => {
      const store = await create();
      const ids = Array.from({ length: 1_200 }, (_, n) => `v${String(n).padStart(5, '0')}`);
      await Promise.all(ids.map((id) => store.retire(id)));
      const seen: string[] = [];
      for await (const { versionId } of store.retired()) {
        seen.push(versionId);
        if (seen.length % 2 === 0) await store.remove(versionId);
      }
      expect(seen.sort()).toEqual(ids);
      expect(await retiredOf(store)).toHaveLength(600);
      for (const id of ids) await store.remove(id);
    });

    it('lists more versions than one page holds, while some are removed', async () => {
      const store = await create();
      const ids = Array.from({ length: 2_500 }, (_, n) => `v${String(n).padStart(5, '0')}`);
      await Promise.all(ids.map((id) => store.put(id, credentialOf(id))));
      const seen: string[] = [];
      for await (const { versionId } of store.versions()) {
        seen.push(versionId);
        if (seen.length % 2 === 0) await store.remove(versionId);
      }
      expect(seen.sort()).toEqual(ids);
      expect(await versionsOf(store)).toHaveLength(1_250);
    });

    it('removes, and does not mind removing twice', async () => {
      const store = await create();
      await store.put('v1', credentialOf('alice'));
      await store.get('v1');
      await store.remove('v1');
      await store.remove('v1');
      await store.remove('never');
      expect(await store.get('v1')).toBeUndefined();
      expect(await versionsOf(store)).toEqual([]);
    });

    if (reopen) {
      it('keeps all of it over a restart', async () => {
        const before = await create();
        await before.put('v1', credentialOf('alice'));
        await before.put('v2', credentialOf('bob'));
        await before.remove('v2');
        await before.advanceSequence('v1', undefined, 2 ** 47 + 33);
        await before.retire('v1');
        const store = await reopen(before);
        expect(await store.get('v1')).toEqual(credentialOf('alice'));
        expect(await store.get('v2')).toBeUndefined();
        expect(await store.sequence('v1')).toBe(2 ** 47 + 33);
        expect(await retiredOf(store)).toEqual([{ versionId: 'v1', retiredAtMs: expect.any(Number) }]);
      });
    }
  });
};
