// Passwords: Argon2id with its parameters, salted, bounded in how many wait.
import { createFakeClock } from '#libs/testkit';
import { EllisFault } from '../outcome.js';
import { createArgon2Passwords, HASHES_RUNNING_MAX, HASHES_WAITING_MAX } from './argon2.passwords.js';
import { NOBODYS_HASH } from './session.js';

const PARAMETERS = /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/;

it('hashes by Argon2id with a salt of its own, and knows its own again', async () => {
  const passwords = createArgon2Passwords(createFakeClock());
  const [one, other] = await Promise.all([passwords.hash('correct horse'), passwords.hash('correct horse')]);
  expect([one, NOBODYS_HASH]).toEqual([expect.stringMatching(PARAMETERS), expect.stringMatching(PARAMETERS)]);
  expect(one).not.toBe(other);
  expect(await passwords.verify(one, 'correct horse')).toBe(true);
  expect(await passwords.verify(one, 'correct house')).toBe(false);
  // Who is nobody costs the same work, and is never let in.
  expect(await passwords.verify(NOBODYS_HASH, 'correct horse')).toBe(false);
});

it('refuses when too many wait, and goes on after', async () => {
  const passwords = createArgon2Passwords(createFakeClock());
  const hash = await passwords.hash('x');
  const asked = Array.from({ length: HASHES_RUNNING_MAX + HASHES_WAITING_MAX + 3 }, () =>
    passwords.verify(hash, 'x').catch((error: unknown) => error),
  );
  const answers = await Promise.all(asked);
  expect(answers.filter((one) => one instanceof EllisFault && one.status === 503)).toHaveLength(3);
  expect(answers.filter((one) => one === true)).toHaveLength(HASHES_RUNNING_MAX + HASHES_WAITING_MAX);
});
