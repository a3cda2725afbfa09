// What should have been charged against what a CDF took: records derived again from the facts in the log, each with its answers there, and
// with the CDF's own records where they are at hand; and the calls against their facts. Pure but for memory. Used by cli/charging.ts.
import { type CallEvent, type ChargingEvent, type ChargingRecord, type ChargingRow, evolveCharging } from '#libs/domain'; // prettier-ignore
import type { RecordedEvent } from '#libs/event-log';
import { accountingRequest, digestOf, sessionIdOf } from '../accounting-request.js';
import { CallLedger } from './call-ledger.js';

/** Records of one run: a day of a hundred calls a second takes less. Beyond it the run ends: a shorter period does. */
export const RECORDS_MAX = 5_000_000;
/** Findings that are told one by one; all are counted. */
export const FINDINGS_SHOWN_MAX = 1_000;

export class TooManyRecords extends Error {}

export type FindingKind =
  /** Chargeable, and no CDF has answered. */
  | 'missing'
  /** Taken twice, and nothing told the CDF that it may be. */
  | 'doubled'
  /** What was sent is not what the facts say, or no fact says it. */
  | 'different'
  /** A CDF will never take it. */
  | 'refused';

export type Finding = Readonly<{ kind: FindingKind; stream: string; what: string }>;

export type Reconciled = Readonly<{
  sessions: number;
  records: number;
  acknowledged: number;
  /** Answered more than once, the CDF having been told. */
  repeated: number;
  calls: number;
  found: Readonly<Record<FindingKind, number>>;
  findings: readonly Finding[];
}>;

/** What a CDF wrote of one record. */
export type CdfCopy = Readonly<{
  sessionId: string;
  recordNumber: number;
  retransmitted: boolean;
  /** When the CDF got it, where it says so. */
  receivedAt?: string;
}>;

export type ReconcileOptions = Readonly<{
  /** What the log took from here on, until there, ms since 1970. */
  fromMs: number;
  toMs: number;
  sessionHost: string;
}>;

type Answer = Readonly<{ result: number; digest: string; retransmitted: boolean; cdf: string; atMs: number }>;
type Expected = { readonly record: ChargingRecord; readonly answers: Answer[] };
type Stream = { row: ChargingRow | undefined; readonly records: Map<string, Expected> };

const keyOf = ({ session, number }: Pick<ChargingRecord, 'session' | 'number'>): string =>
  `${session.generation}.${session.partition}.${session.offset} ${number}`;

/** The content alone counts: names are not what is compared. */
const NO_NAMES = { sessionHost: '', billingRealm: '', serviceContextId: '' };

const wordsOf = ({ kind, number, atMs }: ChargingRecord): string =>
  `record ${number} ${kind} of ${new Date(atMs).toISOString()}`;

export class Reconciliation {
  private readonly streams = new Map<string, Stream>();
  private readonly calls = new CallLedger();
  private readonly copies = new Map<string, CdfCopy[]>();
  private readonly findings: Finding[] = [];
  private readonly counts = { missing: 0, doubled: 0, different: 0, refused: 0 };
  private records = 0;
  /** When the log took the oldest event that it still has. */
  private beginsMs = Infinity;
  private hasCopies = false;

  constructor(private readonly options: ReconcileOptions) {}

  /** Events of `charging` and `calls`, in the order of each stream. */
  add(recorded: RecordedEvent): void {
    this.beginsMs = Math.min(this.beginsMs, recorded.timeMs);
    if (recorded.topic === 'calls') {
      if (this.isAsked(recorded.timeMs)) this.calls.addCall(recorded.stream, recorded.event as CallEvent);
      return;
    }
    const event = recorded.event as ChargingEvent;
    const { stream: name } = recorded;
    const stream = this.streams.get(name) ?? { row: undefined, records: new Map<string, Expected>() };
    this.streams.set(name, stream);
    if (event.type === 'AccountingAnswered') this.answered(name, stream, event.data);
    stream.row = evolveCharging(stream.row, { ...recorded, event });
    this.derive(stream);
    this.calls.addCharging(name, event);
  }

  /** A record as a CDF wrote it. */
  addCopy(copy: CdfCopy): void {
    this.hasCopies = true;
    const key = `${copy.sessionId} ${copy.recordNumber}`;
    const known = this.copies.get(key);
    if (known) known.push(copy);
    else this.copies.set(key, [copy]);
  }

  judge(): Reconciled {
    let [records, acknowledged, repeated] = [0, 0, 0];
    const sessions = new Set<string>();
    const expectedCopies = new Set<string>();
    for (const [name, { records: expected }] of this.streams)
      for (const one of expected.values()) {
        const { record, answers } = one;
        if (this.hasCopies) expectedCopies.add(this.copyKeyOf(record));
        if (!this.isAsked(record.loggedMs)) continue;
        records++;
        sessions.add(`${name} ${record.session.offset}`);
        if (answers.length > 0) acknowledged++;
        if (answers.length > 1) repeated++;
        this.judgeRecord(name, one);
        if (this.hasCopies) this.judgeCopies(name, one);
      }
    this.judgeUnexpected(expectedCopies);
    for (const { stream, what } of this.calls.missing()) this.find('missing', stream, what);
    return {
      sessions: sessions.size,
      records,
      acknowledged,
      repeated,
      calls: this.calls.answered,
      found: { ...this.counts },
      findings: this.findings,
    };
  }

  private isAsked(loggedMs: number): boolean {
    const { fromMs, toMs } = this.options;
    return loggedMs >= fromMs && loggedMs < toMs;
  }

  private derive({ row, records }: Stream): void {
    const waiting = row?.waiting ?? [];
    for (let at = waiting.length - 1; at >= 0; at--) {
      const record = waiting[at]!;
      const key = keyOf(record);
      if (records.has(key)) return;
      if (++this.records > RECORDS_MAX) throw new TooManyRecords(`more than ${RECORDS_MAX} records`);
      records.set(key, { record, answers: [] });
    }
  }

  private answered(name: string, { records }: Stream, { of, record, ...answer }: Extract<ChargingEvent, { type: 'AccountingAnswered' }>['data']): void {
    const expected = records.get(keyOf({ session: of, number: record }));
    // An append whose outcome was unknown is made again: that is one answer.
    if (expected?.answers.some(({ cdf, atMs }) => cdf === answer.cdf && atMs === answer.atMs)) return;
    if (expected) expected.answers.push(answer);
    else if (this.isAsked(answer.atMs)) this.find('different', name, `record ${record} was answered, and no fact makes it`);
  } // prettier-ignore

  private judgeRecord(stream: string, { record, answers }: Expected): void {
    const [first, ...others] = answers;
    if (first === undefined) return this.find('missing', stream, `${wordsOf(record)}: no CDF has answered`);
    if (first.result >= 3000) this.find('refused', stream, `${wordsOf(record)}: ${first.result}`);
    if (others.some(({ retransmitted }) => !retransmitted))
      this.find('doubled', stream, `${wordsOf(record)}: sent ${answers.length} times, not each marked`);
    const digest = digestOf(accountingRequest(record, NO_NAMES));
    if (answers.some((answer) => answer.digest !== digest))
      this.find('different', stream, `${wordsOf(record)}: something else was sent`);
  }

  private judgeCopies(stream: string, { record, answers }: Expected): void {
    const sessionId = sessionIdOf(this.options.sessionHost, record);
    const copies = this.copies.get(this.copyKeyOf(record)) ?? [];
    const isTaken = (answers[0]?.result ?? 3000) < 3000;
    if (copies.length === 0 && isTaken)
      this.find('missing', stream, `${wordsOf(record)}: answered, and not among the CDF’s records (${sessionId})`);
    // The first to come may be the marked one: its predecessor was lost on the way.
    if (copies.filter(({ retransmitted }) => !retransmitted).length > 1)
      this.find('doubled', stream, `${wordsOf(record)}: ${copies.length} times among the CDF’s records, not marked`);
  } // prettier-ignore

  /** Charged once more under another name, or by a log that is not this one. What came before the log begins nobody can judge. */
  private judgeUnexpected(expected: ReadonlySet<string>): void {
    for (const [key, [first]] of this.copies) {
      if (first === undefined || expected.has(key) || !key.startsWith(`${this.options.sessionHost};`)) continue;
      const receivedMs = first.receivedAt === undefined ? undefined : Date.parse(first.receivedAt);
      if (receivedMs !== undefined && (!this.isAsked(receivedMs) || receivedMs < this.beginsMs)) continue;
      this.find('different', first.sessionId, `record ${first.recordNumber} is among the CDF’s records, and no fact makes it`);
    }
  } // prettier-ignore

  private copyKeyOf(record: ChargingRecord): string {
    return `${sessionIdOf(this.options.sessionHost, record)} ${record.number}`;
  }

  private find(kind: FindingKind, stream: string, what: string): void {
    this.counts[kind]++;
    if (this.findings.length < FINDINGS_SHOWN_MAX) this.findings.push({ kind, stream, what });
  }
}
