import { createFakeClock } from '#libs/testkit';
import { keyValueStoreContract } from '../../../contract/key-value-store.contract.js';
import { createMemoryKeyValueStore } from './memory-key-value-store.js';

const clock = createFakeClock();

keyValueStoreContract('memory', {
  create: (options) => createMemoryKeyValueStore({ name: 'rows', clock, ...options }),
  advance: (seconds) => clock.advance(seconds * 1000),
  bounded: true,
  runs: 300,
});

describe('the memory store alone', () => {
  it('keeps values by reference', async () => {
    const store = createMemoryKeyValueStore<object>({ name: 'rows', clock });
    const value = {};
    await store.cas('a', value, undefined, 60);
    expect((await store.get('a'))?.value).toBe(value);
  });

  it('refuses a TTL that is not a number', async () => {
    const store = createMemoryKeyValueStore<number>({ name: 'rows', clock });
    await expect(store.cas('a', 1, undefined, Number.NaN)).rejects.toThrow(RangeError);
    expect(await store.get('a')).toBeUndefined();
  });

  it('keeps a value for ever when asked to', async () => {
    const store = createMemoryKeyValueStore<number>({ name: 'rows', clock });
    await store.cas('a', 1, undefined, Infinity);
    clock.advance(1e12);
    expect((await store.get('a'))?.value).toBe(1);
  });

  it('lets go of expired values that nobody asks for, while others are written', async () => {
    const store = createMemoryKeyValueStore<number>({ name: 'rows', clock });
    for (let n = 0; n < 1_000; n += 1) await store.cas(`old-${n}`, n, undefined, 1);
    clock.advance(2_000);
    for (let n = 0; n < 1_001; n += 1) {
      await store.cas('busy', n, (await store.get('busy'))?.version, 60);
    }
    expect(store.size()).toBe(1);
  });

  it('is not moved by steps of the wall clock', async () => {
    let wallMs = 0;
    const store = createMemoryKeyValueStore<number>({
      name: 'rows',
      clock: { ...clock, nowMs: () => wallMs },
    });
    await store.cas('a', 1, undefined, 60);
    wallMs += 1e9;
    expect((await store.get('a'))?.value).toBe(1);
  });
});
