import { createSeededRandom } from '#libs/testkit';
import { AnsweredAppends, APPENDS_PENDING_MAX } from './answered-appends.js';
import { AppendRefused, AppendUnknown } from './event-log.port.js';

const EVENT = { type: 'Something', data: {} };
const newAppends = (append: () => Promise<readonly []>) =>
  new AnsweredAppends({ log: { append }, random: createSeededRandom(1) });

it('is 200 when the events are durable', async () =>
  expect(await newAppends(() => Promise.resolve([])).append('s-1', [EVENT])).toEqual({ status: 200 }));

it.each([
  [new AppendRefused('full'), 'the log takes nothing now'],
  [new AppendUnknown(), 'the log does not answer: it may have happened'],
])('is 500 with when to come again: %s', async (error, reason) => {
  const answer = await newAppends(() => Promise.reject(error)).append('s-1', [EVENT]);
  expect(answer).toEqual({ status: 500, reason, retryAfterS: expect.any(Number) as number });
  const { retryAfterS } = answer as { retryAfterS: number };
  expect(retryAfterS >= 5 && retryAfterS <= 30).toBe(true);
});

it('lets a defect through, and counts it as waiting no more', async () => {
  const appends = newAppends(() => Promise.reject(new TypeError('no stream')));
  for (let n = 0; n <= APPENDS_PENDING_MAX; n++)
    await expect(appends.append('s-1', [EVENT])).rejects.toThrow('no stream');
});

it('takes no more than may wait', async () => {
  let answer: (positions: readonly []) => void = () => undefined;
  const log = new Promise<readonly []>((resolve) => (answer = resolve));
  const appends = newAppends(() => log);
  const waiting = Array.from({ length: APPENDS_PENDING_MAX }, () => appends.append('s-1', [EVENT]));
  expect(await appends.append('s-1', [EVENT])).toMatchObject({ status: 503 });
  answer([]);
  expect(new Set((await Promise.all(waiting)).map(({ status }) => status))).toEqual(new Set([200]));
  expect(await appends.append('s-1', [EVENT])).toEqual({ status: 200 });
});
