// A simulated cluster under faults from a seed: one at a time, over before the next. Every change that was acknowledged is there at the end, and
// whatever was read was never older than what had been acknowledged before.
import type { Item } from '#libs/memcached-protocol';
import { type Simulation, startSimulation } from './simulation.fixture.js';

const SEEDS = [11, 12];
const KEYS = 6;
const ROWS = 8;
const FAULTS = 5;
const QUIET_MS = 400;

type Fault = Readonly<{ name: string; begin: () => void; end: () => void }>;

const faultOf = (cluster: Simulation, n: number): Fault => {
  const { random, memories, links } = cluster;
  const memory = random.pick(memories);
  const link = random.pick(links).get(memory.name)!;
  switch (n % 5) {
    case 0:
      return { name: `${memory.name} dies`, begin: () => memory.kill(), end: () => memory.start() };
    case 1:
      return { name: `${memory.name} hangs`, begin: () => (memory.state = 'frozen'), end: () => (memory.state = 'runs') };
    case 2:
      return { name: `${memory.name} is cut from one`, begin: () => (link.isCut = true), end: () => (link.isCut = false) };
    case 3:
      return { name: `${memory.name} is slow`, begin: () => (memory.delayMs = 40), end: () => (memory.delayMs = 1) };
    default: {
      const revision = cluster.topology.revision;
      const without = memories.map(({ name }) => name).filter((name) => name !== memory.name);
      return {
        name: `${memory.name} is taken away and added`,
        begin: () => (cluster.topology = { ...cluster.topology, servers: without, revision: revision + 1 }),
        end: () => (cluster.topology = { ...cluster.topology, servers: memories.map(({ name }) => name), revision: revision + 2 }),
      };
    }
  }
}; // prettier-ignore

const idsIn = (item: Item): readonly string[] => item.value.toString().split(',');

/** Adds to lists by compare-and-set, through any Rogers. */
const write = async (cluster: Simulation, row: number, isOver: () => boolean, told: Told): Promise<void> => {
  for (let n = 0; !isOver(); n += 1) {
    const rogers = cluster.random.integer(2);
    const key = `k${cluster.random.integer(KEYS)}`;
    const known = [...(told.acknowledged.get(key) ?? [])];
    const found = await cluster.get(rogers, key);
    if (found !== undefined && 'failure' in found) told.failures += 1;
    else {
      const ids = found === undefined ? [] : idsIn(found);
      for (const id of known)
        if (!ids.includes(id)) told.problems.push(`${key} without ${id}, through ${rogers}`);
      const id = `${row}-${n}`;
      const mode = found === undefined ? 'add' : 'set';
      const value = Buffer.from([...ids, id].join(','));
      const wanted = { verb: 'store', key, mode, flags: 0, exptime: 0, cas: found?.cas ?? 0, value } as const;
      const outcome = await cluster.change(rogers, wanted);
      if ('failure' in outcome) told.failures += 1;
      else if (outcome.change === 'done')
        told.acknowledged.set(key, [...(told.acknowledged.get(key) ?? []), id]);
    }
    await new Promise<void>((resolve) => void cluster.clock.after(20, resolve));
  }
};
type Told = { acknowledged: Map<string, string[]>; problems: string[]; failures: number };

it.each(SEEDS)('loses nothing and shows nothing old, seed %d', async (seed) => {
  const cluster = await startSimulation({ seed });
  const told: Told = { acknowledged: new Map(), problems: [], failures: 0 };
  let isOver = false;
  const rows = Array.from({ length: ROWS }, (_, row) => write(cluster, row, () => isOver, told));
  const faults: string[] = [];
  for (let n = 0; n < FAULTS; n += 1) {
    const fault = faultOf(cluster, n + seed);
    faults.push(fault.name);
    fault.begin();
    await cluster.clock.advanceAsync(QUIET_MS + cluster.random.integer(QUIET_MS));
    fault.end();
    await cluster.settle();
  }
  isOver = true;
  await cluster.run(Promise.all(rows));
  for (const [key, ids] of told.acknowledged) {
    for (const rogers of [0, 1]) {
      const found = await cluster.run(cluster.get(rogers, key));
      const there = found !== undefined && 'value' in found ? idsIn(found) : [];
      for (const id of ids) if (!there.includes(id)) told.problems.push(`${key} without ${id} at the end`);
    }
    const copies = cluster.memories.filter(({ items }) => items.has(key));
    if (copies.length !== 2) told.problems.push(`${key} is on ${copies.length} servers`);
  }
  expect({ faults, problems: told.problems }).toEqual({ faults, problems: [] });
  expect([...told.acknowledged.values()].flat().length).toBeGreaterThan(100);
  await cluster.stop();
});
