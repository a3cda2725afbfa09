// Facts of calls on their way to a log that works, fails, or is slow.
import type { Position } from '#libs/decider';
import { createFakeClock, settle } from '#libs/testkit';
import { AppendRefused, AppendUnknown, type DomainEvent } from '../../event-log.port.js';
import { CALL_SPOOL_MS, CALL_SPOOL_STREAMS_MAX, CallSpool } from './call-spool.js';

const fact = (type: string): DomainEvent => ({ type, data: {} });

const newDisk = () => {
  const put: (readonly [stream: string, types: readonly string[], mayBeThere?: boolean])[] = [];
  return {
    isHolding: false,
    held: put,
    put(stream: string, events: readonly DomainEvent[], mayBeThere?: boolean) {
      const types = events.map(({ type }) => type);
      put.push(mayBeThere === undefined ? [stream, types] : [stream, types, mayBeThere]);
    },
  };
};

const newSpool = (charging?: ReturnType<typeof newDisk>) => {
  const clock = createFakeClock(0);
  const told: string[] = [];
  const appended: (readonly [stream: string, types: readonly string[]])[] = [];
  const state: { failure: Error | undefined } = { failure: undefined };
  const spool = new CallSpool({
    log: {
      append(stream: string, events: readonly DomainEvent[]): Promise<readonly Position[]> {
        if (state.failure !== undefined) return Promise.reject(state.failure);
        appended.push([stream, events.map(({ type }) => type)]);
        return Promise.resolve([]);
      },
    },
    clock,
    told: {
      taken: () => void told.push('taken'),
      failed: () => void told.push('failed'),
      dropped: () => void told.push('dropped'),
    },
    charging,
  });
  return { clock, told, appended, state, spool };
};

it('appends once a stream what came within a moment, in its order', async () => {
  const { clock, appended, spool } = newSpool();
  spool.note('a', [fact('one')]);
  spool.note('b', [fact('other')]);
  spool.note('a', [fact('two'), fact('three')]);
  clock.advance(CALL_SPOOL_MS - 1);
  expect(appended).toEqual([]);
  clock.advance(1);
  await settle();
  expect(appended).toEqual([
    ['a', ['one', 'two', 'three']],
    ['b', ['other']],
  ]);
});

it('tells whether the log takes what it is given', async () => {
  const { told, state, spool } = newSpool();
  state.failure = new AppendRefused('full');
  spool.note('a', [fact('one')]);
  await spool.flush();
  state.failure = undefined;
  spool.note('a', [fact('two')]);
  await spool.flush();
  expect(told).toEqual(['failed', 'taken']);
});

it.each([new AppendRefused('full'), new AppendUnknown('late')])('keeps charging facts on disk while the log is away (%s), and what comes behind them', async (failure) => {
  const disk = newDisk();
  const { appended, state, spool } = newSpool(disk);
  state.failure = failure;
  spool.note('charging-a', [fact('one')]);
  spool.note('call-a', [fact('other')]);
  await spool.flush();
  expect(disk.held).toEqual([['charging-a', ['one'], failure instanceof AppendUnknown]]);
  state.failure = undefined;
  disk.isHolding = true;
  spool.note('charging-a', [fact('two')]);
  spool.note('call-a', [fact('last')]);
  await spool.flush();
  expect(disk.held.at(-1)).toEqual(['charging-a', ['two']]);
  expect(appended).toEqual([['call-a', ['last']]]);
}); // prettier-ignore

it('leaves what the log refuses for its content', async () => {
  const disk = newDisk();
  const { state, spool } = newSpool(disk);
  state.failure = new Error('too large');
  spool.note('charging-a', [fact('one')]);
  await spool.flush();
  expect(disk.held).toEqual([]);
});

it('drops the oldest stream at its bound, and says so', async () => {
  const { appended, told, spool } = newSpool();
  for (let n = 0; n <= CALL_SPOOL_STREAMS_MAX; n++) spool.note(`s${n}`, [fact('one')]);
  await spool.flush();
  expect(told.filter((what) => what !== 'taken')).toEqual(['dropped']);
  expect(appended).toHaveLength(CALL_SPOOL_STREAMS_MAX);
  expect(appended[0]?.[0]).toBe('s1');
});
