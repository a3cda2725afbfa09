// Draining from a terminal: who may be drained, what is said meanwhile, and when it has come to its end.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createFileSharedConfig, drainKey, type NodeFacts, textOfFacts } from '#libs/shared-config';
import { createFakeClock } from '#libs/testkit';
import { ageOf, order, rowOf } from './cluster-commands.js';

const folder = mkdtempSync(path.join(tmpdir(), 'cluster-commands-'));
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;

const factsOf = (app: string, state: NodeFacts['state'], left: readonly string[] = []): string =>
  textOfFacts({ app, pid: 1, version: '1.2', startedMs: 1, state, left, events: {} });

const world = async () => {
  const clock = createFakeClock();
  const shared = createFileSharedConfig({ file: path.join(folder, `${(files += 1)}.json`), clock });
  const one = await shared.join({ name: 'a/10.0.0.1:9889', data: factsOf('sprout', 'ready') });
  const two = await shared.join({ name: 'b/10.0.0.2:9889', data: factsOf('sprout', 'ready') });
  await shared.join({ name: 'c/10.0.0.3:8893', data: factsOf('projector', 'ready') });
  await shared.join({ name: 'view.x/4', data: 'a token' });
  const said: string[] = [];
  const refused: string[] = [];
  const terminal = {
    run: () => Promise.resolve(),
    print: () => undefined,
    say: (text: string) => void said.push(text),
    refuse: (text: string) => void refused.push(text),
    byWhom: 'ann',
    clock,
  };
  const ask = (what: 'drain' | 'undrain', node: string, options = {}) =>
    order(shared, what, node, { by: 'ann', wait: true, ...options }, terminal);
  const isAsked = async (name: string) => (await shared.get(drainKey(name))) !== undefined;
  return { clock, shared, one, two, said, refused, ask, isAsked };
};

it('drains a node whose work another does, says how it gets on, and waits for its end', async () => {
  const { clock, one, said, refused, ask, isAsked } = await world();
  let isOver = false;
  const asked = ask('drain', '10.0.0.1').then(() => (isOver = true));
  await clock.advanceAsync(1_000);
  expect(await isAsked('a/10.0.0.1:9889')).toBe(true);
  await one.tell(factsOf('sprout', 'draining', ['3 transactions']));
  await clock.advanceAsync(1_000);
  expect(isOver).toBe(false);
  await one.tell(factsOf('sprout', 'drained'));
  await clock.advanceAsync(1_000);
  await asked;
  expect([isOver, refused]).toEqual([true, []]);
  expect(said.map((line) => line.replace('a/10.0.0.1:9889: ', ''))).toEqual([
    'ready',
    'draining 3 transactions',
    'drained',
  ]);
});

it('refuses where nobody would be left, or two are meant, or nobody is', async () => {
  const { refused, ask, isAsked, said } = await world();
  await ask('drain', '10.0.0.3');
  await ask('drain', '10.0.0');
  await ask('drain', 'nobody');
  expect(refused).toHaveLength(3);
  expect(refused[0]).toContain('nobody else is ready');
  expect(refused[1]).toContain('name one');
  expect(refused[2]).toContain('no node is called nobody');
  expect(await isAsked('c/10.0.0.3:8893')).toBe(false);
  await ask('drain', '10.0.0.3', { force: true, wait: false });
  expect([await isAsked('c/10.0.0.3:8893'), said]).toEqual([true, []]);
});

it('does not take the last two of a program together', async () => {
  const { refused, ask, isAsked } = await world();
  await ask('drain', ':9889', { all: true });
  expect(refused[0]).toContain('nobody else is ready');
  expect(await isAsked('a/10.0.0.1:9889')).toBe(false);
});

it.each(['overdue', 'gone', 'deaf'] as const)('ends with a refusal where one is %s', async (how) => {
  const { clock, one, refused, ask } = await world();
  const asked = ask('drain', '10.0.0.1');
  await clock.advanceAsync(600);
  if (how === 'overdue') await one.tell(factsOf('sprout', 'overdue', ['1 call']));
  if (how === 'gone') await one.leave();
  await clock.advanceAsync(how === 'deaf' ? 20_000 : 1_000);
  await asked;
  expect(refused).toEqual(['not drained']);
});

it('lets one work again, and waits until it is ready; one that is absent too', async () => {
  const { clock, shared, one, refused, ask, isAsked } = await world();
  await ask('drain', '10.0.0.1', { wait: false });
  await one.tell(factsOf('sprout', 'drained'));
  const asked = ask('undrain', '10.0.0.1');
  await clock.advanceAsync(600);
  expect(await isAsked('a/10.0.0.1:9889')).toBe(false);
  await one.tell(factsOf('sprout', 'ready'));
  await clock.advanceAsync(1_000);
  await asked;
  await shared.set(drainKey('d/10.0.0.9:1'), 'drain', { by: 'ann' });
  await ask('undrain', 'd_10.0.0.9_1');
  expect([refused, await isAsked('d/10.0.0.9:1')]).toEqual([[], false]);
});

it('shows a node in a row', () => {
  const node = { ...(JSON.parse(factsOf('sprout', 'draining', ['2 calls'])) as NodeFacts), name: 'a', isToDrain: true };
  expect(rowOf(node, 3_700_001)).toEqual(['a', 'sprout', '1.2', '1 h 1 m', 'draining', '2 calls']);
  expect(['0 s', '59 s', '1 m 0 s', '2 d 0 h']).toEqual([0, 59_000, 60_000, 172_800_000].map(ageOf));
}); // prettier-ignore
