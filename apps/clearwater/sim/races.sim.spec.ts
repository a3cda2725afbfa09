// The races with phones, a few hundred rounds each; the full number is `races` in main.ts.
import { RACES, runRaces } from './races/run-races.js';

const ROUNDS = 200;

it.each(RACES)(
  '%s: all of them hold, and they do meet',
  async (race) => {
    const { [race]: result } = await runRaces({ count: ROUNDS, seed: 7, races: [race] });
    expect(result).toEqual({ tried: ROUNDS, ok: ROUNDS, met: expect.any(Number), failures: [] });
    expect(result!.met).toBeGreaterThan(ROUNDS / 20);
  },
  60_000,
);

it('plays the same rounds for the same seed', async () => {
  const once = await runRaces({ count: 50, seed: 3, races: ['flowFailureRaces'] });
  expect(await runRaces({ count: 50, seed: 3, races: ['flowFailureRaces'] })).toEqual(once);
}, 60_000);
