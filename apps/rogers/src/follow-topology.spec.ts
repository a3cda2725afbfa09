// The list of servers as operators change it under way: two at once, a bad one, one that the environment has (docs/clearwater/backend.md §12 item 12).
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { silentLogger } from '#libs/runtime';
import { ConfigConflict, createFileSharedConfig, type SharedConfig } from '#libs/shared-config';
import { createFakeClock, type FakeClock } from '#libs/testkit';
import { followTopology } from './follow-topology.js';
import { RogersConfig } from './rogers.config.js';

const SEEN_MS = 2_000;
const VARIABLE = 'ROGERS_SERVERS';
const FIRST = ['127.0.0.1:11211'];

let folder: string;
let clock: FakeClock;
const opened: SharedConfig[] = [];
const ends: (() => void | Promise<void>)[] = [];
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'topology-'));
  clock = createFakeClock();
});
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
  for (const config of opened.splice(0)) await config.close();
  rmSync(folder, { recursive: true });
});

const open = (): SharedConfig => {
  const config = createFileSharedConfig({ file: path.join(folder, 'shared.json'), clock });
  opened.push(config);
  return config;
};
const follow = (isOwn = false) =>
  followTopology(
    new RogersConfig(),
    { shared: open(), isOwn: () => isOwn },
    {
      clock,
      logger: silentLogger,
      shutdown: {
        on: (_phase, _name, run) => void ends.push(run),
        drain: () => Promise.resolve(0),
        install: () => undefined,
      },
    },
  );

it('of two operators who change it at once one wins, and every Rogers goes by what that one said', async () => {
  const [ann, bob] = [open(), open()];
  const rogers = [follow(), follow()];
  await clock.advanceAsync(SEEN_MS);
  expect(rogers.map((topology) => topology())).toEqual([0, 1].map(() => ({ servers: FIRST, replicas: 2, revision: 0 }))); // prettier-ignore
  const race = await Promise.allSettled([
    ann.set(VARIABLE, 'a:1,b:1', { by: 'ann', expected: 0 }),
    bob.set(VARIABLE, 'a:1,c:1', { by: 'bob', expected: 0 }),
  ]);
  expect(race.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  expect(race.find((one) => one.status === 'rejected')?.reason).toBeInstanceOf(ConfigConflict);
  await clock.advanceAsync(SEEN_MS);
  const { value } = (await ann.get(VARIABLE))!;
  for (const topology of rogers)
    expect(topology()).toEqual({ servers: value.split(','), replicas: 2, revision: 1 });
  // Who lost looks again, and changes what there is now.
  await bob.set(VARIABLE, `${value},d:1`, { by: 'bob', expected: 1 });
  await clock.advanceAsync(SEEN_MS);
  for (const topology of rogers) expect(topology()).toMatchObject({ servers: [...value.split(','), 'd:1'], revision: 2 }); // prettier-ignore
});

it('who starts later knows the newest, and goes on with it when what is set is no list or nothing', async () => {
  const ann = open();
  await ann.set(VARIABLE, 'a:1,b:1', { by: 'ann' });
  const topology = follow();
  await clock.advanceAsync(SEEN_MS);
  expect(topology()).toMatchObject({ servers: ['a:1', 'b:1'], revision: 1 });
  for (const value of ['a:1,,b', 'a:1,a:1', undefined]) await ann.set(VARIABLE, value, { by: 'ann' });
  await clock.advanceAsync(SEEN_MS);
  expect(topology()).toMatchObject({ servers: ['a:1', 'b:1'], revision: 1 });
  await ann.set(VARIABLE, 'a:1', { by: 'ann' });
  await clock.advanceAsync(SEEN_MS);
  expect(topology()).toMatchObject({ servers: ['a:1'], revision: 5 });
});

it('of the environment it stays, whatever is shared', async () => {
  const ann = open();
  const topology = follow(true);
  await ann.set(VARIABLE, 'a:1,b:1', { by: 'ann' });
  await clock.advanceAsync(SEEN_MS);
  expect(topology()).toMatchObject({ servers: FIRST, revision: 0 });
});
