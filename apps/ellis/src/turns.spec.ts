import { Turns } from './turns.js';

const setUp = () => {
  const ends: (() => void)[] = [];
  const begun: string[] = [];
  const turns = new Turns({ runningMax: 2, waitingMax: 1, reason: 'too many' });
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

it('gives the place on when the work fails', async () => {
  const turns = new Turns({ runningMax: 1, waitingMax: 0, reason: 'too many' });
  await expect(turns.run(() => Promise.reject(new Error('x')))).rejects.toThrow('x');
  expect(await turns.run(() => Promise.resolve(1))).toBe(1);
});
