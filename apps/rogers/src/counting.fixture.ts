// Clients that count on and on through several Rogers, and remember what was acknowledged: what is lost or old shows. For its int-specs.
import type { KeyValueStore } from '#libs/stores';
import { sleep } from './rogers.fixture.js';

export type Stores = readonly KeyValueStore<number>[];
export const KEYS = 50;
const TTL_S = 3_600;

/** Counts on and on by compare-and-set, and remembers what was acknowledged. */
export const startCounting = (stores: Stores, keys: number) => {
  const acknowledged = new Map<string, number>();
  const problems: string[] = [];
  let isOver = false;
  let unavailable = 0;
  let turn = 0;
  const next = (): KeyValueStore<number> => stores[(turn = (turn * 5 + 3) % 64) % stores.length]!;
  const row = async (key: string): Promise<void> => {
    while (!isOver) {
      try {
        const known = acknowledged.get(key) ?? 0;
        const read = await next().get(key);
        // Its own change may have come through without having been acknowledged.
        if ((read?.value ?? 0) < known) problems.push(`${key} is ${read?.value}, was ${known}`);
        const n = (read?.value ?? 0) + 1;
        if (await next().cas(key, n, read?.version, TTL_S)) acknowledged.set(key, n);
      } catch {
        unavailable += 1;
        await sleep(20);
      }
    }
  };
  const rows = Array.from({ length: keys }, (_, n) => row(`key${n}`));
  return {
    acknowledged,
    problems,
    get unavailable() {
      return unavailable;
    },
    async stop() {
      isOver = true;
      await Promise.all(rows);
    },
  };
};

export const expectNothingLost = async (
  stores: Stores,
  counting: ReturnType<typeof startCounting>,
): Promise<void> => {
  expect(counting.problems).toEqual([]);
  expect(counting.acknowledged.size).toBe(KEYS);
  for (const [key, least] of counting.acknowledged)
    for (const store of stores) expect((await store.get(key))?.value).toBeGreaterThanOrEqual(least);
};
