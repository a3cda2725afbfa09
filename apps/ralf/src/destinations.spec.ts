// Queues of destinations: who waits for one list of CDFs holds up nobody of another, and no more are under way than may be.
import { createFakeClock, settle } from '#libs/testkit';
import { Destinations, DESTINATIONS_MAX, LOOK_AGAIN_MS } from './destinations.js';
import { createWork } from './work.js';

const world = (isReady: (ccf: readonly string[]) => boolean = () => true) => {
  const clock = createFakeClock();
  const sent: string[] = [];
  const ends = new Map<string, (isDone: boolean) => void>();
  const destinations = new Destinations({
    clock,
    rf: { isReady },
    window: 2,
    send: ({ stream }) => {
      sent.push(stream);
      return new Promise((resolve) => ends.set(stream, resolve));
    },
  });
  const add = (ccf: string, ...names: string[]) => names.forEach((name) => destinations.add(ccf === '' ? [] : [ccf], createWork(name))); // prettier-ignore
  return { clock, sent, destinations, add, end: async (name: string, isDone = true) => { ends.get(name)?.(isDone); await settle(); } }; // prettier-ignore
};

it('each has its own, in the order of coming, and a bounded number under way', async () => {
  const { sent, add, end } = world();
  add('cdf1', 'a', 'b', 'c', 'd');
  add('cdf2', 'e');
  expect(sent).toEqual(['a', 'b', 'e']);
  await end('b');
  expect(sent).toEqual(['a', 'b', 'e', 'c']);
});

it('one without a CDF that can be tried is looked at again, and the others go on', async () => {
  let isUp = false;
  const { clock, sent, add } = world(([ccf]) => ccf !== 'cdf1' || isUp);
  add('cdf1', 'a');
  add('cdf2', 'b');
  await clock.advanceAsync(60_000);
  expect(sent).toEqual(['b']);
  isUp = true;
  clock.advance(LOOK_AGAIN_MS);
  expect(sent).toEqual(['b', 'a']);
});

it('what could not even be tried waits on, behind the others', async () => {
  const { clock, sent, add, end } = world();
  add('cdf1', 'a', 'b', 'c');
  await end('a', false);
  await end('b', false);
  expect(sent).toEqual(['a', 'b']);
  clock.advance(LOOK_AGAIN_MS);
  expect(sent).toEqual(['a', 'b', 'c', 'a']);
});

it('beyond the bound they share one', () => {
  const { sent, add } = world();
  for (let n = 0; n < DESTINATIONS_MAX + 5; n++) add(`cdf${n}`, `x${n}`);
  expect(sent).toHaveLength(DESTINATIONS_MAX + 2);
});
