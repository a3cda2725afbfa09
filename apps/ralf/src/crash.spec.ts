// Lives of Ralf with power cuts and CDFs that come and go, from seeds: whatever happens, each record comes to a CDF, is the same whenever it
// comes, and nothing comes a second time without the T flag.
import type { ChargingEvent } from '#libs/domain';
import { MemoryDisk } from '#libs/event-log';
import { createSeededRandom } from '#libs/testkit';
import { continued, createCdfs, type Life, newClock, type Seen, started, startLife, stopped, streamOf, success } from './ralf.fixture.js'; // prettier-ignore

const SEEDS = 12;
const STEPS = 60;
const SESSIONS = 6;
const S = 1_000;
const MOODS = [() => success(), () => undefined, () => ({ 'Result-Code': 3004 }), () => ({ 'Result-Code': 4002 })] as const; // prettier-ignore

/** What a session tells next, as a router does: START, some INTERIMs, STOP; `undefined`: it is over. */
const nextFact = (name: string, told: number, nowMs: number): ChargingEvent | undefined =>
  [started(name, [], nowMs), continued(nowMs), continued(nowMs), stopped(nowMs)][told];

const live = async (seed: number) => {
  const random = createSeededRandom(seed);
  const pick = (count: number): number => Math.floor(random.fraction() * count);
  const clock = newClock();
  const cdfs = await createCdfs(clock, 2);
  const disk = new MemoryDisk();
  const told = new Map<string, number>();
  const begin = (): Promise<Life> => startLife({ clock, cdfs, disk, times: { interimS: 20 }, window: 3 });
  let life = await begin();
  for (let step = 0; step < STEPS; step++) {
    const name = `s${pick(SESSIONS)}`;
    const fact = nextFact(name, told.get(name) ?? 0, clock.nowMs());
    const what = random.fraction();
    if (what < 0.6 && fact !== undefined) {
      await life.log.append(streamOf(name), [fact]);
      told.set(name, (told.get(name) ?? 0) + 1);
    } else if (what < 0.75) cdfs.answer(1 + pick(2), MOODS[pick(MOODS.length)]);
    else if (what < 0.85) {
      life.vanish();
      disk.crash(random);
      life = await begin();
    } else if (what < 0.9) cdfs.down(1 + pick(2));
    else if (what < 0.95) for (const n of [1, 2]) cdfs.up(n);
    await clock.advanceAsync(pick(10) * S);
  }
  for (const n of [1, 2]) {
    cdfs.up(n);
    cdfs.answer(n, success());
  }
  for (let n = 0; n < SESSIONS; n++)
    for (let fact = nextFact(`s${n}`, told.get(`s${n}`) ?? 0, clock.nowMs()); fact !== undefined; fact = nextFact(`s${n}`, told.get(`s${n}`) ?? 0, clock.nowMs())) {
      await life.log.append(streamOf(`s${n}`), [fact]);
      told.set(`s${n}`, (told.get(`s${n}`) ?? 0) + 1);
    }
  await clock.advanceAsync(700 * S);
  const settled = life.sessions.rows.size === 0;
  await life.stop();
  return { seen: cdfs.seen, settled };
}; // prettier-ignore

const keyOf = ({ session, number }: Seen): string => `${session} ${number}`;
/** Where it went and with which mark is no part of what it says. */
const saidIn = ({ avps: { 'Origin-Host': _host, ...avps } }: Seen): string => JSON.stringify(avps);

it.each(Array.from({ length: SEEDS }, (_, seed) => seed))('seed %i', async (seed) => {
  const { seen, settled } = await live(seed);
  expect(settled).toBe(true);
  const sessions = Map.groupBy(seen, ({ session }) => session);
  expect(sessions.size).toBe(SESSIONS);
  for (const own of sessions.values()) {
    const types = new Map(own.map(({ number, type }) => [number, type]));
    expect([...types.keys()].toSorted((a, b) => a - b)).toEqual([...types.keys()].map((_, at) => at + 1));
    expect([types.get(1), types.get(types.size)]).toEqual([2, 4]);
  }
  for (const copies of Map.groupBy(seen, keyOf).values()) {
    expect(new Set(copies.map(saidIn)).size).toBe(1);
    const first = copies.findIndex(({ isTaken }) => isTaken);
    expect(copies.slice(first + 1).every(({ again }) => again)).toBe(true);
  }
});
