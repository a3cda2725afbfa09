// The storms find what is wrong: each defect of planted.ts within 200 seeds.
import { PLANTED } from './planted.js';
import { playStorm } from './storm.js';

const SEEDS_MAX = 200;
const STEPS = 70;

it.each(Object.keys(PLANTED))(
  'finds %s',
  async (name) => {
    const { every = 1, ...planted } = PLANTED[name]!;
    let seed = every;
    const options = { ...planted, steps: STEPS };
    const found = async (): Promise<boolean> => (await playStorm(seed, options)).violations.length > 0;
    while (seed <= SEEDS_MAX && !(await found())) seed += every;
    expect(seed).toBeLessThanOrEqual(SEEDS_MAX);
  },
  120_000,
);
