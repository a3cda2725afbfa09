// What a REGISTER leaves at Homestead and at the edge beside its row: a server only while something is bound, and the way to it
// as it was told last.
import { type Phone } from '#libs/phone';
import { createWorld, type World } from './world.js';

let world: World;
let alice: Phone;
beforeEach(async () => {
  world = await createWorld();
  await world.subscriber('alice');
  alice = await world.phone('alice');
});
afterEach(() => world.close());

const stateOf = async (): Promise<string> => {
  const answer = await world.homestead.regData(alice.aor, {
    reqtype: 'call',
    serverName: 'sip:scscf.ims.test',
  });
  return answer.ok ? (answer.value.previousState ?? '') : answer.failure;
};

it('assigns the server while something is bound', async () => {
  await world.until(alice.register());
  expect(await stateOf()).toBe('REGISTERED');
});

it.each([
  [
    'the last binding is removed',
    async () => {
      await world.until(alice.register());
      await world.until(alice.register({ expiresS: 0 }));
    },
  ],
  [
    'nothing was bound, and nothing is asked for',
    async () => {
      await world.until(alice.register({ contact: '' }));
    },
  ],
  [
    'the registration is refused',
    async () => {
      await world.until(alice.register({ expiresS: 10 }));
    },
  ],
])('leaves none assigned when %s', async (_when, register) => {
  await register();
  await world.settle();
  expect(await stateOf()).toBe('NOT_REGISTERED');
});

it('leaves it assigned when another device comes while the last binding is removed', async () => {
  const other = await world.phone('alice', { address: '10.0.0.9' });
  for (const phone of [alice, other]) await world.until(phone.register());
  await world.until(other.register({ expiresS: 0, proof: 'reuse' }));
  await world.until(
    Promise.all([alice.register({ expiresS: 0, proof: 'reuse' }), other.register({ proof: 'reuse' })]),
  );
  await world.settle();
  expect(await stateOf()).toBe('REGISTERED');
});
