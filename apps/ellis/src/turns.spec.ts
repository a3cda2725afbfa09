import { createFakeClock } from '#libs/testkit';
import { Turns } from './turns.js';

const clock = createFakeClock();
const WAITING_MS_MAX = 5_000;

const setUp = () => {
  const ends: (() => void)[] = [];
  const begun: string[] = [];
  const turns = new Turns({
    clock,
    runningMax: 2,
    waitingMax: 1,
    waitingMsMax: WAITING_MS_MAX,
    reason: 'too many',
  });
  const run = (name: string): Promise<string> =>
    turns.run(async () => {
      begun.push(name);
      await new Promise<void>((resolve) => ends.push(resolve));
      return name;
    });
  return { ends, begun, run };
};

it('lets so many run, the others wait in order, and refuses who is one too many', async () => {
  const { ends, begun, run } = setUp();
  const [a, b, c] = [run('a'), run('b'), run('c')];
  await expect(run('d')).rejects.toMatchObject({ status: 503, reason: 'too many', retryAfterS: 5 });
  expect(begun).toEqual(['a', 'b']);
  ends[0]?.();
  expect(await a).toBe('a');
  expect(begun).toEqual(['a', 'b', 'c']);
  const e = run('e');
  for (let n = 0; n < 4; n++) {
    ends[n]?.();
    await Promise.resolve();
  }
  expect([await b, await c]).toEqual(['b', 'c']);
  ends[3]?.();
  expect(await e).toBe('e');
});

it('does nothing for who has waited for too long, and keeps the places of the others', async () => {
  const { ends, begun, run } = setUp();
  const [a, b, c] = [run('a'), run('b'), run('c')];
  const refused = expect(c).rejects.toMatchObject({ status: 503, reason: 'too many' });
  clock.advance(WAITING_MS_MAX - 1);
  expect(clock.pending).toBe(1);
  clock.advance(1);
  await refused;
  const d = run('d');
  for (const end of ends) end();
  expect([await a, await b]).toEqual(['a', 'b']);
  expect(begun).toEqual(['a', 'b', 'd']);
  ends[2]?.();
  expect(await d).toBe('d');
  expect(clock.pending).toBe(0);
});

it('gives the place on when the work fails', async () => {
  const turns = new Turns({
    clock,
    runningMax: 1,
    waitingMax: 0,
    waitingMsMax: WAITING_MS_MAX,
    reason: 'too many',
  });
  await expect(turns.run(() => Promise.reject(new Error('x')))).rejects.toThrow('x');
  expect(await turns.run(() => Promise.resolve(1))).toBe(1);
});
