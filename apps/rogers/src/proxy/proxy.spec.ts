import { nameOf, type Simulation, startSimulation } from './simulation.fixture.js';
import type { Change, Failure, Item } from '#libs/memcached-protocol';

let cluster: Simulation;
afterEach(() => cluster.stop());

const textOf = (found: Item | undefined | Failure): string | undefined => {
  if (found === undefined) return undefined;
  return 'failure' in found ? found.failure : found.value.toString();
};
const changeOf = (outcome: Change | Failure): string =>
  'failure' in outcome ? outcome.failure : outcome.change;
const casOf = (found: Item | undefined | Failure): number =>
  found !== undefined && 'cas' in found ? found.cas : NaN;
const read = async (rogers: number, key: string): Promise<string | undefined> =>
  textOf(await cluster.run(cluster.get(rogers, key)));
const write = async (rogers: number, key: string, text: string, cas = 0): Promise<string> =>
  changeOf(await cluster.run(cluster.set(rogers, key, text, cas)));

describe('two Rogers over three servers', () => {
  beforeEach(async () => {
    cluster = await startSimulation({ seed: 1 });
  });

  it('show each other what they write, with one number for compare-and-set', async () => {
    expect(await write(0, 'a', 'one')).toBe('done');
    expect(await read(1, 'a')).toBe('one');
    const [here, there] = [await cluster.run(cluster.get(0, 'a')), await cluster.run(cluster.get(1, 'a'))];
    expect(casOf(here)).toBe(casOf(there));
    expect(await write(1, 'a', 'two', casOf(here))).toBe('done');
    expect(await write(0, 'a', 'three', casOf(here))).toBe('exists');
    expect(await read(0, 'a')).toBe('two');
  });

  it('keep each value on two servers', async () => {
    await write(0, 'a', 'one');
    expect(cluster.memories.filter(({ items }) => items.has('a'))).toHaveLength(2);
  });

  it('let exactly one of many win, whichever they ask', async () => {
    await write(0, 'a', 'start');
    const cas = casOf(await cluster.run(cluster.get(0, 'a')));
    const all = Array.from({ length: 20 }, (_, n) => cluster.set(n % 2, 'a', `${n}`, cas));
    const outcomes = (await cluster.run(Promise.all(all))).map(changeOf);
    expect(outcomes.filter((one) => one === 'done')).toHaveLength(1);
    expect(await read(0, 'a')).toBe(String(outcomes.indexOf('done')));
  });

  describe.each([true, false])('whose answer is lost, conditional: %s', (isConditional) => {
    /** Writes through one while its answer is lost and the other makes so many things of what was written, one of the other. */
    const writeUnheard = async (madeOfIt: readonly string[]): Promise<string> => {
      await write(0, 'a', 'start');
      const cas = isConditional ? casOf(await cluster.run(cluster.get(0, 'a'))) : 0;
      let isLost = false;
      const makeOfIt = async (key: string): Promise<void> => {
        for (const text of madeOfIt) await cluster.set(1, key, text, casOf(await cluster.get(1, key)));
      };
      for (const server of cluster.links[0]!.values()) {
        const toServer = server.write.bind(server);
        server.write = (key, vbucket, raw, exptime, held, done) =>
          toServer(key, vbucket, raw, exptime, held, (wrote) => {
            if (isLost || wrote?.outcome !== 'stored') return done(wrote);
            isLost = true;
            void makeOfIt(key).then(() => done(undefined));
          });
      }
      const outcome = await write(0, 'a', 'ours', cas);
      expect(isLost).toBe(true);
      return outcome;
    };

    it('know for theirs what is there', async () => {
      expect(await writeUnheard([])).toBe('done');
      expect(await read(0, 'a')).toBe('ours');
    });

    it('know for theirs what another has made of it', async () => {
      expect(await writeUnheard(['made of it'])).toBe('done');
      expect(await read(0, 'a')).toBe('made of it');
    });

    it('do not say that it failed, nor do it twice, where others have made one thing after another of it', async () => {
      expect(await writeUnheard(['made of it', 'made of that'])).toBe('unavailable');
      expect(await read(0, 'a')).toBe('made of that');
    });
  });

  it('do not take a number from before a removal for the one after it', async () => {
    await write(0, 'a', 'one');
    const before = casOf(await cluster.run(cluster.get(0, 'a')));
    expect(changeOf(await cluster.run(cluster.change(1, { verb: 'delete', key: 'a', cas: 0 })))).toBe('done');
    expect(await read(0, 'a')).toBeUndefined();
    expect(await write(0, 'a', 'two', before)).toBe('not-found');
    expect(await write(1, 'a', 'two')).toBe('done');
    expect(await write(0, 'a', 'three', before)).toBe('exists');
  });
});

describe('a server that dies', () => {
  it('takes nothing along: values and their numbers live on', async () => {
    cluster = await startSimulation({ seed: 2 });
    for (let n = 0; n < 60; n += 1) await write(n % 2, `k${n}`, `v${n}`);
    const numbers = await cluster.run(
      Promise.all(Array.from({ length: 60 }, (_, n) => cluster.get(0, `k${n}`))),
    );
    cluster.memory(nameOf(1)).kill();
    for (let n = 0; n < 60; n += 1) expect(await read(n % 2, `k${n}`)).toBe(`v${n}`);
    for (let n = 0; n < 60; n += 1)
      expect(await write(n % 2, `k${n}`, `w${n}`, casOf(numbers[n]))).toBe('done');
    cluster.memory(nameOf(1)).start();
    await cluster.settle();
    cluster.memory(nameOf(0)).kill();
    for (let n = 0; n < 60; n += 1) expect(await read(n % 2, `k${n}`)).toBe(`w${n}`);
  });

  it('is not read again before it is filled, also where it has kept what it had', async () => {
    cluster = await startSimulation({ seed: 3 });
    for (let n = 0; n < 40; n += 1) await write(0, `k${n}`, 'old');
    cluster.memory(nameOf(2)).state = 'frozen';
    for (let n = 0; n < 40; n += 1) expect(await write(1, `k${n}`, 'new')).toBe('done');
    cluster.memory(nameOf(2)).state = 'runs';
    for (let n = 0; n < 40; n += 1) expect(await read(n % 2, `k${n}`)).toBe('new');
    await cluster.settle();
    cluster.memory(nameOf(0)).kill();
    for (let n = 0; n < 40; n += 1) expect(await read(n % 2, `k${n}`)).toBe('new');
  });
});

describe('servers that come and go', () => {
  it('take over what is theirs while all is written and read', async () => {
    cluster = await startSimulation({ seed: 4, used: 2 });
    const wanted = new Map<string, string>();
    const put = async (n: number) => {
      const key = `k${n % 50}`;
      expect(await write(n % 2, key, `v${n}`)).toBe('done');
      wanted.set(key, `v${n}`);
    };
    for (let n = 0; n < 60; n += 1) await put(n);
    cluster.topology = { ...cluster.topology, servers: [0, 1, 2].map(nameOf), revision: 1 };
    for (let n = 60; n < 200; n += 1) await put(n);
    await cluster.settle();
    expect(cluster.memory(nameOf(2)).items.size).toBeGreaterThan(128 / 2);
    cluster.topology = { ...cluster.topology, servers: [1, 2].map(nameOf), revision: 2 };
    for (let n = 200; n < 340; n += 1) await put(n);
    await cluster.settle();
    cluster.memory(nameOf(0)).kill();
    for (const [key, text] of wanted) expect(await read(0, key)).toBe(text);
    // Nobody tries to reach one that is needed no more.
    for (const { servers } of cluster.rogers)
      expect([...servers()].map(({ name }) => name).sort()).toEqual([1, 2].map(nameOf));
  });
});

describe('a start on servers that take their time', () => {
  it('asks them of all vbuckets at once, not of one after the other', async () => {
    cluster = await startSimulation({ seed: 6, delayMs: 40 });
    expect(cluster.clock.monotonicMs()).toBeLessThan(8_000);
  });
});

describe('all servers lost', () => {
  it('is absence, and everything can be written again', async () => {
    cluster = await startSimulation({ seed: 5 });
    await write(0, 'a', 'one');
    await write(0, 'view.g1:!17', 'g1');
    for (const memory of cluster.memories) memory.kill();
    expect(await read(0, 'a')).toBe('unavailable');
    for (const memory of cluster.memories) memory.start();
    await cluster.settle();
    expect(await read(1, 'a')).toBeUndefined();
    expect(await read(1, 'view.g1:!17')).toBeUndefined();
    expect(await write(1, 'a', 'two')).toBe('done');
    expect(await read(0, 'a')).toBe('two');
  });
});
