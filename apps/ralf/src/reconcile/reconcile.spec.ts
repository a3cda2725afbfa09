// Reconciliation: what it finds where records are missing, doubled or different, and that it finds nothing where all is well.
import type { CallEvent, ChargingEvent } from '#libs/domain';
import type { RecordedEvent } from '#libs/event-log';
import { accountingRequest, digestOf, sessionIdOf } from '../accounting-request.js';
import { continued, NAMES, START_MS, started, stopped, streamOf } from '../ralf.fixture.js';
import { Reconciliation } from './reconcile.js';

const STREAM = streamOf('a');
const at = (offset: number) => ({ generation: 0, partition: 0, offset });
const recorded = (offset: number, event: ChargingEvent | CallEvent, stream = STREAM): RecordedEvent => ({
  event,
  stream,
  position: at(offset),
  id: String(offset),
  topic: stream.startsWith('call-') ? 'calls' : 'charging',
  timeMs: START_MS + offset * 1_000,
});

const FACTS = [started(), continued(), stopped()] as const;
const about = (started().data as { icid: string }) && (({ requestAtMs: _request, answerAtMs: _answer, ...parties }) => parties)(started().data as Extract<ChargingEvent, { type: 'ChargingStarted' }>['data']); // prettier-ignore
const session = { session: at(0), sessionMs: START_MS, about, loggedMs: 0 };
const digests = [
  { ...session, number: 1, kind: 'START', atMs: START_MS, method: 'INVITE', requestAtMs: START_MS - 1_500, answerAtMs: START_MS } as const,
  { ...session, number: 2, kind: 'INTERIM', atMs: START_MS + 1_000, method: 'UPDATE' } as const,
  { ...session, number: 3, kind: 'STOP', atMs: START_MS + 2_000, causeCode: 0 } as const,
].map((record) => digestOf(accountingRequest(record, NAMES))); // prettier-ignore
const answered = (record: number, more: Partial<Extract<ChargingEvent, { type: 'AccountingAnswered' }>['data']> = {}): ChargingEvent => ({
  type: 'AccountingAnswered',
  data: { of: at(0), record, result: 2001, cdf: 'cdf1', digest: digests[record - 1] ?? '', retransmitted: false, atMs: START_MS, ...more },
}); // prettier-ignore

const run = (
  events: readonly (ChargingEvent | CallEvent)[],
  period: Partial<{ fromMs: number; toMs: number }> = {},
) => {
  const reconciliation = new Reconciliation({ fromMs: 0, toMs: Infinity, sessionHost: NAMES.sessionHost, ...period }); // prettier-ignore
  for (const [offset, event] of events.entries())
    reconciliation.add(recorded(offset, event, /^(Call|Originating|Terminating|Server)/.test(event.type) ? 'call-a' : STREAM)); // prettier-ignore
  return reconciliation;
};
const foundOf = (reconciliation: Reconciliation) => reconciliation.judge().findings.map(({ kind, what }) => `${kind}: ${what.replace(/ of \S+Z:/, ':')}`); // prettier-ignore
const ANSWERS = [answered(1), answered(2), answered(3)];

it('finds nothing where each record was taken once, though one was sent twice with its mark', () => {
  const reconciliation = run([
    ...FACTS,
    ...ANSWERS,
    answered(3, { retransmitted: true, atMs: START_MS + 9 }),
  ]);
  expect(reconciliation.judge()).toEqual({
    sessions: 1,
    records: 3,
    acknowledged: 3,
    repeated: 1,
    calls: 0,
    found: { missing: 0, doubled: 0, different: 0, refused: 0 },
    findings: [],
  });
});

it('finds what no CDF has answered, and what one has refused', () =>
  expect(foundOf(run([...FACTS, answered(1), answered(3, { result: 5004 })]))).toEqual(['missing: record 2 INTERIM: no CDF has answered', 'refused: record 3 STOP: 5004'])); // prettier-ignore

it('takes an answer that was appended twice for one', () => expect(foundOf(run([...FACTS, ...ANSWERS, answered(2)]))).toEqual([])); // prettier-ignore

it('finds what was sent twice without a mark', () =>
  expect(foundOf(run([...FACTS, ...ANSWERS, answered(2, { atMs: START_MS + 9 })]))).toEqual(['doubled: record 2 INTERIM: sent 2 times, not each marked'])); // prettier-ignore

it('finds what was sent otherwise than the facts say, and what no fact says', () =>
  expect(foundOf(run([...FACTS, answered(1), answered(2, { digest: 'x' }), answered(3), answered(4)]))).toEqual(['different: record 4 was answered, and no fact makes it', 'different: record 2 INTERIM: something else was sent'])); // prettier-ignore

it('judges what the log took in the period, and knows what came before it', () => {
  const events = [...FACTS, answered(1)];
  expect(foundOf(run(events, { fromMs: START_MS + 2_000 }))).toEqual(['missing: record 3 STOP: no CDF has answered']); // prettier-ignore
  expect(foundOf(run(events, { toMs: START_MS + 1_000 }))).toEqual([]);
});

describe('beside the records of a CDF', () => {
  const sessionId = sessionIdOf(NAMES.sessionHost, session);
  const copy = (recordNumber: number, retransmitted = false) => ({ sessionId, recordNumber, retransmitted });

  it('finds nothing where each is there, though one came twice with its mark', () => {
    const reconciliation = run([...FACTS, ...ANSWERS]);
    for (const one of [copy(1), copy(2), copy(2, true), copy(3, true)]) reconciliation.addCopy(one);
    expect(foundOf(reconciliation)).toEqual([]);
  });

  it('finds what is not there, and what is there twice', () => {
    const reconciliation = run([...FACTS, ...ANSWERS]);
    for (const one of [copy(1), copy(3), copy(3)]) reconciliation.addCopy(one);
    expect(foundOf(reconciliation)).toEqual([
      expect.stringContaining('missing: record 2 INTERIM: answered, and not among the CDF’s records'),
      'doubled: record 3 STOP: 2 times among the CDF’s records, not marked',
    ]);
  });
});

describe('what a CDF has and nothing expects', () => {
  const sessionId = sessionIdOf(NAMES.sessionHost, session);
  const twice = sessionIdOf(NAMES.sessionHost, { ...session, session: at(99) });
  const copy = (of: string, recordNumber: number, receivedMs = START_MS + 5_000) =>
    ({ sessionId: of, recordNumber, retransmitted: false, receivedAt: new Date(receivedMs).toISOString() }); // prettier-ignore

  it('is found: a session charged again under another name, a record more', () => {
    const reconciliation = run([...FACTS, ...ANSWERS]);
    for (const record of [1, 2, 3, 4]) reconciliation.addCopy(copy(sessionId, record));
    reconciliation.addCopy(copy(twice, 1));
    expect(foundOf(reconciliation)).toEqual(['different: record 4 is among the CDF’s records, and no fact makes it', 'different: record 1 is among the CDF’s records, and no fact makes it']); // prettier-ignore
  });

  it('is passed over where it is of others, of another time, or older than the log', () => {
    const reconciliation = run([...FACTS, ...ANSWERS], { toMs: START_MS + 60_000 });
    for (const record of [1, 2, 3]) reconciliation.addCopy(copy(sessionId, record));
    reconciliation.addCopy(copy(sessionIdOf('other.test', session), 1));
    reconciliation.addCopy(copy(twice, 1, START_MS + 60_000));
    reconciliation.addCopy(copy(twice, 2, START_MS - 1));
    expect(foundOf(reconciliation)).toEqual([]);
  });
});

describe('calls', () => {
  const request = { method: 'INVITE', callId: 'c', from: 'sip:a@t', to: 'sip:b@t', requestUri: 'sip:b@t' };
  const served = { ...request, served: 'sip:a@t', registered: true, criteria: { evaluated: 0, matched: [] } };
  const originating: CallEvent = { type: 'OriginatingServed', data: { ...served, next: 'x' } };
  const terminating: CallEvent = { type: 'TerminatingServed', data: { ...served, targets: [] } };
  const answer: CallEvent = { type: 'CallAnswered', data: { status: 200 } };
  const end: CallEvent = { type: 'CallEnded', data: { by: 'caller' } };

  it('are well where each side has its START, and its STOP when they have ended', () => {
    const reconciliation = run([started(), stopped(), originating, answer, end, answered(1), answered(2, { digest: digestOf(accountingRequest({ ...session, number: 2, kind: 'STOP', atMs: START_MS + 2_000, causeCode: 0 }, NAMES)) })]); // prettier-ignore
    expect([reconciliation.judge().calls, foundOf(reconciliation)]).toEqual([1, []]);
  });

  it('miss what they have no fact of', () => {
    expect(foundOf(run([originating, terminating, answer]))).toEqual([
      'missing: the call was answered, and the originating side has no START',
      'missing: the call was answered, and the terminating side has no START',
    ]);
    expect(foundOf(run([started(), answered(1), originating, answer, end])).at(-1)).toMatch(/the call ended, and .* has no STOP/); // prettier-ignore
    expect(foundOf(run([originating, end]))).toEqual([]);
  });

  it('are not those of the edge: its START does for none of the router’s, and what it began must end too', () => {
    const reconciliation = run([originating, answer, end]);
    reconciliation.add(recorded(9, started(), 'charging-a/d/pcscf/orig'));
    const findings = reconciliation.judge().findings.filter(({ stream }) => stream.startsWith('call-'));
    expect(findings.map(({ what }) => what)).toEqual([
      'the call was answered, and the originating side has no START',
      'the call ended, and charging-a/d/pcscf/orig has no STOP',
    ]);
  });
});
