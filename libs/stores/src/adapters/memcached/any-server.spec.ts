import { StoreUnavailable } from '../../key-value-store.port.js';
import { AnyServer } from './any-server.js';

type Link = ConstructorParameters<typeof AnyServer>[0][number];

const link = (server: string, state: { isAway: boolean; asked: number }): Link => {
  const answer = async <T>(value: T): Promise<T> => {
    state.asked += 1;
    if (state.isAway) throw new StoreUnavailable(`${server} is away`);
    return value;
  };
  return {
    server,
    gets: () => answer({ items: new Map([['a', { text: server, unique: '7' }]]), epoch: 3 }),
    add: () => answer(true),
    cas: () => answer(true),
    touch: () => answer(true),
  };
};

const setUp = (first = 0) => {
  const states = [
    { isAway: false, asked: 0 },
    { isAway: false, asked: 0 },
  ];
  return {
    states,
    any: new AnyServer(
      states.map((state, n) => link(`s${n}`, state)),
      first,
    ),
  };
};

describe('several that have the same', () => {
  it('are asked one at a time: the one that answered last', async () => {
    const { states, any } = setUp(1);
    await any.gets(['a']);
    expect(states.map(({ asked }) => asked)).toEqual([0, 1]);
    states[1]!.isAway = true;
    expect((await any.gets(['a'])).items.get('a')?.text).toBe('s0');
    states[1]!.isAway = false;
    expect(await any.touch('a', 1)).toBe(true);
    expect(states.map(({ asked }) => asked)).toEqual([2, 2]);
  });

  it('give numbers that are good at each of them', async () => {
    const { states, any } = setUp();
    const { items, epoch } = await any.gets(['a']);
    expect(epoch).toBeUndefined();
    states[0]!.isAway = true;
    expect(await any.cas('a', 'x', 1, { unique: items.get('a')!.unique, epoch })).toBe(true);
  });

  it('are away when all are', async () => {
    const { states, any } = setUp();
    for (const state of states) state.isAway = true;
    await expect(any.add('a', 'x', 1)).rejects.toBeInstanceOf(StoreUnavailable);
    expect(states.map(({ asked }) => asked)).toEqual([1, 1]);
  });
});
