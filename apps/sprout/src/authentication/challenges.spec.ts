import { createMemoryKeyValueStore, type KeyValueStore, StoreUnavailable } from '#libs/stores';
import { createFakeClock } from '#libs/testkit';
import { Challenges, IN_USE_MAX, type LiveChallenges, UNANSWERED_MAX } from './challenges.js';

const IMPI = 'alice@ims.test';
const HOUR_MS = 3_600_000;

const clock = createFakeClock();
const newStore = (): KeyValueStore<LiveChallenges> =>
  createMemoryKeyValueStore({ name: 'challenges', clock });

let store: KeyValueStore<LiveChallenges>;
let challenges: Challenges;
const now = () => clock.nowMs();
beforeEach(() => {
  store = newStore();
  challenges = new Challenges(store);
});

const HOME = '192.0.2.1';
const ELSEWHERE = '203.0.113.9';
const add = (nonce: string, to = HOME) => challenges.add(IMPI, nonce, now(), to);
const find = (nonce: string) => challenges.find(IMPI, nonce, now());
const accept = (nonce: string, nc: number, by = challenges) =>
  by.accept(IMPI, nonce, nc, now() + HOUR_MS, now());

it('lets a challenge be answered for 40 s, and no longer', async () => {
  await add('n');
  clock.advance(39_999);
  expect(await find('n')).toMatchObject({ nonce: 'n', nc: 0 });
  clock.advance(1);
  expect(await find('n')).toBeUndefined();
  expect(await accept('n', 1)).toBe('unknown');
});

it('keeps an answered one as long as the registration', async () => {
  await add('n');
  expect(await accept('n', 1)).toBe('accepted');
  clock.advance(HOUR_MS - 1);
  expect(await find('n')).toMatchObject({ nc: 1 });
  clock.advance(1);
  expect(await find('n')).toBeUndefined();
});

it('never shortens what an earlier answer was granted', async () => {
  await add('n');
  await accept('n', 1);
  await challenges.accept(IMPI, 'n', 2, now() + 1_000, now());
  clock.advance(2_000);
  expect(await find('n')).toMatchObject({ nc: 2 });
});

it('takes nonce counts that rise, also by more than one, each once', async () => {
  await add('n');
  expect(await accept('n', 3)).toBe('accepted');
  expect(await accept('n', 3)).toBe('replayed');
  expect(await accept('n', 2)).toBe('replayed');
  expect(await accept('n', 4)).toBe('accepted');
});

it('knows the challenges of others as none', async () => {
  await add('n');
  expect(await challenges.find('bob@ims.test', 'n', now())).toBeUndefined();
  expect(await challenges.accept('bob@ims.test', 'n', 1, now() + HOUR_MS, now())).toBe('unknown');
});

it('accepts exactly one of many that use one nonce count at once, at several nodes', async () => {
  await add('n');
  const nodes = Array.from({ length: 12 }, () => new Challenges(store));
  const verdicts = await Promise.all(nodes.map((node) => accept('n', 1, node)));
  expect(verdicts.filter((verdict) => verdict === 'accepted')).toHaveLength(1);
  expect(verdicts.filter((verdict) => verdict === 'replayed')).toHaveLength(11);
});

it('loses none of several that are challenged at once', async () => {
  await Promise.all(['a', 'b', 'c'].map((nonce) => new Challenges(store).add(IMPI, nonce, now(), HOME)));
  for (const nonce of ['a', 'b', 'c']) expect(await find(nonce)).toBeDefined();
});

describe('when one user has many', () => {
  it('lets the oldest unanswered go', async () => {
    for (let n = 0; n <= UNANSWERED_MAX; n++) expect(await add(`n${n}`)).toBe(true);
    expect(await find('n0')).toBeUndefined();
    expect(await find(`n${UNANSWERED_MAX}`)).toBeDefined();
  });

  it('loses none in use to a flood of requests without credentials, and keeps the record small', async () => {
    for (let n = 0; n < IN_USE_MAX; n++) {
      await add(`used${n}`);
      await accept(`used${n}`, 1);
    }
    for (let n = 0; n < 100; n++) await add(`n${n}`, `198.51.100.${n}`);
    for (let n = 0; n < IN_USE_MAX; n++) expect(await find(`used${n}`)).toMatchObject({ nc: 1 });
    expect((await store.get(IMPI))!.value).toHaveLength(IN_USE_MAX + UNANSWERED_MAX);
  });

  it('lets a phone answer its challenge while somebody elsewhere asks for many in its name', async () => {
    for (let n = 0; n < UNANSWERED_MAX; n++) await add(`before${n}`, ELSEWHERE);
    await add('mine', HOME);
    for (let n = 0; n < 100; n++) await add(`after${n}`, ELSEWHERE);
    expect(await accept('mine', 1)).toBe('accepted');
  });

  it('lets several flows be challenged at once when as many are in use as may be', async () => {
    for (let n = 0; n < IN_USE_MAX; n++) {
      await add(`used${n}`);
      await accept(`used${n}`, 1);
    }
    await add('first');
    await add('second');
    expect(await accept('first', 1)).toBe('accepted');
    expect(await accept('second', 1)).toBe('accepted');
  });

  it('lets the least recently used go when one more comes into use', async () => {
    for (let n = 0; n < IN_USE_MAX; n++) {
      await add(`n${n}`);
      await accept(`n${n}`, 1);
    }
    await accept('n0', 2);
    await add('one more');
    await accept('one more', 1);
    expect(await find('n0')).toMatchObject({ nc: 2 });
    expect(await find('n1')).toBeUndefined();
    expect((await store.get(IMPI))!.value).toHaveLength(IN_USE_MAX);
  });
});

it('forgets what is over when it writes next', async () => {
  await add('old');
  clock.advance(41_000);
  await add('new');
  expect((await store.get(IMPI))!.value.map(({ nonce }) => nonce)).toEqual(['new']);
});

it('gives up on a record that somebody else always changes first', async () => {
  const contended = new Challenges({ ...store, cas: () => Promise.resolve(false) });
  expect(await contended.add(IMPI, 'n', now(), HOME)).toBe(false);
  await add('n');
  expect(await accept('n', 1, contended)).toBe('contended');
});

it('says so when the store does not answer, instead of knowing nothing', async () => {
  const down = new Challenges({ ...store, get: () => Promise.reject(new StoreUnavailable('down')) });
  await expect(down.find(IMPI, 'n', now())).rejects.toThrow(StoreUnavailable);
  await expect(accept('n', 1, down)).rejects.toThrow(StoreUnavailable);
  await expect(down.add(IMPI, 'n', now(), HOME)).rejects.toThrow(StoreUnavailable);
});
