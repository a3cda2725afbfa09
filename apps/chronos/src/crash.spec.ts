// Crashes at every moment, from seeds: no timer that was acknowledged misses a callback, none comes early or out of its number.
// The checker finds the planted faults at the end, or it proves nothing. CHRONOS_CRASH_RUNS sets how many runs.
import { MemoryDisk } from '#libs/event-log';
import {
  createFakeClock,
  createSeededRandom,
  type FakeClock,
  type SeededRandom,
  settle,
} from '#libs/testkit';
import type { CallbackOutcome } from './callback.port.js';
import { Receiver, request, type Life, startLife } from './chronos.fixture.js';

const RUNS = Number(process.env['CHRONOS_CRASH_RUNS'] ?? 40);
const LIVES = 4;
const STEPS = 12;
/** After a start what is overdue comes number by number, some tried again. */
const CATCHES_UP_MS = 30_000;

/** A timer as its client knows it: what it may still expect, and how sure it is. */
type Order = {
  id: string;
  startMs: number;
  interval: number;
  pops: number;
  isSure: boolean;
  untilMs: number;
};

type World = {
  clock: FakeClock;
  disk: MemoryDisk;
  random: SeededRandom;
  receiver: Receiver;
  orders: Order[];
  /** Since when nothing is recorded: so what is next of a timer waits, and it may be cancelled first. */
  offMs: number;
  isOff: boolean;
  bootMs: number;
};

const act = (world: World, life: Life): void => {
  const { random, clock, orders } = world;
  const startMs = clock.nowMs();
  if (!world.isOff && startMs - world.bootMs >= CATCHES_UP_MS) world.offMs = Infinity;
  if (orders.length > 0 && random.chance(0.25)) {
    const order = random.pick(orders);
    if (order.untilMs < Infinity) return;
    // Taken by the log or not: what waited for the log may be over with it.
    order.untilMs = Math.min(startMs, world.offMs);
    void life.chronos.cancel({ id: order.id, replicationFactor: 2 });
    return;
  }
  const interval = random.integer(8);
  const repeat = interval === 0 ? 0 : interval * (1 + random.integer(4));
  const id = random.token(16).replace(/[^0-9a-f]/g, '0');
  const order: Order = { id, startMs, interval, pops: interval === 0 ? 1 : repeat / interval, isSure: false, untilMs: Infinity }; // prettier-ignore
  orders.push(order);
  const body = request(interval, repeat, { callback: { http: { uri: 'http://127.0.0.1/', opaque: id } } });
  const answered = life.chronos.set(body, { id, replicationFactor: 2 });
  void answered.then(({ status }) => (order.isSure = status === 200));
};

const check = ({ orders, receiver }: World): string[] => {
  const faults: string[] = [];
  for (const order of orders) {
    const called = receiver.called.filter(({ opaque }) => opaque === order.id);
    for (const { sequence, atMs } of called) {
      if (sequence < 1 || sequence > order.pops) faults.push(`${order.id} has no callback ${sequence}`);
      if (atMs < order.startMs + sequence * order.interval * 1000) faults.push(`${order.id} ${sequence} came early`);
    }
    if (!order.isSure) continue;
    for (let sequence = 1; sequence <= order.pops; sequence++) {
      const dueMs = order.startMs + sequence * order.interval * 1000;
      if (dueMs >= order.untilMs) break;
      if (!called.some((each) => each.sequence === sequence)) faults.push(`${order.id} lost ${sequence}`);
    }
  }
  return faults;
}; // prettier-ignore

/** Lives that end by a power cut at some operation of the disk, and one in which all that is left pops. */
const run = async (seed: number, plant: (life: Life, world: World) => void = () => undefined): Promise<string[]> => {
  const random = createSeededRandom(seed);
  const clock = createFakeClock();
  const receiver = new Receiver(() => clock.nowMs());
  const world: World = { clock, disk: new MemoryDisk(), random, receiver, orders: [], offMs: Infinity, isOff: false, bootMs: 0 };
  receiver.answer = (): CallbackOutcome => random.chance(0.2) ? { ok: false, reason: 'status 500' } : { ok: true, body: '' }; // prettier-ignore
  for (let each = 0; each <= LIVES; each++) {
    const life = await startLife({ ...world, triesMax: 40 });
    plant(life, world);
    if (each === LIVES) {
      receiver.answer = () => ({ ok: true, body: '' });
      await clock.advanceAsync(200_000);
      await settle();
      await life.stop();
      break;
    }
    world.isOff = false;
    world.bootMs = clock.nowMs();
    const goOff = (): void => {
      world.isOff = true;
      world.offMs = Math.min(world.offMs, clock.nowMs());
    };
    let left = random.integer(40);
    world.disk.onOperation = () => {
      if (left-- > 0) return;
      goOff();
      world.disk.powerOff();
    };
    for (let step = 0; step < STEPS; step++) {
      act(world, life);
      if (random.chance(0.5)) await settle();
      await clock.advanceAsync(random.integer(6_000));
    }
    life.vanish();
    world.disk.onOperation = () => undefined;
    goOff();
    world.disk.crash(random);
    await settle();
  }
  return check(world);
}; // prettier-ignore

it(
  `loses nothing and is never early in ${RUNS} runs with power cuts`,
  async () => {
    for (let seed = 1; seed <= RUNS; seed++) expect([seed, await run(seed)]).toEqual([seed, []]);
  },
  60_000 + RUNS * 100,
);

describe('planted faults are found', () => {
  const someSeed = async (plant: Parameters<typeof run>[1]): Promise<string[]> => {
    for (let seed = 1; seed <= RUNS; seed++) {
      const faults = await run(seed, plant);
      if (faults.length > 0) return faults;
    }
    return [];
  };

  it('a timer forgotten by the wheel', async () => {
    const faults = await someSeed((life) => {
      const place = life.due.take.bind(life.due);
      life.due.take = (due, max) => place((node) => (node.dueMs % 7 === 0 ? undefined : due(node)), max);
    });
    expect(faults.join()).toContain('lost');
  }, 60_000);

  it('a callback recorded before it is made', async () => {
    const faults = await someSeed((life, { receiver }) => {
      receiver.answer = () => new Promise(() => undefined);
      const send = receiver.send.bind(receiver);
      receiver.send = (uri, sequence, opaque) => {
        void send(uri, sequence, opaque);
        receiver.called.pop();
        return Promise.resolve({ ok: true, body: '' });
      };
    });
    expect(faults.join()).toContain('lost');
  }, 60_000);
});
