// What an operator does to the list of servers, while all is written and read (docs/clearwater/backend.md §12 item 12, as mended: there are no states
// of nodes that all have to acknowledge, so there is none in which a node that dies holds up the others). In a simulated cluster, by a clock.
import type { Item } from '#libs/memcached-protocol';
import { targetsOf, VBUCKETS } from '../placement.js';
import { nameOf, type Simulation, startSimulation } from '../proxy/simulation.fixture.js';
import type { View } from '../view.js';

const KEYS = 24;
/** Written once, before anything changes: they live on by being copied. */
const RESTING = 60;
const WRITE_MS = 25;
/** By then what was under way with a server that died has been answered. */
const ANSWERED_MS = 2_000;
const STEPS_MAX = 5_000;

let cluster: Simulation;
afterEach(() => cluster.stop());

const names = (...numbers: readonly number[]): readonly string[] => numbers.map(nameOf);
const name = (servers: readonly string[]): void => {
  cluster.topology = { ...cluster.topology, servers, revision: cluster.topology.revision + 1 };
};
const views = (): readonly View[] =>
  Array.from({ length: VBUCKETS }, (_, vbucket) => cluster.rogers[0]!.table.of(vbucket)!.view);
const until = async (isSo: () => boolean): Promise<void> => {
  for (let step = 0; !isSo(); step += 1) {
    if (step > STEPS_MAX) throw new Error('it does not come to that');
    await cluster.clock.advanceAsync(1);
  }
};
const textOf = (found: Item | undefined): string | undefined => found?.value.toString();

/** Keys that are written by one row each all the time, through either Rogers, and read through the other; beside such as rest. */
const startWriting = async () => {
  const { clock } = cluster;
  /** What may be there: what was acknowledged last, and what was written since and not acknowledged. */
  const possible = new Map<string, readonly (string | undefined)[]>();
  const problems: string[] = [];
  const told = { failures: 0, writes: 0 };
  let isOver = false;
  const row = async (key: string): Promise<void> => {
    for (let n = 0; !isOver; n += 1) {
      const text = `${key}=${n}`;
      const outcome = await cluster.set(n % 2, key, text);
      const isDone = 'change' in outcome && outcome.change === 'done';
      possible.set(key, isDone ? [text] : [...(possible.get(key) ?? [undefined]), text]);
      if (isDone) told.writes += 1;
      else told.failures += 1;
      await look(key, (n + 1) % 2);
      await new Promise<void>((resolve) => void clock.after(WRITE_MS, resolve));
    }
  };
  const look = async (key: string, rogers: number): Promise<void> => {
    const found = await cluster.get(rogers, key);
    if (found !== undefined && 'failure' in found) told.failures += 1;
    else if (!possible.get(key)!.includes(textOf(found)))
      problems.push(`${key} is ${textOf(found)}, not ${possible.get(key)!.join(' or ')}`);
  };
  for (let n = 0; n < RESTING; n += 1) {
    await cluster.run(cluster.set(n % 2, `r${n}`, 'rests'));
    possible.set(`r${n}`, ['rests']);
  }
  const rows = Array.from({ length: KEYS }, (_, n) => row(`k${n}`));
  return {
    told,
    /** Ends it, and looks whether all is there, on the servers that are wanted and on no others that run. */
    async expectAllThere(): Promise<void> {
      isOver = true;
      await cluster.run(Promise.all(rows));
      expect(told.writes).toBeGreaterThan(KEYS);
      // Before anything is read, which would bring a copy that is missing.
      for (const key of possible.keys()) {
        const copies = cluster.memories.filter(({ state, items }) => state === 'runs' && items.has(key));
        if (copies.length !== 2) problems.push(`${key} is on ${copies.length} servers`);
      }
      for (const key of possible.keys()) for (const rogers of [0, 1]) await cluster.run(look(key, rogers));
      expect(problems).toEqual([]);
    },
  };
};

describe('more servers, and fewer', () => {
  it.each([
    [2, 3],
    [3, 2],
    [2, 4],
    [4, 2],
  ])('%d, then %d: nobody is refused, nothing is lost', async (before, after) => {
    cluster = await startSimulation({ seed: `${before} then ${after}`, servers: 4, used: before });
    const writing = await startWriting();
    await cluster.clock.advanceAsync(300);
    name(names(0, 1, 2, 3).slice(0, after));
    await cluster.settle();
    // Those that were taken away are not needed any more.
    for (const gone of names(0, 1, 2, 3).slice(after)) cluster.memory(gone).kill();
    await cluster.clock.advanceAsync(300);
    expect(writing.told.failures).toBe(0);
    await writing.expectAllThere();
  });
});

describe('a server that dies', () => {
  const [comes, leaves] = [nameOf(3), nameOf(2)];
  const holds = (server: string): number => views().filter(({ members }) => members.includes(server)).length;

  const stages: readonly (readonly [when: string, wanted: readonly number[], dying: string, isThen: () => boolean])[] = [
    ['before anybody has begun to fill it', [0, 1, 2, 3], comes, () => true],
    ['while it is filled', [0, 1, 2, 3], comes, () => views().some(({ joining }) => joining.includes(comes))],
    ['when it takes part in some', [0, 1, 2, 3], comes, () => holds(comes) > 0],
    ['where it was while another one comes', [0, 1, 2, 3], leaves, () => holds(comes) > 0],
    ['before anybody has begun to do without it', [0, 1], leaves, () => true],
    ['when some is done without it', [0, 1], leaves, () => holds(leaves) < VBUCKETS / 2],
  ];

  it.each(stages)('%s takes nothing along', async (_when, wanted, dying, isThen) => {
    cluster = await startSimulation({ seed: _when, servers: 4, used: 3, delayMs: 5 });
    const writing = await startWriting();
    await cluster.clock.advanceAsync(300);
    name(names(...wanted));
    await until(isThen);
    cluster.memory(dying).kill();
    await cluster.clock.advanceAsync(ANSWERED_MS);
    const { failures } = writing.told;
    // Dead for good: it is taken out of the list, where it stands there still.
    name(names(...wanted).filter((server) => server !== dying));
    await cluster.settle();
    expect(views().some(({ members, joining }) => [...members, ...joining].includes(dying))).toBe(false);
    expect(writing.told.failures).toBe(failures);
    await writing.expectAllThere();
  });

  it('and stands in the list holds up nobody who comes', async () => {
    cluster = await startSimulation({ seed: 'dead and wanted', servers: 4, used: 3 });
    const writing = await startWriting();
    cluster.memory(leaves).kill();
    await cluster.clock.advanceAsync(ANSWERED_MS);
    name(names(0, 1, 2, 3));
    const its = Array.from({ length: VBUCKETS }, (_, vbucket) => targetsOf(cluster.topology.servers, 2, vbucket));
    await until(() => holds(comes) === its.filter((targets) => targets.includes(comes)).length);
    name(names(0, 1, 3));
    await cluster.settle();
    await writing.expectAllThere();
  });
}); // prettier-ignore

describe('a Rogers that has not heard of the change', () => {
  it('undoes nothing of it', async () => {
    cluster = await startSimulation({ seed: 'unheard', servers: 3, used: 2 });
    const writing = await startWriting();
    cluster.heard.set(1, cluster.topology);
    name(names(0, 1, 2));
    await until(() => cluster.rogers[0]!.astaire.behind > 0);
    await until(() => cluster.rogers[0]!.astaire.behind === 0);
    const before = views().map(({ text }) => text);
    await cluster.clock.advanceAsync(ANSWERED_MS);
    expect(views().map(({ text }) => text)).toEqual(before);
    cluster.heard.clear();
    await cluster.settle();
    expect(writing.told.failures).toBe(0);
    await writing.expectAllThere();
  });
});
