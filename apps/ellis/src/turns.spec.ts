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

it('tells those whom it refuses when those before them will have had their turn, and not all of them the same', async () => {
  const { ends, run } = setUp();
  const refused = async (): Promise<number> =>
    run('x').then(
      () => 0,
      (fault: unknown) => (fault as { retryAfterS: number }).retryAfterS,
    );
  // Two at once, a second each as far as anybody knows; one waits.
  const [a, b, c] = [run('a'), run('b'), run('c')];
  const told: number[] = [];
  for (let n = 0; n < 400; n++) told.push(await refused());
  expect(told[0]).toBe(5);
  expect(told[59]).toBe(30);
  expect(Math.max(...told)).toBe(119);
  const late = told.slice(200);
  expect(new Set(late).size).toBe(60);
  // Long after, nobody is remembered.
  clock.advance(120_000);
  await expect(c).rejects.toMatchObject({ status: 503 });
  const d = run('d');
  expect(await refused()).toBe(5);
  for (let n = 0; n < 3; n++) {
    ends[n]?.();
    await Promise.resolve();
    await Promise.resolve();
  }
  await Promise.all([a, b]);
  ends[2]?.();
  expect(await d).toBe('d');
});

it('leaves places to others when one wants them all', async () => {
  const turns = new Turns({ clock, runningMax: 1, waitingMax: 3, waitingOfOneMax: 2, waitingMsMax: WAITING_MS_MAX, reason: 'too many' });
  const ends: (() => void)[] = [];
  const run = (owner?: string) => turns.run(() => new Promise<void>((resolve) => ends.push(resolve)), owner);
  const taken = [run('a'), run('a'), run('a')];
  await expect(run('a')).rejects.toMatchObject({ status: 503 });
  taken.push(run('b'));
  await expect(run()).rejects.toMatchObject({ status: 503 });
  for (let n = 0; n < 4; n++) {
    await new Promise(setImmediate);
    ends[n]?.();
    await taken[n];
  }
  expect(clock.pending).toBe(0);
}); // prettier-ignore
