// The view of calls: the same whatever of its history comes again and however it is cut into batches, bounded, one final answer a call.
import fc from 'fast-check';
import { type CallList, type CallListEvent, LISTED_CALLS_MAX } from '#libs/domain';
import type { RecordedEvent } from '#libs/event-log';
import { createTableSink } from '#libs/projector';
import { createMemoryTableStore } from '#libs/stores';
import { callsByUser } from './calls-by-user.js';

const BOB = 'sip:bob@ims.test';

const recorded = (event: CallListEvent, offset: number, stream = `calllist-${BOB}`): RecordedEvent => ({
  event,
  stream,
  position: { generation: 1, partition: 0, offset },
  id: `e${offset}`,
  topic: 'calls',
  timeMs: offset,
});
const begun = (call: string, atMs = 1): CallListEvent => ({
  type: 'CallBegun',
  data: { impu: BOB, call, direction: 'incoming', party: 'sip:alice@ims.test', atMs },
});
const concluded = (call: string, status: number): CallListEvent => ({
  type: 'CallConcluded',
  data: { impu: BOB, call, status, atMs: 2 },
});

/** Calls by few names, so that they meet. */
const anyEvent = fc.oneof(
  fc.nat(6).map((n) => begun(`c${n}`)),
  fc.tuple(fc.nat(6), fc.constantFrom(200, 404, 486, 487)).map(([n, status]) => concluded(`c${n}`, status)),
);
const anyHistory = fc
  .array(anyEvent, { maxLength: 30 })
  .map((events) => events.map((event, at) => recorded(event, at)));

const fold = (history: readonly RecordedEvent[], from?: CallList): CallList | undefined =>
  history.reduce<CallList | undefined>((row, event) => callsByUser.evolve(row, event), from);

/** Said otherwise: what stands in a history about one call. */
const listedByHand = (history: readonly RecordedEvent[]) => {
  const events = history.map(({ event }) => event as CallListEvent);
  const names = [...new Set(events.filter(({ type }) => type === 'CallBegun').map(({ data }) => data.call))];
  return names.reverse().map((call) => {
    const from = events.findIndex(({ type, data }) => type === 'CallBegun' && data.call === call);
    const end = events.slice(from).find(({ type, data }) => type === 'CallConcluded' && data.call === call);
    return [call, end?.type === 'CallConcluded' ? end.data.status : undefined];
  });
};
const listed = (row: CallList | undefined) =>
  (row?.calls ?? []).map((one) => [one.call, one.concluded?.status]);

it('lists what the history says, newest first, each call with its first final answer', () => {
  fc.assert(
    fc.property(anyHistory, (history) => expect(listed(fold(history))).toEqual(listedByHand(history))),
  );
});

it('ends the same whatever of its history comes again', () => {
  fc.assert(
    fc.property(anyHistory, fc.array(fc.nat(29), { maxLength: 30 }), (history, again) => {
      const once = fold(history);
      const repeats = again.flatMap((at) => history.slice(at, at + 1));
      expect(fold(repeats, once)).toBe(once);
    }),
  );
});

it('ends the same in its table, in whatever batches the log delivers', async () => {
  await fc.assert(
    fc.asyncProperty(anyHistory, fc.array(fc.integer({ min: 1, max: 9 })), async (history, sizes) => {
      const table = createMemoryTableStore<CallList>({ name: 'calls' });
      const sink = createTableSink(callsByUser, table);
      let from = 0;
      for (const size of [...sizes, history.length]) {
        // Each batch begins with the end of the one before.
        await sink.apply(history.slice(Math.max(0, from - 2), from + size));
        from += size;
      }
      expect(await table.get(BOB)).toEqual(fold(history));
    }),
  );
});

it('keeps so many', () => {
  const history = Array.from({ length: LISTED_CALLS_MAX + 1 }, (_, n) => recorded(begun(`c${n}`), n));
  const names = fold(history)!.calls.map(({ call }) => call);
  expect([names.length, names[0], names.at(-1)]).toEqual([LISTED_CALLS_MAX, `c${LISTED_CALLS_MAX}`, 'c1']);
});

it('is about lists alone: the router’s own events stand in the same topic', () => {
  expect(callsByUser.keyOf(recorded(begun('c'), 1))).toBe(BOB);
  expect(callsByUser.keyOf(recorded(begun('c'), 1, 'call-9f86'))).toBeUndefined();
});
