// Old versions come back in the newest shape, step by step; what is newer than the program is not guessed at.
import { createFakeClock, createSeededRandom } from '#libs/testkit';
import { MemoryDisk } from './adapters/embedded/disk/memory-disk.js';
import { createMemoryLog } from './adapters/embedded/memory.event-log.js';
import type { DomainEvent, RecordedEvent } from './event-log.port.js';
import { additionsIn, createUpcasting, UnknownVersion, type Upcaster } from './upcast.js';

const add = (from: number, name: string): Upcaster => ({
  category: 'subscriber',
  type: 'Renamed',
  from,
  up: ({ type, data }) => ({ type, data: { ...data, [name]: from } }),
});
const event: DomainEvent = { type: 'Renamed', data: { old: true } };

describe('upcasting', () => {
  it('goes through every step from the version written to the newest', () => {
    const { upcast, versionOf } = createUpcasting([add(2, 'b'), add(1, 'a')]);
    expect(versionOf('subscriber-1', 'Renamed')).toBe(3);
    expect(versionOf('identity-1', 'Renamed')).toBe(1);
    expect(upcast('subscriber-1', event, 1).data).toEqual({ old: true, a: 1, b: 2 });
    expect(upcast('subscriber-1', event, 2).data).toEqual({ old: true, b: 2 });
    expect(upcast('subscriber-1', event, 3)).toBe(event);
    expect(upcast('identity-1', event, 1)).toBe(event);
  });

  it('refuses what is newer than it knows, and a chain with a gap', () => {
    expect(() => createUpcasting([]).upcast('subscriber-1', event, 2)).toThrow(UnknownVersion);
    expect(() => createUpcasting([add(2, 'b')])).toThrow('version 2');
    expect(() => createUpcasting([add(1, 'a'), add(1, 'b')])).toThrow('there twice');
  });

  it('writes additions as what everybody knows, until they may be written', () => {
    const allowed = new Set<string>();
    const steps = [add(1, 'a'), { ...add(2, 'b'), isAddition: true as const }, { ...add(3, 'c'), isAddition: true as const }];
    const { versionOf, upcast } = createUpcasting(steps, (type, version) => allowed.has(`${type} ${version}`));
    const version = () => versionOf('subscriber-1', 'Renamed');
    // Not below what is no addition: who does not know version 2 cannot read what is written.
    expect(version()).toBe(2);
    allowed.add('subscriber.Renamed 3');
    expect(version()).toBe(3);
    allowed.add('subscriber.Renamed 4');
    expect([version(), versionOf('identity-1', 'Renamed')]).toEqual([4, 1]);
    expect(upcast('subscriber-1', event, 4)).toBe(event);
    expect(additionsIn(steps)).toEqual({ 'subscriber.Renamed': 4 });
    expect(additionsIn([add(1, 'a')])).toEqual({});
  }); // prettier-ignore

  it('reaches readers of the log in the newest shape, and marks what cannot be read', async () => {
    const disk = new MemoryDisk();
    const ports = { disk, clock: createFakeClock(), random: createSeededRandom(1) };
    const old = await createMemoryLog(ports);
    await old.append('subscriber-1', [event]);
    await old.close();
    const today = await createMemoryLog({ ...ports, ...createUpcasting([add(1, 'a')]) });
    await today.append('subscriber-1', [{ type: 'Renamed', data: { now: true } }]);
    const read: unknown[] = [];
    for await (const recorded of today.read('subscriber-1')) read.push(recorded.event.data);
    expect(read).toEqual([{ old: true, a: 1 }, { now: true }]);
    await today.close();

    const rolledBack = await createMemoryLog({ ...ports, ...createUpcasting([]) });
    const seen: RecordedEvent[] = [];
    for await (const recorded of rolledBack.readAll(['provisioning'], 'oldest')) seen.push(recorded);
    expect(seen.map(({ unreadable }) => unreadable !== undefined)).toEqual([false, true]);
    const reading = async () => {
      for await (const { event } of rolledBack.read('subscriber-1')) expect(event).toBeDefined();
    };
    await expect(reading()).rejects.toThrow('version 2');
    await rolledBack.close();
  });
});
