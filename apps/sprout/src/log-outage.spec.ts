import { AppendRefused, AppendUnknown, type EventLog, RevisionConflict } from '#libs/event-log';
import { createFakeClock, settle } from '#libs/testkit';
import { LogOutage } from './log-outage.js';

const GRACE_MS = 300_000;
const EVENT = [{ type: 'X', data: {} }];

const newLog = () => {
  const clock = createFakeClock(0);
  const outage = new LogOutage(clock, GRACE_MS);
  const next: { error: Error | undefined } = { error: undefined };
  const append = () => (next.error === undefined ? Promise.resolve([]) : Promise.reject(next.error));
  const log = outage.watching({ append } as Partial<EventLog> as EventLog);
  return {
    append: async (error?: Error) => {
      next.error = error;
      const outcome = await log.append('s', EVENT).catch((thrown: unknown) => thrown);
      await settle();
      return outcome;
    },
    at: (ms: number) => clock.advance(ms - clock.nowMs()),
    judged: () => outage.judgedAtMs(clock.nowMs()),
  };
};

it('judges by now while the log works', async () => {
  const { append, at, judged } = newLog();
  await append();
  at(5_000);
  expect(judged()).toBe(5_000);
});

it.each([new AppendRefused('full'), new AppendUnknown('late')])(
  'stands still from the first failure on: %s',
  async (error) => {
    const { append, at, judged } = newLog();
    at(1_000);
    expect(await append(error)).toBe(error);
    at(2_000);
    await append(error);
    at(90_000_000);
    expect(judged()).toBe(1_000);
  },
);

it('goes on when the log has been back for as long as a registration lasts', async () => {
  const { append, at, judged } = newLog();
  at(1_000);
  await append(new AppendRefused('full'));
  at(10_000);
  await append();
  at(200_000);
  await append();
  at(10_000 + GRACE_MS - 1);
  expect(judged()).toBe(1_000);
  at(10_000 + GRACE_MS);
  expect(judged()).toBe(10_000 + GRACE_MS);
});

it('counts anew when it fails again meanwhile', async () => {
  const { append, at, judged } = newLog();
  at(1_000);
  await append(new AppendRefused('full'));
  at(2_000);
  await append();
  at(3_000);
  await append(new AppendRefused('full'));
  at(2_000 + GRACE_MS);
  expect(judged()).toBe(1_000);
});

it('does not take a conflict for an outage', async () => {
  const { append, at, judged } = newLog();
  await append(new RevisionConflict('s', 1, 2));
  at(5_000);
  expect(judged()).toBe(5_000);
});
