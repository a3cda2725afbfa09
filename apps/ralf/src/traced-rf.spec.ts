import type { ChargingRecord } from '#libs/domain';
import type { ToldSpan, Traces } from '#libs/runtime';
import { createFakeClock } from '#libs/testkit';
import type { RfClient, RfOutcome } from './rf-client.js';
import { tracedRf } from './traced-rf.js';

const record = (icid: string | undefined): ChargingRecord => ({
  kind: 'START',
  number: 1,
  atMs: 0,
  loggedMs: 0,
  session: { generation: 0, partition: 0, offset: 0 },
  sessionMs: 0,
  about: { nodeFunctionality: 0, role: 0, ccf: [], ecf: [], ...(icid === undefined ? {} : { icid }) },
});
const answered = (result: number): RfOutcome => ({ kind: 'answered', result, cdf: 'cdf1.ims.test', digest: 'd', retransmitted: false }); // prettier-ignore

const setUp = (outcome: RfOutcome) => {
  const clock = createFakeClock(1_000);
  const told: (readonly [icid: string, span: ToldSpan])[] = [];
  const traces: Traces = { isTraced: (icid) => icid === 'abc', tell: (...span) => void told.push(span) };
  const rf: RfClient = {
    isReady: () => true,
    send: async () => {
      clock.advance(4);
      return outcome;
    },
  };
  return { rf, clock, told, traced: tracedRf(rf, { traces, clock }) };
};

it.each([
  [answered(2001), false, { 'diameter.result_code': 2001, 'diameter.peer': 'cdf1.ims.test' }],
  [answered(5012), true, { 'diameter.result_code': 5012 }],
  [{ kind: 'unanswered', mayBeDone: true, isTried: true } as const, true, { 'diameter.result_code': 0 }],
])('an accounting request is told with its answer: %j', async (outcome, failed, attributes) => {
  const { traced, told } = setUp(outcome);
  expect(await traced.send(record('abc'), false)).toBe(outcome);
  expect(told).toMatchObject([['abc', { part: 'ralf', name: 'ACR START', place: 'below', startMs: 1_000, tookMs: 4, failed, attributes }]]); // prettier-ignore
});

it('what is of no call, or of one that is not traced, is sent all the same and not told', async () => {
  const { rf, clock, traced, told } = setUp(answered(2001));
  for (const icid of [undefined, 'other'])
    expect(await traced.send(record(icid), false)).toEqual(answered(2001));
  expect([told, traced.isReady([])]).toEqual([[], true]);
  expect(tracedRf(rf, { clock })).toBe(rf);
});
