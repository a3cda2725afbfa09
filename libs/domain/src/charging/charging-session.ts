// The fold of a charging stream: the session that is open, the accounting records that no CDF has answered, and what waits for a START that
// has not come. A record's number is the ordinal of its fact in the session, so every owner of the partition sends the same record.
// TS 32.299 §6.1, RFC 6733 §9. Reader: projections/charging-sessions, for ralf. Pure.
import { assertNever, comparePositions, type Position, type Recorded } from '#libs/decider';
import { type AccountingAnswered, type ChargingEvent, namedInStream, type SessionAbout } from './charging.js';
import { type Fact, factOf, isFact, type RecordContent } from './charging-fact.js';

/** An accounting record that is to be sent until a CDF answers. */
export type ChargingRecord = RecordContent &
  Readonly<{
    /** Position of the fact that began its session, and when that happened: of these the Session-Id is made. */
    session: Position;
    sessionMs: number;
    number: number;
    about: SessionAbout;
  }>;

export type OpenSession = Readonly<{
  session: Position;
  sessionMs: number;
  about: SessionAbout;
  /** Of the last record. */
  number: number;
  lastRecordMs: number;
  lastSignMs: number;
  /** How often the CDF wants to hear of it, and how long it lives without a sign, where they have said so. */
  interimS?: number;
  refreshS?: number;
  /** The CDF does not know it (5002): no more than its STOP is sent. */
  isUnknown?: boolean;
}>;

export type ChargingRow = Readonly<{
  /** Position of the newest event folded. */
  at: Position;
  open?: OpenSession;
  /** A session of this stream is over: what comes late is nothing new. */
  isOver: boolean;
  /** Oldest first. */
  waiting: readonly ChargingRecord[];
  /** Facts of a session whose START has not come, oldest first. */
  held: readonly Fact[];
  /** Keys of the last facts. */
  seen: readonly string[];
}>;

/** Keys that are kept: a fact comes twice where an append's outcome was unknown, and then soon after. */
export const SEEN_MAX = 32;
/** Facts that wait for a START; further INTERIMs are passed over. */
export const HELD_MAX = 64;
/** Records of one stream that no CDF has answered; further INTERIMs are passed over. */
export const RECORDS_WAITING_MAX = 1_000;
/** RFC 6733 §7.1.5: DIAMETER_UNKNOWN_SESSION_ID. */
export const UNKNOWN_SESSION = 5002;
/** TS 32.299 §7.2.35: unspecified error. */
export const CAUSE_UNSPECIFIED = 1;

/** `timeMs`: when the log took it. */
export type LoggedCharging = Recorded<ChargingEvent> & Readonly<{ timeMs?: number }>;

/** Nothing is to be sent, and nothing can come but repetitions. */
export const isDone = ({ open, waiting, held }: ChargingRow): boolean =>
  open === undefined && waiting.length === 0 && held.length === 0;

const withoutOpen = ({ open: _open, ...row }: ChargingRow): ChargingRow => row;

/** The next record of the session that is open; STOP ends it. */
const addRecord = (row: ChargingRow, open: OpenSession, content: RecordContent, isSignOfLife: boolean): ChargingRow => {
  const { session, sessionMs, about } = open;
  if (content.kind === 'INTERIM' && row.waiting.length >= RECORDS_WAITING_MAX) return row;
  const number = open.number + 1;
  const waiting = [...row.waiting, { ...content, session, sessionMs, number, about }];
  if (content.kind === 'STOP') return { ...withoutOpen(row), waiting, isOver: true };
  const lastSignMs = isSignOfLife ? Math.max(open.lastSignMs, content.atMs) : open.lastSignMs;
  const refreshS = content.refreshS ?? open.refreshS;
  return {
    ...row,
    waiting,
    open: {
      ...open,
      number,
      lastSignMs,
      lastRecordMs: Math.max(open.lastRecordMs, content.atMs),
      ...(refreshS === undefined ? {} : { refreshS }),
    },
  };
}; // prettier-ignore

/** Begins a session at its first fact, and gives it what was held. */
const begin = (row: ChargingRow, first: Fact, about: SessionAbout, held: readonly Fact[]): ChargingRow => {
  const { position: session, content } = first;
  const { atMs: sessionMs } = content;
  const open = { session, sessionMs, about, number: 0, lastRecordMs: sessionMs, lastSignMs: sessionMs };
  let begun: ChargingRow = { ...row, held: [], isOver: false, open };
  for (const fact of held)
    if (begun.open !== undefined) begun = addRecord(begun, begun.open, fact.content, fact.isSignOfLife);
  return begun;
};

const oneOnly = (
  row: ChargingRow,
  { content, position: session }: Fact,
  about: SessionAbout,
): ChargingRow => {
  const { atMs: sessionMs } = content;
  return { ...row, waiting: [...row.waiting, { ...content, session, sessionMs, number: 1, about }] };
};

const start = (row: ChargingRow, fact: Fact, about: SessionAbout): ChargingRow => {
  const { open, held } = row;
  // So late that the rest went without it: it is told, and nothing follows.
  if (row.isOver && !fact.isHttp) return oneOnly(row, fact, about);
  if (open === undefined) return begin(row, fact, about, [fact, ...held]);
  if (!fact.isHttp) return row;
  // Its end was never told.
  const { atMs, loggedMs } = fact.content;
  const causeCode = CAUSE_UNSPECIFIED;
  const stopped = addRecord(row, open, { kind: 'STOP', atMs, loggedMs, causeCode }, false);
  return begin(stopped, fact, about, [fact]);
};

const hold = (row: ChargingRow, fact: Fact): ChargingRow =>
  row.isOver || (row.held.length >= HELD_MAX && fact.content.kind === 'INTERIM')
    ? row
    : { ...row, held: [...row.held, fact] };

const takeFact = (row: ChargingRow, fact: Fact, stream: string): ChargingRow => {
  const { key, content, about } = fact;
  if (key !== undefined && row.seen.includes(key)) return row;
  const next = key === undefined ? row : { ...row, seen: [...row.seen.slice(1 - SEEN_MAX), key] };
  switch (content.kind) {
    case 'EVENT':
      return oneOnly(next, fact, about ?? namedInStream(stream));
    case 'START':
      return start(next, fact, about ?? namedInStream(stream));
    case 'INTERIM':
    case 'STOP':
      return next.open === undefined
        ? hold(next, fact)
        : addRecord(next, next.open, content, fact.isSignOfLife);
    default:
      return assertNever(content.kind);
  }
};

/** No START has come: what is held goes without it. */
const startMissed = (row: ChargingRow, stream: string): ChargingRow => {
  const [first] = row.held;
  if (first === undefined || row.open !== undefined) return row;
  return begin(row, first, { ...namedInStream(stream), ...first.about }, row.held);
};

/** A CDF has answered this record, so it was sent, and so were those before it. */
export const settle = (row: ChargingRow, of: Position, record: number): ChargingRow => {
  const waiting = row.waiting.filter(
    ({ session, number }) => comparePositions(session, of) !== 0 || number > record,
  );
  return waiting.length === row.waiting.length ? row : { ...row, waiting };
};

const answered = (row: ChargingRow, { of, record, result, interimS }: AccountingAnswered['data']): ChargingRow => {
  const settled = settle(row, of, record);
  const { open } = settled;
  if (open === undefined || comparePositions(open.session, of) !== 0) return settled;
  return {
    ...settled,
    open: {
      ...open,
      ...(interimS === undefined ? {} : { interimS }),
      // Of a START that is answered so there is nothing to be known.
      ...(result === UNKNOWN_SESSION && record > 1 ? { isUnknown: true } : {}),
    },
  };
}; // prettier-ignore

const evolved = (row: ChargingRow, { event, stream, position, timeMs }: LoggedCharging): ChargingRow => {
  const loggedMs = timeMs ?? 0;
  if (isFact(event)) return takeFact(row, factOf(event, { position, loggedMs }), stream);
  const { open } = row;
  switch (event.type) {
    case 'ChargingInterimReached': {
      const { after, atMs } = event.data;
      if (open?.number !== after) return row;
      return addRecord(row, open, { kind: 'INTERIM', atMs, loggedMs }, false);
    }
    case 'ChargingSessionAbandoned': {
      const { after, atMs, causeCode } = event.data;
      if (open?.number !== after) return row;
      return addRecord(row, open, { kind: 'STOP', atMs, loggedMs, causeCode }, false);
    }
    case 'ChargingStartMissed':
      return startMissed(row, stream);
    case 'AccountingAnswered':
      return answered(row, event.data);
    default:
      return assertNever(event);
  }
};

/** Events may come again: one that is not above what was folded changes nothing. */
export const evolveCharging = (row: ChargingRow | undefined, recorded: LoggedCharging): ChargingRow => {
  const { position: at } = recorded;
  if (row !== undefined && comparePositions(at, row.at) <= 0) return row;
  const before = row ?? { at, isOver: false, waiting: [], held: [], seen: [] };
  return { ...evolved(before, recorded), at };
};
