// Guessing over HTTP is slowed down; neighbours who know their passwords are not, whatever is guessed from their address.
import { createHandClock } from './hand-clock.fixture.js';
import {
  Guesses,
  GUESSES_OF_ADDRESS,
  GUESSES_OF_USER,
  KNOWN_MAX,
  KNOWN_MS,
  USER_CHARACTERS_MAX,
} from './guesses.js';

const NAT = '192.0.2.1';

const setUp = () => {
  const clock = createHandClock();
  const guesses = new Guesses(clock);
  const wrong = (user: string, address = NAT): number => guesses.begin(user, address).waitS;
  const fail = (times: number, userOf: (n: number) => string, address = NAT): void => {
    for (let n = 0; n < times; n++) wrong(userOf(n), address);
  };
  return { clock, guesses, wrong, fail };
};

it('lets some tries at a user pass, then one in each time, and the user elsewhere none the less', () => {
  const { clock, wrong, fail } = setUp();
  fail(GUESSES_OF_USER.burst, () => 'alice');
  expect([wrong('alice'), wrong('alice', '203.0.113.9')]).toEqual([6, 0]);
  clock.advance(GUESSES_OF_USER.everyMs);
  expect([wrong('alice'), wrong('alice')]).toEqual([0, 6]);
});

it('slows an address down that tries one password on everybody', () => {
  const { wrong, fail } = setUp();
  fail(GUESSES_OF_ADDRESS.burst, (n) => `user${n}`);
  expect([wrong('next'), wrong('next', '203.0.113.9')]).toEqual([1, 0]);
});

it('what has to wait counts nowhere: who hammers at one user keeps no neighbour out', () => {
  const { wrong, fail } = setUp();
  fail(1_000, () => 'alice');
  expect([wrong('alice'), wrong('bob')]).toEqual([6, 0]);
});

it('what was right or could not be judged does not count', () => {
  const { guesses, wrong, fail } = setUp();
  fail(GUESSES_OF_USER.burst - 1, () => 'alice');
  for (let n = 0; n < 100; n++) guesses.begin('alice', NAT).proved();
  for (let n = 0; n < 100; n++) guesses.begin('alice', NAT).forgive();
  expect([wrong('alice'), wrong('alice')]).toEqual([0, 6]);
});

it('who has signed in from an address lately is not kept waiting by its neighbours, and is no cloak for them', () => {
  const { clock, guesses, wrong, fail } = setUp();
  guesses.begin('bob', NAT).proved();
  fail(GUESSES_OF_ADDRESS.burst, (n) => `user${n}`);
  expect([wrong('bob'), wrong('carol')]).toEqual([0, 1]);
  fail(GUESSES_OF_USER.burst - 1, () => 'bob');
  expect(wrong('bob')).toBe(6);
  clock.advance(KNOWN_MS);
  fail(GUESSES_OF_ADDRESS.burst, (n) => `user${n}`);
  expect(wrong('bob')).toBe(1);
});

it('remembers a bounded number of those who have signed in', () => {
  const { guesses, wrong, fail } = setUp();
  for (let n = 0; n <= KNOWN_MAX; n++) guesses.begin(`known${n}`, NAT).proved();
  fail(GUESSES_OF_ADDRESS.burst, (n) => `user${n}`);
  expect([wrong('known0'), wrong('known1'), wrong(`known${KNOWN_MAX}`)]).toEqual([1, 0, 0]);
});

it('keeps no more of a name than a name may have', () => {
  const { wrong } = setUp();
  const endless = 'a'.repeat(USER_CHARACTERS_MAX);
  for (let n = 0; n < GUESSES_OF_USER.burst; n++) wrong(`${endless}${n}`);
  expect(wrong(endless)).toBe(6);
});
