import { createParkedList } from './parked-list.js';
import { lagMsOf } from './view-lag.js';

const AT = { generation: 1, partition: 0, offset: 1 };

it('lists what is parked by ids that stay, and folds one again', async () => {
  const streams = [{ stream: 's', reason: 'r', sinceMs: 1, positions: [AT, AT] }];
  const replayed: (string | undefined)[] = [];
  const projector = {
    parked: () => streams,
    replayParked: (stream?: string) => {
      replayed.push(stream);
      streams.pop();
      return Promise.resolve(0);
    },
  };
  const list = createParkedList([{ name: 'v', projector }]);
  const [first] = list.list();
  expect(first).toEqual({ id: list.list()[0]?.id, view: 'v', stream: 's', reason: 'r', sinceMs: 1, events: 2 }); // prettier-ignore
  expect(await list.retry('another')).toBeUndefined();
  expect([await list.retry(first!.id), replayed, list.list()]).toEqual([0, ['s'], []]);
});

it('tells how long the oldest event has waited that a view has not folded', async () => {
  async function* readAll() {
    yield await Promise.resolve({ timeMs: 400 });
    throw new Error('no more is read');
  }
  async function* nothing() {
    yield* [];
    await Promise.resolve();
  }
  const log = (read: () => AsyncGenerator<{ timeMs: number }>) =>
    ({ readAll: read }) as unknown as Parameters<typeof lagMsOf>[0];
  expect(await lagMsOf(log(readAll), ['accounts'], AT, 1_000)).toBe(600);
  expect(await lagMsOf(log(nothing), ['accounts'], undefined, 1_000)).toBe(0);
});
