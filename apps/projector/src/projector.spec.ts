// The projector over views of a memory log: what it tells, a rebuild that is watched, a parked stream that is tried again.
import { createMemoryLog, type EventLog, type RecordedEvent } from '#libs/event-log';
import { createTableSink, type Projection, type Projector, startProjector } from '#libs/projector';
import { silentLogger } from '#libs/runtime';
import { createMemoryTableStore } from '#libs/stores';
import { createFakeClock, createSeededRandom, type FakeClock, settle } from '#libs/testkit';
import type { KeptView, RebuildSteps } from './kept-view.js';
import { createViewKeeper, type ViewKeeper } from './projector.js';

type Row = Readonly<{ n: number }>;

let clock: FakeClock;
let log: EventLog;
let projector: Projector;
let keeper: ViewKeeper;
let isBroken: boolean;
let rebuild: (steps: RebuildSteps) => Promise<string>;

const counts: Projection<Row> = {
  name: 'counts',
  version: 1,
  topics: ['registration'],
  keyOf: ({ stream }: RecordedEvent) => stream,
  evolve: (row, { event }) => {
    if (isBroken && event.type === 'Poison') throw new Error('cannot be folded');
    return { n: (row?.n ?? 0) + 1 };
  },
};

beforeEach(async () => {
  isBroken = true;
  clock = createFakeClock();
  log = await createMemoryLog({ clock, random: createSeededRandom(1) });
  const sink = createTableSink(counts, createMemoryTableStore<Row>({ name: 'counts' }));
  projector = await startProjector({ log, clock, projection: counts, sink });
  rebuild = () => projector.rebuild().then(() => 'rebuilt');
  const view: KeptView = {
    name: 'counts',
    store: 'cassandra',
    projector,
    rebuild: (steps) => rebuild(steps),
    stop: () => projector.stop(),
  };
  const lags = () => Promise.resolve([{ group: 'counts', lag: 3 }]);
  keeper = createViewKeeper({ views: [view], lags, clock, logger: silentLogger });
});
afterEach(async () => {
  await projector.stop();
  await log.close();
});

const happened = (type = 'Happened') => ({ type, data: {} });

it('tells how far each view is', async () => {
  expect(await keeper.status()).toEqual([
    { name: 'counts', store: 'cassandra', lag: 3, parkedStreams: 0, parkedEvents: 0 },
  ]);
});

it('shows what is parked, and folds it when it is told to and can', async () => {
  await log.append('registration-a', [happened('Poison'), happened()]);
  await projector.caughtUp();
  const [parked] = keeper.parked();
  expect(parked).toMatchObject({ view: 'counts', stream: 'registration-a', events: 2 });
  expect((await keeper.status())[0]).toMatchObject({ parkedStreams: 1, parkedEvents: 2 });
  expect(await keeper.retry('no-such-id')).toBeUndefined();
  expect(await keeper.retry(parked?.id ?? '')).toBe(2);
  isBroken = false;
  expect(await keeper.retry(parked?.id ?? '')).toBe(0);
  expect(keeper.parked()).toEqual([]);
});

it('rebuilds one view once at a time, and tells how far it is and how fast', async () => {
  const ended = Promise.withResolvers<string>();
  let steps: RebuildSteps | undefined;
  rebuild = (given) => {
    steps = given;
    return ended.promise;
  };
  expect(keeper.rebuild('no-such-view')).toBeUndefined();
  expect(keeper.rebuild('counts')).toBe(true);
  expect(keeper.rebuild('counts')).toBe(false);
  steps?.onStep('folding');
  clock.advance(2_000);
  steps?.onProgress(500, 1_000);
  expect((await keeper.status())[0]?.rebuild).toMatchObject({
    state: 'running',
    step: 'folding',
    done: 500,
    total: 1_000,
    perS: 250,
  });
  ended.resolve('v1-a-r1 serves');
  await settle();
  expect((await keeper.status())[0]?.rebuild).toMatchObject({ state: 'done', step: 'v1-a-r1 serves' });
});

it('says why a rebuild failed, and takes another', async () => {
  rebuild = () => Promise.reject(new Error('two did not acknowledge'));
  keeper.rebuild('counts');
  await settle();
  expect((await keeper.status())[0]?.rebuild).toMatchObject({
    state: 'failed',
    step: 'two did not acknowledge',
  });
  expect(keeper.rebuild('counts')).toBe(true);
});

it('folds the log from its start again, parked events too', async () => {
  await log.append('registration-a', [happened('Poison')]);
  await log.append('registration-b', [happened()]);
  await projector.caughtUp();
  isBroken = false;
  await projector.rebuild();
  await projector.caughtUp();
  expect(projector.parked()).toEqual([]);
  expect(projector.position?.offset).toBe(1);
});
