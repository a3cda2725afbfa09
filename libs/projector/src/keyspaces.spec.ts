// Nodes that agree which keyspace serves: a rebuild waits for all of them twice, and reads stay until it is whole.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ConfigUnavailable, createFileSharedConfig, type SharedConfig } from '#libs/shared-config';
import { createFakeClock, type FakeClock } from '#libs/testkit';
import {
  joinKeyspaces,
  type KeyspaceNode,
  type Keyspaces,
  rebuildKeyspace,
  type KeyspaceRebuildOptions,
  type RebuildPhase,
} from './keyspaces.js';

const VIEW = { view: 'rows', initial: 'v1-a' };

let folder: string;
let clock: FakeClock;
let shared: SharedConfig;
let nodes: KeyspaceNode[];
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'keyspaces-'));
  clock = createFakeClock();
  shared = createFileSharedConfig({ file: path.join(folder, 'shared.json'), clock });
  nodes = [];
});
afterEach(async () => {
  await Promise.all(nodes.map((node) => node.leave()));
  await shared.close();
  rmSync(folder, { recursive: true });
});

/** A node, and the states that it took. */
const join = async (node: string, over: SharedConfig = shared, memory?: string): Promise<Keyspaces[]> => {
  const taken: Keyspaces[] = [];
  nodes.push(
    await joinKeyspaces({
      ...VIEW,
      shared: over,
      node,
      token: `${node}-${nodes.length}`,
      clock,
      take: (state) => void taken.push(state),
      memory: { read: () => memory, write: () => undefined },
      report: () => undefined,
    }),
  );
  return taken;
};

/** Runs a rebuild to its end while time goes on. */
const rebuild = async (options: Partial<KeyspaceRebuildOptions> = {}): Promise<string> => {
  let outcome: { value?: string; error?: unknown } | undefined;
  const all = { ...VIEW, shared, by: 'test', clock, fold: () => Promise.resolve(), ...options };
  void rebuildKeyspace(all).then(
    (value) => (outcome = { value }),
    (error: unknown) => (outcome = { error }),
  );
  for (let n = 0; n < 400 && outcome === undefined; n++) await clock.advanceAsync(200);
  if (outcome?.value === undefined)
    throw outcome?.error instanceof Error ? outcome.error : new Error('it does not end');
  return outcome.value;
};

it('is the first keyspace until there is another', async () => {
  expect(await join('one')).toEqual([{ serving: 'v1-a' }]);
});

it('folds when every node writes both, and leaves the old one when every node reads the new', async () => {
  const taken = [await join('one'), await join('two')];
  const seen: (Keyspaces | undefined)[][] = [];
  const serving = await rebuild({
    fold: () => {
      seen.push(taken.map((states) => states.at(-1)));
      return Promise.resolve();
    },
  });
  expect(seen).toEqual([Array(2).fill({ serving: 'v1-a', building: serving })]);
  await clock.advanceAsync(2_000);
  for (const states of taken)
    expect(states).toEqual([
      { serving: 'v1-a' },
      { serving: 'v1-a', building: serving },
      { serving, former: 'v1-a' },
      { serving },
    ]);
});

it('does not begin while a member has not acknowledged, and says who', async () => {
  await join('one');
  await shared.join({ name: 'keyspaces.rows.v1-a/silent', data: 'token' });
  const phases: RebuildPhase[] = [];
  let folds = 0;
  const failed = rebuild({
    ackMsMax: 5_000,
    onPhase: (phase) => void phases.push(phase),
    fold: () => Promise.resolve(void folds++),
  });
  await expect(failed).rejects.toThrow('silent did not acknowledge');
  expect(folds).toBe(0);
  expect(phases).toContainEqual({ phase: 'waiting', for: ['silent'] });
  expect((await join('late')).at(-1)).toMatchObject({ serving: 'v1-a' });
});

it('takes no acknowledgement of an earlier life for one of this', async () => {
  await join('one');
  await rebuild();
  await nodes.pop()?.leave();
  await shared.join({ name: 'keyspaces.rows.v1-a/one', data: 'another-token' });
  await expect(rebuild({ ackMsMax: 3_000 })).rejects.toThrow('one did not acknowledge');
});

it('goes on with a rebuild that was broken off', async () => {
  const taken = await join('one');
  const failing = rebuild({ fold: () => Promise.reject(new Error('the store went away')) });
  await expect(failing).rejects.toThrow('went away');
  expect(taken.at(-1)).toMatchObject({ serving: 'v1-a', building: 'v1-a-r1' });
  expect(await rebuild()).toBe('v1-a-r1');
});

it('is done by one at a time: the second finds the state changed under it', async () => {
  await join('one');
  await expect(
    rebuild({
      fold: async (keyspace) => {
        await shared.set('keyspaces.rows.v1-a', JSON.stringify({ serving: keyspace }), { by: 'other' });
      },
    }),
  ).rejects.toThrow('another process rebuilds this view');
});

it('goes on with what it knew last while nobody can be asked, and takes what is when it can', async () => {
  let isAway = true;
  const flaky: SharedConfig = {
    ...bound(shared),
    join: (member) => (isAway ? Promise.reject(new ConfigUnavailable('away')) : shared.join(member)),
  };
  const taken = await join('one', flaky, JSON.stringify({ serving: 'v1-a-r7' }));
  expect(taken).toEqual([{ serving: 'v1-a-r7' }]);
  await shared.set('keyspaces.rows.v1-a', JSON.stringify({ serving: 'v1-a-r9' }), { by: 'other' });
  isAway = false;
  await clock.advanceAsync(5_000);
  expect(taken.at(-1)).toEqual({ serving: 'v1-a-r9' });
});

const bound = (config: SharedConfig): SharedConfig => ({
  get: (key) => config.get(key),
  list: () => config.list(),
  set: (key, value, options) => config.set(key, value, options),
  history: (key) => config.history(key),
  watch: (onChange) => config.watch(onChange),
  join: (member) => config.join(member),
  members: () => config.members(),
  close: () => config.close(),
});
