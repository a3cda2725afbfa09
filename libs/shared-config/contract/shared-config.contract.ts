// What every SharedConfig must do, whatever keeps it. Called by each adapter's spec.
// Port: src/shared-config.port.ts.
import { type ConfigChange, ConfigConflict, type SharedConfig } from '../src/shared-config.port.js';

export type SharedConfigHarness = Readonly<{
  /** With nothing in it. */
  create(): SharedConfig | Promise<SharedConfig>;
  /** Another process's way to the same. */
  another(config: SharedConfig): SharedConfig | Promise<SharedConfig>;
  /** Lets pass what a change may take until a watcher is told. */
  settle(): Promise<void>;
}>;

const by = 'ann';

export const sharedConfigContract = (adapter: string, harness: SharedConfigHarness): void => {
  describe(`SharedConfig on ${adapter}`, () => {
    describe('values', () => keepsValues(harness));
    describe('watching', () => tellsChanges(harness));
    describe('members', () => knowsMembers(harness));
  });
};

const keepsValues = ({ create, another }: SharedConfigHarness): void => {
  it('knows nothing at first', async () => {
    const config = await create();
    expect(await config.get('A')).toBeUndefined();
    expect(await config.list()).toEqual([]);
    expect(await config.history('A')).toEqual([]);
  });

  it('gives another process what was set, with who and when', async () => {
    const config = await create();
    const set = await config.set('REG_MAX_EXPIRES', '600 é\n😀', { by });
    expect(set).toMatchObject({ key: 'REG_MAX_EXPIRES', value: '600 é\n😀', revision: 1, by });
    expect(set.atMs).toBeGreaterThan(0);
    expect(await (await another(config)).get('REG_MAX_EXPIRES')).toEqual(set);
  });

  it('lists what is set, in the order of keys', async () => {
    const config = await create();
    for (const key of ['b', 'a', 'a.b', 'a-b', 'B']) await config.set(key, `of ${key}`, { by });
    await config.set('a.b', undefined, { by });
    expect((await config.list()).map(({ key }) => key)).toEqual(['B', 'a', 'a-b', 'b']);
  });

  it('counts the changes of a key over its removal, and remembers them', async () => {
    const config = await create();
    await config.set('a', '1', { by });
    await config.set('ab', 'another key', { by });
    await config.set('a', '2', { by: 'bob' });
    expect((await config.set('a', undefined, { by })).revision).toBe(3);
    expect(await config.get('a')).toBeUndefined();
    expect((await config.set('a', '4', { by, expected: 3 })).revision).toBe(4);
    const changes = (await config.history('a')).map(({ value, revision, by: who }) => [revision, value, who]);
    expect(changes).toEqual([
      [4, '4', by],
      [3, undefined, by],
      [2, '2', 'bob'],
      [1, '1', by],
    ]);
  });

  it('forgets what is older than a hundred changes', async () => {
    const config = await create();
    for (let n = 1; n <= 105; n += 1) await config.set('a', String(n), { by });
    const history = await config.history('a');
    expect(history).toHaveLength(100);
    expect([history[0]?.value, history.at(-1)?.value]).toEqual(['105', '6']);
  });

  it('refuses a change of what has changed meanwhile', async () => {
    const config = await create();
    await config.set('a', '1', { by, expected: 0 });
    await expect(config.set('a', '2', { by, expected: 0 })).rejects.toBeInstanceOf(ConfigConflict);
    await expect(config.set('b', '2', { by, expected: 1 })).rejects.toBeInstanceOf(ConfigConflict);
    expect((await config.get('a'))?.value).toBe('1');
  });

  it('lets one of those win who expect the same, and all who do not', async () => {
    const config = await create();
    const other = await another(config);
    const race = (expected?: number) =>
      Promise.allSettled(
        [config, other, config, other].map((one, n) =>
          one.set('a', String(n), { by, ...(expected === undefined ? {} : { expected }) }),
        ),
      );
    expect((await race(0)).filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect((await race()).filter(({ status }) => status === 'fulfilled')).toHaveLength(4);
    expect((await config.get('a'))?.revision).toBe(5);
  });

  it('refuses what is no key and no value', async () => {
    const config = await create();
    for (const key of ['', '1a', 'a/b', 'a b', 'é', 'a'.repeat(101)])
      await expect(config.set(key, '1', { by })).rejects.toThrow(RangeError);
    await expect(config.set('a', 'x'.repeat(65_537), { by })).rejects.toThrow(RangeError);
  });
};

const tellsChanges = ({ create, another, settle }: SharedConfigHarness): void => {
  it('tells another process of every change, in order, until it is told no more', async () => {
    const config = await create();
    await config.set('a', 'before', { by });
    const told: ConfigChange[] = [];
    const stop = await (await another(config)).watch((change) => void told.push(change));
    for (const value of ['1', '2', undefined]) {
      await config.set('a', value, { by });
      await settle();
    }
    expect(told.map(({ key, value, revision }) => [key, value, revision])).toEqual([
      ['a', '1', 2],
      ['a', '2', 3],
      ['a', undefined, 4],
    ]);
    await stop();
    await config.set('a', '5', { by });
    await settle();
    expect(told).toHaveLength(3);
  });
};

const knowsMembers = ({ create, another, settle }: SharedConfigHarness): void => {
  it('shows who has joined, until they leave', async () => {
    const config = await create();
    const other = await another(config);
    expect(await config.members()).toEqual([]);
    const first = await config.join({ name: 'sprout-2', data: '10.0.0.2' });
    const second = await other.join({ name: 'sprout-1', data: '10.0.0.1' });
    await settle();
    expect(await other.members()).toEqual([
      { name: 'sprout-1', data: '10.0.0.1' },
      { name: 'sprout-2', data: '10.0.0.2' },
    ]);
    await first.tell('10.0.0.2 drained');
    await settle();
    expect((await other.members()).map(({ data }) => data)).toEqual(['10.0.0.1', '10.0.0.2 drained']);
    await first.leave();
    await settle();
    expect((await other.members()).map(({ name }) => name)).toEqual(['sprout-1']);
    await second.leave();
    await settle();
    expect(await config.members()).toEqual([]);
  });
};
