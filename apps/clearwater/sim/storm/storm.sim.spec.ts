// Some storms; `npm run sim` plays as many as wanted.
import { addFaults, FAULT_KINDS, noFaults } from './fault-counts.js';
import { playStorm } from './storm.js';

const SEEDS = 35;
const SHORT_STEPS = 40;

it(`loses nothing that was acknowledged and leaves nothing behind in ${SEEDS} storms with every fault`, async () => {
  const faults = noFaults();
  for (let seed = 1; seed <= SEEDS; seed++) {
    const storm = await playStorm(seed, { steps: SHORT_STEPS });
    expect(storm.violations).toEqual([]);
    addFaults(faults, storm.faults);
  }
  expect(FAULT_KINDS.filter((kind) => faults[kind] === 0)).toEqual([]);
}, 120_000);

it('works in between', async () => {
  const { answers, violations } = await playStorm(1);
  expect(violations).toEqual([]);
  expect(answers['REGISTER 200']).toBeGreaterThan(5);
  expect(answers['INVITE 200']).toBeGreaterThanOrEqual(1);
}, 60_000);

it('plays the same storm for the same seed', async () => {
  const once = await playStorm(5, { steps: SHORT_STEPS });
  expect(await playStorm(5, { steps: SHORT_STEPS })).toEqual(once);
}, 60_000);

it('removes what lapsed long before a restart while the log took nothing', async () => {
  expect((await playStorm(127)).violations).toEqual([]);
}, 60_000);
