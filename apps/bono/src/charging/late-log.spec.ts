import { AppendRefused, type EventLog } from '#libs/event-log';
import { createFakeClock, settle } from '#libs/testkit';
import { LateLog, OPEN_AGAIN_MS } from './late-log.js';

const newLog = () => {
  const clock = createFakeClock();
  const state = { isThere: false, opens: 0, isClosed: false };
  const told: unknown[] = [];
  const opened = {
    append: () => Promise.resolve([]),
    readAll: async function* () {
      await Promise.resolve();
      yield 'one';
    },
    close: () => {
      state.isClosed = true;
      return Promise.resolve();
    },
  } as unknown as EventLog;
  const open = () => {
    state.opens++;
    return state.isThere ? Promise.resolve(opened) : Promise.reject(new Error('no broker'));
  };
  return { clock, state, told, log: new LateLog({ open, clock, failed: (error) => void told.push(error) }) };
};

const readOf = async (log: LateLog): Promise<readonly unknown[]> => {
  const read: unknown[] = [];
  for await (const one of log.readAll(['charging'], 'oldest')) read.push(one);
  return read;
};

it('refuses while it is not open, tries again, and takes what comes then', async () => {
  const { clock, state, told, log } = newLog();
  await expect(log.append('charging-a', [])).rejects.toThrow(AppendRefused);
  await expect(readOf(log)).rejects.toThrow('not open yet');
  state.isThere = true;
  await clock.advanceAsync(OPEN_AGAIN_MS);
  expect(await log.append('charging-a', [])).toEqual([]);
  expect(await readOf(log)).toEqual(['one']);
  expect([state.opens, told.length]).toEqual([2, 1]);
  await log.close();
  expect(state.isClosed).toBe(true);
});

it('ends while nobody answers, and is not opened after', async () => {
  const { clock, state, log } = newLog();
  await settle();
  await log.close();
  state.isThere = true;
  await clock.advanceAsync(OPEN_AGAIN_MS);
  expect(state.opens).toBe(1);
});
