import type { ToldSpan, Traces } from '#libs/runtime';
import { createFakeClock } from '#libs/testkit';
import { AppendRefused, AppendUnknown, type EventLog } from './event-log.port.js';
import { tracedAppends } from './traced-appends.js';

const POSITIONS = [{ generation: 1, partition: 0, offset: 7 }];
const TOOK_MS = 3;
const icidOf = (stream: string): string => stream.split('-')[1]!.split('/')[0]!;

const setUp = (result: typeof POSITIONS | Error = POSITIONS) => {
  const clock = createFakeClock(1_000);
  const told: (readonly [icid: string, span: ToldSpan])[] = [];
  const traces: Traces = {
    isTraced: (icid) => icid !== 'unwatched',
    tell: (icid, span) => void told.push([icid, span]),
  };
  const log: Pick<EventLog, 'append'> = {
    append: async () => {
      clock.advance(TOOK_MS);
      if (result instanceof Error) throw result;
      return result;
    },
  };
  return { log, traced: tracedAppends(log, { traces, clock }, icidOf), told, clock };
};
const EVENTS = [{ type: 'ChargingStarted', data: {} }];

it.each([
  ['call-abc', 'append call'],
  ['charging-abc/d/scscf/orig', 'append charging'],
])('an append to %s is told, with what became of it', async (stream, name) => {
  const { traced, told } = setUp();
  expect(await traced.append(stream, EVENTS)).toBe(POSITIONS);
  expect(told).toEqual([
    [
      'abc',
      {
        part: 'log',
        name,
        place: 'below',
        startMs: 1_000,
        tookMs: TOOK_MS,
        failed: false,
        attributes: { 'log.events': 'ChargingStarted', 'log.outcome': 'durable' },
      },
    ],
  ]);
});

it.each([
  [new AppendUnknown('late'), 'unknown'],
  [new AppendRefused('full'), 'refused'],
  [new Error('defect'), 'failed'],
])('%s is told and thrown', async (error, outcome) => {
  const { traced, told } = setUp(error);
  await expect(traced.append('call-abc', EVENTS)).rejects.toBe(error);
  expect(told[0]?.[1]).toMatchObject({ failed: true, attributes: { 'log.outcome': outcome } });
});

it('what is of no call, or of one that is not traced, is not told; where nothing is traced the log is the log', async () => {
  const { log, traced, told, clock } = setUp();
  for (const stream of ['registration-sip:a@ims.test', 'calllist-1', 'call-unwatched', 'timer-1'])
    expect(await traced.append(stream, EVENTS)).toBe(POSITIONS);
  expect(told).toEqual([]);
  expect(tracedAppends(log, { clock }, icidOf)).toBe(log);
});
