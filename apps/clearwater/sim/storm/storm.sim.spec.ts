// A few storms; `storm` in ../main.ts plays as many as wanted.
import { playStorm } from './storm.js';

it.each([1, 2, 3, 4])(
  'loses nothing that was acknowledged and leaves nothing behind, seed %d',
  async (seed) => {
    const { faults, answers } = await playStorm(seed);
    expect(faults).toEqual([]);
    // It was a storm: things did work, and did not.
    expect(answers['REGISTER 200']).toBeGreaterThan(5);
    expect(answers['INVITE 200']).toBeGreaterThanOrEqual(1);
  },
  60_000,
);
