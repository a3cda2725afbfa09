// Charging sessions: which accounting records the facts of a stream make, with which numbers, whatever order and repetition they come in.
import fc from 'fast-check';
import type { AccountingReceived, ChargingEvent, ChargingFact, RecordKind } from './charging.js';
import { decideDue, dueMsOfCharging, INTERIMS_WAITING_MAX } from './charging-due.js';
import {
  type ChargingRow,
  evolveCharging,
  HELD_MAX,
  isDone,
  RECORDS_WAITING_MAX,
  settle,
} from './charging-session.js';
import { UPCASTERS } from '../upcasters.js';
import { namedInStream, streamOfAccounting, streamOfCharging } from './index.js';

const STREAM = streamOfCharging('icid', 'dialog', 0);
const TIMES = { interimS: 0, sessionMaxS: 3_600, startWaitS: 600 };
const S = 1_000;

const parties = {
  icid: 'icid',
  callId: 'c1',
  nodeFunctionality: 0,
  role: 0,
  method: 'INVITE',
  callingParty: ['sip:a@t'],
  calledParty: 'sip:b@t',
  ccf: ['cdf1'],
  ecf: [],
} as const;
const started = (atMs = 10 * S): ChargingFact => ({
  type: 'ChargingStarted',
  data: { ...parties, requestAtMs: atMs - 500, answerAtMs: atMs },
});
const continued = (atMs: number, method = 'UPDATE'): ChargingFact => ({
  type: 'ChargingContinued',
  data: { method, atMs },
});
const stopped = (atMs: number): ChargingFact => ({ type: 'ChargingStopped', data: { causeCode: 0, atMs } });
const message = (atMs: number): ChargingFact => ({
  type: 'ChargingEventRecorded',
  data: { ...parties, method: 'MESSAGE', causeCode: -1, atMs },
});
const told = (
  kind: RecordKind,
  more: Partial<Extract<ChargingFact, { type: 'AccountingReceived' }>['data']> = {},
): ChargingFact => ({
  type: 'AccountingReceived',
  data: {
    callId: 'x',
    nodeFunctionality: 6,
    role: 0,
    kind,
    atMs: 10 * S,
    by: 'client',
    ccf: [],
    ecf: [],
    digest: 'd',
    avps: {},
    ...more,
  },
});
const answered = (
  record: number,
  offset = 0,
  more: Partial<Extract<ChargingEvent, { type: 'AccountingAnswered' }>['data']> = {},
): ChargingEvent => ({
  type: 'AccountingAnswered',
  data: {
    of: { generation: 0, partition: 0, offset },
    record,
    result: 2001,
    cdf: 'cdf1',
    digest: 'd',
    retransmitted: false,
    atMs: 1,
    ...more,
  },
});
const reached = (after: number, atMs: number): ChargingEvent => ({
  type: 'ChargingInterimReached',
  data: { after, atMs },
});
const missed: ChargingEvent = { type: 'ChargingStartMissed', data: { atMs: 0 } };

/** Each event at an offset of its own, from 0. */
const folded = (events: readonly ChargingEvent[], from?: ChargingRow, first = 0): ChargingRow =>
  events.reduce<ChargingRow | undefined>(
    (row, event, i) =>
      evolveCharging(row, {
        event,
        stream: STREAM,
        position: { generation: 0, partition: 0, offset: first + i },
        timeMs: (first + i) * S,
      }),
    from,
  )!;
const words = ({ waiting }: ChargingRow) =>
  waiting.map(({ number, kind, atMs, session }) => `${session.offset}#${number} ${kind} ${atMs / S}`);
// prettier-ignore
describe('the records of a session', () => {
  it('are numbered as they happened, and STOP ends it', () => {
    const row = folded([started(), continued(20 * S), continued(30 * S), stopped(40 * S)]);
    expect(words(row)).toEqual(['0#1 START 10', '0#2 INTERIM 20', '0#3 INTERIM 30', '0#4 STOP 40']);
    expect(row.open).toBeUndefined();
  });

  it('leave when they are answered, and then nothing is to be done', () => {
    const row = folded([started(), stopped(40 * S), answered(1)]);
    expect(words(row)).toEqual(['0#2 STOP 40']);
    expect(isDone(row)).toBe(false);
    expect(isDone(folded([answered(2)], row, 3))).toBe(true);
    expect(words(settle(row, { generation: 0, partition: 0, offset: 0 }, 2))).toEqual([]);
    expect(words(settle(row, { generation: 0, partition: 0, offset: 9 }, 2))).toEqual(['0#2 STOP 40']);
  });

  it('are not doubled by a fact that was appended twice, nor by an end that both sides tell', () => {
    const facts = [started(), continued(20 * S), stopped(40 * S)];
    const once = words(folded(facts));
    expect(words(folded([...facts, ...facts]))).toEqual(once);
    expect(words(folded([...facts, stopped(41 * S), continued(42 * S)]))).toEqual(once);
    expect(words(folded([message(1), message(1), message(2)]))).toEqual(['0#1 EVENT 0.001', '2#1 EVENT 0.002']);
  });

  it('are not doubled by what a client tells again, known by its digest alone', () => {
    const large = { 'Service-Information': { note: 'x'.repeat(100_000) } };
    const records = (...events: readonly ChargingEvent[]) => words(folded(events)).length;
    expect(records(told('EVENT', { avps: large, digest: 'a' }), told('EVENT', { avps: large, digest: 'a' }))).toBe(1);
    expect(records(told('EVENT', { digest: 'a' }), told('EVENT', { digest: 'b' }))).toBe(2);
    expect(folded([told('EVENT', { avps: large, digest: 'a' })]).seen).toEqual(['EVENT 10000 a']);
  });

  it('are the same of events from before there was a digest: the same told twice counts once', () => {
    const [step] = UPCASTERS.filter(({ type, from }) => type === 'AccountingReceived' && from === 1);
    const old = (avps: object, by: 'client' | 'undated' = 'client') => {
      const { digest: _digest, ...data } = told('EVENT', { avps: { ...avps }, by }).data as AccountingReceived['data'];
      return step?.up({ type: 'AccountingReceived', data }) as ChargingEvent;
    };
    expect(words(folded([old({ a: 1 }), old({ a: 1 }), old({ a: 2 })]))).toHaveLength(2);
    expect(words(folded([old({ a: 1 }, 'undated'), old({ a: 1 }, 'undated')]))).toHaveLength(2);
  });

  it('are the same when events are folded again, also late ones', () => {
    const events: ChargingEvent[] = [started(), continued(20 * S), answered(1), reached(2, 25 * S), continued(30 * S), answered(2), stopped(40 * S)];
    fc.assert(fc.property(fc.array(fc.nat(events.length - 1), { maxLength: 12 }), (again) => {
      let row: ChargingRow | undefined;
      for (const [offset, event] of events.entries()) {
        const recorded = { event, stream: STREAM, position: { generation: 0, partition: 0, offset } };
        row = evolveCharging(row, recorded);
        for (const at of again) if (at <= offset) row = evolveCharging(row, { ...recorded, event: events[at]!, position: { generation: 0, partition: 0, offset: at } });
      }
      expect(words(row!)).toEqual(words(folded(events)));
    }));
  });

  it('of an EVENT are one of a session of its own', () =>
    expect(words(folded([message(5 * S), started(), message(20 * S), stopped(30 * S)]))).toEqual(['0#1 EVENT 5', '1#1 START 10', '2#1 EVENT 20', '1#2 STOP 30']));

  it('wait at a bound, beyond which INTERIMs are passed over and the STOP is not', () => {
    const many = Array.from({ length: RECORDS_WAITING_MAX + 5 }, (_, i) => continued(20 * S + i));
    const row = folded([started(), ...many, stopped(90 * S)]);
    expect(row.waiting).toHaveLength(RECORDS_WAITING_MAX + 1);
    expect(row.waiting.at(-1)).toMatchObject({ kind: 'STOP', number: RECORDS_WAITING_MAX + 1 });
  });
});

describe('without its START', () => {
  it('what comes is held, and numbered behind it when it comes', () => {
    const held = folded([continued(20 * S), stopped(40 * S)]);
    expect([words(held), isDone(held), dueMsOfCharging(held, TIMES)]).toEqual([[], false, 600 * S]);
    expect(words(folded([started()], held, 2))).toEqual(['2#1 START 10', '2#2 INTERIM 20', '2#3 STOP 40']);
  });

  it('it goes when that has not come for long, with what the name of the stream says', () => {
    const held = folded([continued(20 * S), stopped(40 * S)]);
    expect(decideDue(held, TIMES, 599 * S)).toEqual([]);
    expect(decideDue(held, TIMES, 600 * S)).toEqual([
      { type: 'ChargingStartMissed', data: { atMs: 600 * S } },
    ]);
    const row = folded([missed], held, 2);
    expect(words(row)).toEqual(['0#1 INTERIM 20', '0#2 STOP 40']);
    expect(row.waiting[1]?.about).toEqual({ icid: 'icid', nodeFunctionality: 0, role: 0, ccf: [], ecf: [] });
    // And a START that comes after all is told, and opens nothing.
    const late = folded([started()], row, 3);
    expect([words(late).at(-1), late.open]).toEqual(['3#1 START 10', undefined]);
  });

  it('a bound holds for INTERIMs, not for the STOP', () => {
    const many = Array.from({ length: HELD_MAX + 5 }, (_, i) => continued(20 * S + i));
    expect(folded([...many, stopped(90 * S)]).held).toHaveLength(HELD_MAX + 1);
  });

  it('which came in time, nothing is missed', () =>
    expect(words(folded([started(), missed]))).toEqual(['0#1 START 10']));
});

describe('INTERIMs by time', () => {
  const every = (interimS: number) => folded([started(), answered(1, 0, { interimS })]);

  it('come as often as the CDF wants, counted from the last record', () => {
    const row = every(60);
    expect(dueMsOfCharging(row, TIMES)).toBe(70 * S);
    expect(decideDue(row, TIMES, 70 * S)).toEqual([reached(1, 70 * S)]);
    const next = folded([reached(1, 70 * S)], row, 2);
    expect(words(next)).toEqual(['0#2 INTERIM 70']);
    expect(dueMsOfCharging(next, TIMES)).toBe(130 * S);
  });

  it('come once where two owners decide at the same time, and not where something else has happened', () => {
    expect(words(folded([reached(1, 70 * S), reached(1, 70 * S)], every(60), 2))).toEqual(['0#2 INTERIM 70']);
    expect(words(folded([continued(69 * S), reached(1, 70 * S)], every(60), 2))).toEqual(['0#2 INTERIM 69']);
  });

  it('come by configuration where the CDF does not say, and never by default', () => {
    expect(dueMsOfCharging(folded([started()]), { ...TIMES, interimS: 30 })).toBe(40 * S);
    expect(dueMsOfCharging(folded([started()]), TIMES)).toBe(10 * S + 3_600 * S);
  });

  it.each([
    ['longer', 61, 70 * S],
    ['as long', 60, 10 * S + 120 * S],
    ['shorter', 30, 10 * S + 60 * S],
  ])('come only where the refresh is longer than the interval: %s', (_what, refreshS, dueMs) => {
    const row = folded([told('START', { refreshS }), answered(1, 0, { interimS: 60 })]);
    expect(dueMsOfCharging(row, TIMES)).toBe(dueMs);
  });

  it('end with a refresh that does not come: those of time are no sign of life, those of the session are', () => {
    const row = folded([
      told('START', { refreshS: 100 }),
      answered(1, 0, { interimS: 60 }),
      reached(1, 70 * S),
    ]);
    expect(decideDue(row, TIMES, 130 * S)).toEqual([]);
    expect(decideDue(row, TIMES, 210 * S)).toEqual([
      { type: 'ChargingSessionAbandoned', data: { after: 2, causeCode: 1, atMs: 110 * S } },
    ]);
    const alive = folded([told('INTERIM', { atMs: 80 * S })], row, 3);
    expect(decideDue(alive, TIMES, 210 * S)).toEqual([reached(3, 180 * S)]);
    const byTimer = folded([told('INTERIM', { atMs: 80 * S, by: 'timer' })], row, 3);
    expect(dueMsOfCharging(byTimer, TIMES)).toBe(210 * S);
  });

  it('end with a session timer that runs out, and not any more where the last answer has none (RFC 4028)', () => {
    const timed = (event: ChargingFact, refreshS: number): ChargingFact =>
      ({ type: event.type, data: { ...event.data, refreshS } }) as ChargingFact;
    const row = folded([timed(started(), 100)]);
    expect(dueMsOfCharging(row, TIMES)).toBe(210 * S);
    expect(decideDue(row, TIMES, 210 * S)).toEqual([
      { type: 'ChargingSessionAbandoned', data: { after: 1, causeCode: 1, atMs: 110 * S } },
    ]);
    const refreshed = folded([timed(continued(60 * S), 200)], row, 1);
    expect(dueMsOfCharging(refreshed, TIMES)).toBe(460 * S);
    const untimed = folded([timed(continued(80 * S), 0)], refreshed, 2);
    expect(dueMsOfCharging(untimed, TIMES)).toBe(80 * S + 3_600 * S);
    // What nobody spoke of stays as it was.
    expect(dueMsOfCharging(folded([continued(60 * S)], row, 1), TIMES)).toBe(260 * S);
  });

  it('end where the CDF does not know the session, and the STOP is told all the same', () => {
    const row = folded([
      started(),
      continued(20 * S),
      answered(1, 0, { interimS: 60 }),
      answered(2, 0, { result: 5002 }),
    ]);
    expect(dueMsOfCharging(row, TIMES)).toBe(20 * S + 3_600 * S);
    expect(words(folded([stopped(40 * S)], row, 4))).toEqual(['0#3 STOP 40']);
  });

  it('are not made while a hundred wait', () => {
    const many = Array.from({ length: INTERIMS_WAITING_MAX }, (_, i) => continued(20 * S + i));
    expect(dueMsOfCharging(folded([started(), ...many]), { ...TIMES, interimS: 60 })).toBeGreaterThan(
      3_600 * S,
    );
  });
});

describe('a session that nobody ends', () => {
  it('is ended with a cause, once, and charged to its last record', () => {
    const row = folded([started(), continued(20 * S)]);
    const atMs = 20 * S + 3_600 * S;
    expect(decideDue(row, TIMES, atMs - 1)).toEqual([]);
    const [event] = decideDue(row, TIMES, atMs);
    const over = folded([event!, event!, stopped(9_999 * S)], row, 2);
    expect(words(over)).toEqual(['0#1 START 10', '0#2 INTERIM 20', '0#3 STOP 20']);
    expect(over.waiting.at(-1)).toMatchObject({ causeCode: 1 });
  });

  it('goes on where a sign of life came meanwhile', () => {
    const row = folded([started()]);
    const [event] = decideDue(row, TIMES, 10 * S + 3_600 * S);
    expect(folded([continued(20 * S), event!], row, 1).open).toMatchObject({ number: 2 });
  });
});

describe('what is told over HTTP', () => {
  it('is not doubled where it says when it happened, and cannot be known where it does not', () => {
    expect(words(folded([told('START'), told('INTERIM'), told('INTERIM')]))).toHaveLength(2);
    expect(
      words(folded([told('START'), told('INTERIM', { by: 'undated' }), told('INTERIM', { by: 'undated' })])),
    ).toHaveLength(3);
  });

  it('ends the session that is open by another START, and begins one after it', () => {
    const row = folded([told('START'), told('START', { atMs: 50 * S }), told('STOP', { atMs: 60 * S })]);
    expect(words(row)).toEqual(['0#1 START 10', '0#2 STOP 50', '1#1 START 50', '1#2 STOP 60']);
    expect(words(folded([told('START', { atMs: 90 * S })], row, 3)).at(-1)).toBe('3#1 START 90');
  });

  it.each([
    ['a/b c%@x', 6, 1],
    ['x', 15, 0],
  ] as const)('is kept under the name %s, at node %s, in role %s', (callId, nodeFunctionality, role) =>
    expect(namedInStream(streamOfAccounting(callId, nodeFunctionality, role))).toEqual({
      callId,
      nodeFunctionality,
      role,
      ccf: [],
      ecf: [],
    }),
  );
});
