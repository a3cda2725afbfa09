// Parked streams and dead letters as operators see them, whoever keeps them.
import * as lists from './lists.js';
import { type DeadLetter, NOTHING_KNOWN, type ParkedStream, type Replayed } from './surroundings.port.js';

const stream = (id: string, sinceMs: number): ParkedStream => ({
  id,
  view: 'lines-by-account',
  stream: `account-${id}@x`,
  reason: 'unreadable',
  sinceMs,
  events: 2,
});
const letter: DeadLetter & Readonly<{ opaque: string }> = {
  id: '9.0.41.2',
  timer: '9',
  sequence: 2,
  uri: 'http://host/pop',
  reason: '503',
  tries: 5,
  atMs: 7,
  opaque: 'the client’s own',
};

const of = (replayed: Replayed, letters = 1) => ({
  ...NOTHING_KNOWN,
  parked: {
    list: () => Promise.resolve([stream('b', 20), stream('a', 10)]),
    retry: (id: string) => Promise.resolve(id === 'a' ? 1 : undefined),
  },
  deadLetters: {
    list: (limit: number) => Promise.resolve(Array.from({ length: Math.min(limit, letters) }, () => letter)),
    replay: () => Promise.resolve(replayed),
    discard: (id: string) => Promise.resolve(id === letter.id),
  },
});

it('lists parked streams, oldest first, and folds one again', async () => {
  const around = of('delivered');
  const { body } = await lists.showParked(around);
  expect(body).toEqual({
    parked: [
      {
        id: 'a',
        view: 'lines-by-account',
        stream: 'account-a@x',
        reason: 'unreadable',
        since: 10,
        events: 2,
      },
      {
        id: 'b',
        view: 'lines-by-account',
        stream: 'account-b@x',
        reason: 'unreadable',
        since: 20,
        events: 2,
      },
    ],
    more: false,
  });
  expect((await lists.retryParked(around, 'a')).body).toEqual({ left: 1 });
  await expect(lists.retryParked(around, 'z')).rejects.toMatchObject({ status: 404 });
});

it('lists dead letters without what they carry, and says that there are more', async () => {
  const { body } = await lists.showDeadLetters(of('delivered'));
  const shown = { id: '9.0.41.2', timer: '9', sequence: 2, uri: 'http://host/pop', reason: '503', tries: 5, at: 7 };
  expect(body).toEqual({ dead_letters: [shown], more: false });
  const many = (await lists.showDeadLetters(of('delivered', 5_000))).body as { dead_letters: object[]; more: boolean };
  expect([many.dead_letters.length, many.more]).toEqual([lists.LIST_SHOWN_MAX, true]);
}); // prettier-ignore

it.each<[Replayed, number]>([
  ['unknown', 404],
  ['busy', 503],
  ['later', 503],
  [{ reason: 'refused' }, 502],
])('a letter that is %j is %d', async (replayed, status) => {
  await expect(lists.replayDeadLetter(of(replayed), letter.id)).rejects.toMatchObject({ status });
});

it('sends a letter again, or throws it away: 204', async () => {
  expect((await lists.replayDeadLetter(of('delivered'), letter.id)).status).toBe(204);
  expect((await lists.discardDeadLetter(of('delivered'), letter.id)).status).toBe(204);
  await expect(lists.discardDeadLetter(of('delivered'), 'z')).rejects.toMatchObject({ status: 404 });
});

it('is null where nobody keeps such a list', async () => {
  expect((await lists.showParked(NOTHING_KNOWN)).body).toEqual({ parked: null, more: false });
  expect((await lists.showDeadLetters(NOTHING_KNOWN)).body).toEqual({ dead_letters: null, more: false });
  await expect(lists.retryParked(NOTHING_KNOWN, 'a')).rejects.toMatchObject({ status: 404 });
  await expect(lists.discardDeadLetter(NOTHING_KNOWN, 'a')).rejects.toMatchObject({ status: 404 });
});
