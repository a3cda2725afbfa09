// The races of registrations and calls, as many rounds as asked for, each batch in an order of its own.
// Everything follows from the seed: a failure names the seed of its world, which alone shows it again.
import { createSeededRandom } from '#libs/testkit';
import type { Phone } from '#libs/phone';
import { createWorld, type World, type WorldOptions } from '../world.js';
import { raceFirstCall } from './first-call-race.js';
import { type Pair, raceFork } from './fork-race.js';
import { type RaceBatch, type RaceResult, Tally } from './race.js';
import { raceExpiry, raceFlowFailure } from './refresh-race.js';

/** Rounds that run at the same time: users of one world. */
const BATCH = 50;
/** Batches in one world, so that its log does not grow without end. */
const BATCHES_PER_WORLD = 8;
const NETWORK_DELAY_MS_MAX = 30;

export const RACES = ['invitesAfterRegister', 'expiryRaces', 'flowFailureRaces', 'forkAndCancel'] as const;
export type Race = (typeof RACES)[number];

export type RacesOptions = Readonly<{
  /** Rounds of each race. */
  count: number;
  seed?: number;
  /** Default: all. */
  races?: readonly Race[];
  onProgress?: (text: string) => void;
}>;

export type RacesResult = Readonly<Partial<Record<Race, RaceResult>> & { seed: number }>;

type Batch = RaceBatch & Readonly<{ size: number }>;
/** Sets up users and phones of a fresh world, and says how a batch is run in it. */
type Setup = (world: World) => Promise<(batch: Batch) => Promise<void>>;

const device = (n: number): string => `urn:uuid:00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;

const users = async (world: World): Promise<string[]> => {
  const names = Array.from({ length: BATCH }, (_, n) => `user${n}`);
  await Promise.all(names.map((name) => world.subscriber(name)));
  return names;
};

const registeredCaller = async (world: World): Promise<Phone> => {
  await world.subscriber('caller');
  const caller = await world.phone('caller');
  await world.until(caller.register());
  return caller;
};

/** A user and a phone each. */
const phonesOf = async (world: World, transport: 'udp' | 'tcp'): Promise<Phone[]> =>
  Promise.all((await users(world)).map((user, n) => world.phone(user, { transport, instance: device(n) })));

/** A user and two phones each, registered. */
const pairsOf = async (world: World): Promise<Pair[]> => {
  const pairs: Pair[] = [];
  for (const [n, user] of (await users(world)).entries()) {
    const pair = [2 * n, 2 * n + 1].map((m) => world.phone(user, { instance: device(m) }));
    pairs.push((await Promise.all(pair)) as [Phone, Phone]);
  }
  await world.until(Promise.all(pairs.flat().map((phone) => phone.register())));
  return pairs;
};

const SETUPS: Readonly<Record<Race, Setup>> = {
  async invitesAfterRegister(world) {
    const caller = await registeredCaller(world);
    const phones = await phonesOf(world, 'udp');
    return (batch) => raceFirstCall(world, caller, phones.slice(0, batch.size), batch);
  },
  async expiryRaces(world) {
    const phones = await phonesOf(world, 'udp');
    return (batch) => raceExpiry(world, phones.slice(0, batch.size), batch);
  },
  async flowFailureRaces(world) {
    const caller = await registeredCaller(world);
    const phones = await phonesOf(world, 'tcp');
    return (batch) => raceFlowFailure(world, caller, phones.slice(0, batch.size), batch);
  },
  async forkAndCancel(world) {
    const caller = await registeredCaller(world);
    const pairs = await pairsOf(world);
    return (batch) => raceFork(world, caller, pairs.slice(0, batch.size), batch);
  },
};

/** Messages of a fork take their time, each its own; order is not kept, as on UDP. */
const SCATTERED: WorldOptions['transform'] =
  ({ random }) =>
  (message) => [{ message, delayMs: random.integer(NETWORK_DELAY_MS_MAX) }];

const runRace = async (race: Race, { count, seed = 1, onProgress }: RacesOptions): Promise<RaceResult> => {
  const tally = new Tally();
  for (let worldSeed = seed; tally.tried < count; worldSeed++) {
    const world = await createWorld({
      seed: worldSeed,
      ...(race === 'forkAndCancel' ? { transform: SCATTERED } : {}),
    });
    const random = createSeededRandom(`${race} ${worldSeed}`);
    const run = await SETUPS[race](world);
    for (let n = 0; n < BATCHES_PER_WORLD && tally.tried < count; n++) {
      const size = Math.min(BATCH, count - tally.tried);
      await run({ random, size, tally, label: `${race} seed ${worldSeed} batch ${n}` });
    }
    await world.close();
    onProgress?.(`${race}: ${tally.ok} of ${tally.tried}`);
  }
  return tally.result;
};

/** Plays every race `count` times. The same options give the same result. */
export const runRaces = async (options: RacesOptions): Promise<RacesResult> => {
  const results: Partial<Record<Race, RaceResult>> = {};
  for (const race of options.races ?? RACES) results[race] = await runRace(race, options);
  return { seed: options.seed ?? 1, ...results };
};
