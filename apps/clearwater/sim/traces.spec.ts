// What edge, router and log tell of a call where calls are traced: all of it under the call's ICID, also on two nodes that know nothing of each other.
import { icidOfStream } from '#libs/domain';
import { CALL_SPOOL_MS } from '#libs/event-log';
import type { ToldSpan, Traces } from '#libs/runtime';
import { createWorld, type World } from './world.js';

type Told = Readonly<{ icid: string }> & ToldSpan;

let world: World;
let told: Told[];
let isTraced: Traces['isTraced'];
const traces: Traces = {
  isTraced: (icid) => isTraced(icid),
  tell: (icid, span) => void told.push({ icid, ...span }),
};
beforeEach(async () => {
  [told, isTraced] = [[], () => true];
  world = await createWorld({ nodes: 2, joins: false, traces });
});
afterEach(() => world.close());

const phones = async () => {
  for (const user of ['alice', 'bob']) await world.subscriber(user);
  const [alice, bob] = [await world.phone('alice', {}, 0), await world.phone('bob', {}, 1)];
  for (const phone of [alice, bob]) await world.until(phone.register());
  return { alice, bob };
};
const written = async (): Promise<readonly string[]> => {
  await world.advance(2 * CALL_SPOOL_MS);
  return (await world.events())
    .map(({ stream }) => stream)
    .filter((stream) => /^(call|charging)-/.test(stream));
};

it('a call, from the INVITE to what is written of its end', async () => {
  const { alice, bob } = await phones();
  expect(told).toEqual([]);
  const { request, answer } = await world.until(alice.call(bob.aor));
  if (answer === 'timeout') throw new Error('nobody answers');
  await world.until(alice.inDialog('BYE', { request, answer }, 2)!.final);
  const [icid, ...others] = [...new Set((await written()).map(icidOfStream))];
  expect(others).toEqual([]);
  expect(new Set(told.map((span) => span.icid))).toEqual(new Set([icid]));
  const lines = told.map(({ part, name, place, attributes }) => `${part} ${name}, ${place}: ${attributes['sip.status'] ?? attributes['log.outcome']}`); // prettier-ignore
  expect(new Set(lines)).toEqual(
    new Set([
      'bono INVITE, entry: 200',
      'sprout INVITE, core: 200',
      'bono INVITE to client, below: 200',
      'sprout BYE, below: 200',
      'log append call, below: durable',
      'log append charging, below: durable',
    ]),
  );
  expect(told.every(({ failed }) => !failed)).toBe(true);
  // Nobody's name or number.
  expect(JSON.stringify(told)).not.toMatch(/alice|bob|ims\.test/);
});

it('who is refused, and a call that is not in the sample', async () => {
  const { alice } = await phones();
  await world.until(alice.call('sip:nobody@ims.test'));
  await written();
  expect(told.filter(({ part }) => part === 'sprout')).toMatchObject([
    { name: 'INVITE', attributes: { 'sip.status': 404 }, failed: false },
  ]);
  [told, isTraced] = [[], () => false];
  await world.until(alice.call('sip:nobody@ims.test'));
  await written();
  expect(told).toEqual([]);
});
