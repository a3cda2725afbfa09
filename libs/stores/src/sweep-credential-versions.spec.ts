import { credentialOf } from '../contract/credential-store.contract.js';
import { createFakeClock } from '#libs/testkit';
import { createMemoryCredentialStore } from './adapters/embedded/memory-credential-store.js';
import { SWEEP_AGE_MS, sweepCredentialVersions } from './sweep-credential-versions.js';

const clock = createFakeClock();
const storeWith = async (...versionIds: string[]) => {
  const store = createMemoryCredentialStore({ clock });
  for (const id of versionIds) await store.put(id, credentialOf(id));
  return store;
};
const idsIn = async (store: ReturnType<typeof createMemoryCredentialStore>) => {
  const ids: string[] = [];
  for await (const { versionId } of store.versions()) ids.push(versionId);
  return ids;
};

it('removes what is old and not named, keeps what is named or young', async () => {
  const store = await storeWith('named', 'orphan');
  clock.advance(SWEEP_AGE_MS + 1);
  await store.put('fresh', credentialOf('fresh'));
  const seen = await sweepCredentialVersions({
    store,
    named: new Set(['named']),
    namedAsOfMs: clock.nowMs(),
  });
  expect(seen).toEqual({ named: 1, removed: 1, left: 1 });
  expect(await idsIn(store)).toEqual(['named', 'fresh']);
});

it('never removes what may have been named after the names were gathered, however long ago that was', async () => {
  const store = await storeWith('before');
  clock.advance(SWEEP_AGE_MS + 1);
  const namedAsOfMs = clock.nowMs();
  await store.put('after', credentialOf('after'));
  clock.advance(10 * SWEEP_AGE_MS);
  await sweepCredentialVersions({ store, named: new Set(), namedAsOfMs });
  expect(await idsIn(store)).toEqual(['after']);
});

it('stops at its bound and goes on with the next sweep', async () => {
  const store = await storeWith('a', 'b', 'c');
  clock.advance(SWEEP_AGE_MS + 1);
  const sweep = () =>
    sweepCredentialVersions({ store, named: new Set(), namedAsOfMs: clock.nowMs(), removalsMax: 2 });
  expect(await sweep()).toEqual({ named: 0, removed: 2, left: 1 });
  expect(await sweep()).toEqual({ named: 0, removed: 1, left: 0 });
});
