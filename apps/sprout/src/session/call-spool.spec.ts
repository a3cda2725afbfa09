// Facts of calls on their way to a log that works, fails, or is slow.
import type { Position } from '#libs/decider';
import { AppendRefused, AppendUnknown, type DomainEvent } from '#libs/event-log';
import type { ChargingEvent } from '#libs/domain';
import { createFakeClock, settle } from '#libs/testkit';
import { LogOutage } from '../log-outage.js';
import { CALL_SPOOL_MS, CALL_SPOOL_STREAMS_MAX, CallSpool } from './call-spool.js';

const GRACE_MS = 300_000;
const fact = (type: string) => ({ type, data: {} }) as unknown as ChargingEvent;

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
  const outage = new LogOutage(clock, GRACE_MS);
  const faults: string[] = [];
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
    outage,
    clock,
    observer: { count: () => undefined, fault: (kind) => void faults.push(kind) },
    charging,
  });
  return { clock, outage, faults, appended, state, spool };
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

it('tells of an outage of the log, and of its end', async () => {
  const { clock, outage, faults, state, spool } = newSpool();
  state.failure = new AppendRefused('full');
  spool.note('a', [fact('one')]);
  await spool.flush();
  expect(faults).toEqual(['call-record']);
  clock.advance(GRACE_MS - 1);
  expect(outage.judgedAtMs(clock.nowMs())).toBe(0);
  state.failure = undefined;
  spool.note('a', [fact('two')]);
  await spool.flush();
  clock.advance(GRACE_MS - 1);
  expect(outage.judgedAtMs(clock.nowMs())).toBe(0);
  clock.advance(1);
  expect(outage.judgedAtMs(clock.nowMs())).toBe(clock.nowMs());
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
  const { appended, faults, spool } = newSpool();
  for (let n = 0; n <= CALL_SPOOL_STREAMS_MAX; n++) spool.note(`s${n}`, [fact('one')]);
  await spool.flush();
  expect(faults).toEqual(['call-record-dropped']);
  expect(appended).toHaveLength(CALL_SPOOL_STREAMS_MAX);
  expect(appended[0]?.[0]).toBe('s1');
});
