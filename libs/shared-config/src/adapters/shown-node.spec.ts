// A node of a cluster: what it tells of itself, and that it drains and comes back as it is asked to.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createDrain, createHealth, createShutdown, DRAIN_SETTLE_MS, silentLogger } from '#libs/runtime';
import { createFakeClock } from '#libs/testkit';
import { askBack, askToDrain, clusterNodes, drainKey, hasStandIn, nodesNamed } from '../cluster-nodes.js';
import { EventGate } from '../event-gate.js';
import { createFileSharedConfig } from './embedded/file-shared-config.js';
import { showNode } from './shown-node.js';

const folder = mkdtempSync(path.join(tmpdir(), 'shown-node-'));
afterAll(() => rmSync(folder, { recursive: true }));

const BOUND_MS = 60_000;
const NAME = 'host/127.0.0.1:9889';
let files = 0;

const world = async (isAskedBefore = false) => {
  const clock = createFakeClock();
  const shared = createFileSharedConfig({ file: path.join(folder, `${(files += 1)}.json`), clock });
  const health = createHealth();
  const sip = health.part('sip');
  const drain = createDrain({ clock, health, logger: silentLogger, boundMs: BOUND_MS });
  const shutdown = createShutdown({ clock, health, logger: silentLogger, exit: () => undefined });
  const work = { calls: 0, asked: [] as string[] };
  const part = {
    leave: () => void work.asked.push('leave'),
    comeBack: () => void work.asked.push('comeBack'),
    unfinished: () => (work.calls === 0 ? undefined : `${work.calls} calls`),
  };
  if (isAskedBefore) await askToDrain(shared, NAME, 'ann');
  else drain.add('sip', part);
  const app = { app: 'sprout', version: '1.2', gate: new EventGate({ 'a.B': 2 }) };
  await showNode({ shared, name: NAME, ...app, clock, health, shutdown, drain, logger: silentLogger });
  if (isAskedBefore) drain.add('sip', part);
  const node = async () => (await clusterNodes(shared)).nodes[0];
  const pass = (ms: number) => clock.advanceAsync(ms);
  return { clock, shared, health, sip, drain, work, node, pass, shutdown };
};

it('tells whether it is ready, and what it lacks', async () => {
  const { sip, health, node, pass } = await world();
  expect(await node()).toMatchObject({ app: 'sprout', version: '1.2', state: 'not ready', left: ['sip: starting'], events: { 'a.B': 2 } });
  sip.ready();
  await pass(600);
  expect(await node()).toMatchObject({ state: 'ready', left: [], isToDrain: false });
  health.drain();
  await pass(600);
  expect(await node()).toMatchObject({ state: 'ending' });
}); // prettier-ignore

it('drains when it is asked to, finishes what it has, says so, and comes back', async () => {
  const { sip, health, shared, work, node, pass } = await world();
  sip.ready();
  work.calls = 2;
  await askToDrain(shared, NAME, 'ann');
  await pass(2_000);
  expect(await node()).toMatchObject({ state: 'draining', left: ['2 calls'], isToDrain: true });
  expect([health.ok, work.asked]).toEqual([false, ['leave']]);
  work.calls = 0;
  await pass(DRAIN_SETTLE_MS - 200);
  expect(await node()).toMatchObject({ state: 'draining' });
  await pass(1_500);
  expect(await node()).toMatchObject({ state: 'drained', left: [] });
  await askBack(shared, NAME, 'ann');
  await pass(2_000);
  expect(await node()).toMatchObject({ state: 'ready', isToDrain: false });
  expect([health.ok, work.asked]).toEqual([true, ['leave', 'comeBack']]);
});

it('is overdue at its bound, goes on, and is drained when it is', async () => {
  const { sip, shared, work, node, pass } = await world();
  sip.ready();
  work.calls = 1;
  await askToDrain(shared, NAME, 'ann');
  await pass(BOUND_MS + 3_000);
  expect(await node()).toMatchObject({ state: 'overdue', left: ['1 calls'] });
  work.calls = 0;
  await pass(3_000);
  expect(await node()).toMatchObject({ state: 'drained' });
});

it('is drained from its start where it was asked before', async () => {
  const { work, node, pass, health, sip } = await world(true);
  sip.ready();
  expect([health.ok, work.asked]).toEqual([false, ['leave']]);
  expect(await node()).toMatchObject({ state: 'draining' });
  await pass(3_000);
  expect(await node()).toMatchObject({ state: 'drained' });
});

const of = (name: string, app: string, state = 'ready', isToDrain = false) =>
  ({
    name,
    app,
    state,
    isToDrain,
    pid: 1,
    version: '',
    startedMs: 0,
    left: [],
    events: {},
  }) as const as never;

it('finds nodes by name, by address, by what is in the name', () => {
  const nodes = [of('a/10.0.0.1:9889', 'sprout'), of('a/10.0.0.1:9887', 'bono'), of('b/10.0.0.11:9889', 'sprout')];
  const names = (text: string) => nodesNamed(nodes, text).map(({ name }) => name);
  expect(names('a/10.0.0.1:9889')).toEqual(['a/10.0.0.1:9889']);
  expect(names('10.0.0.1')).toEqual(['a/10.0.0.1:9889', 'a/10.0.0.1:9887']);
  expect(names('b')).toEqual(['b/10.0.0.11:9889']);
  expect(names('1:9887')).toEqual(['a/10.0.0.1:9887']);
  expect(names('c')).toEqual([]);
}); // prettier-ignore

it('knows who could do a node’s work', () => {
  const sprout = of('a', 'sprout');
  expect(hasStandIn([sprout, of('b', 'bono')], sprout)).toBe(false);
  expect(hasStandIn([sprout, of('b', 'sprout', 'drained')], sprout)).toBe(false);
  expect(hasStandIn([sprout, of('b', 'sprout', 'ready', true)], sprout)).toBe(false);
  expect(hasStandIn([sprout, of('b', 'sprout')], sprout)).toBe(true);
});

it('has a key for every name', () => {
  expect(drainKey(NAME)).toBe('drain.host_127.0.0.1_9889');
  const long = drainKey(`${'h'.repeat(200)}/10.0.0.1:9889`);
  expect(long).toMatch(/^drain\.h+_10\.0\.0\.1_9889$/);
  expect(long).toHaveLength(100);
});
