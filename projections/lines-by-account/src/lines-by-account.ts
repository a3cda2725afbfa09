// Read model: accounts, the numbers of each, and which numbers are taken. Reader: ellis (backend.md §9).
// Each row is folded from one stream. What was deleted stays as a row with its revision and no state, so that an event which comes again
// cannot bring it back.
import type { Position } from '#libs/decider';
import {
  account,
  ACCOUNT_STREAM,
  type AccountEvent,
  type AccountState,
  lineNumber,
  type LineNumberEvent,
  type LineNumberState,
  NUMBER_STREAM,
} from '#libs/domain';
import type { AppendedEvent } from '#libs/event-log';

type Head = Readonly<{ revision: number; at: Position; atMs: number }>;

export type AccountRow = Head & Readonly<{ kind: 'account'; state: AccountState }>;
export type NumberRow = Head & Readonly<{ kind: 'number'; state: LineNumberState }>;
export type LinesRow = AccountRow | NumberRow;

export const linesByAccount = {
  name: 'lines-by-account',
  /** Raise to rebuild from the start of the log. */
  version: 2,
  topics: ['accounts'],
} as const;

/** An e-mail address has no slash. */
export const rowKey = {
  account: (address: string): string => `account/${address}`,
  number: (number: string): string => `number/${number}`,
  lines: (address: string): string => `line/${address}/`,
  line: (address: string, number: string): string => `line/${address}/${number}`,
} as const;

/** The numbers of an account are read together. */
export const groupOf = (key: string): string | undefined => /^line\/[^/]*\//.exec(key)?.[0];

/** The row that holds the state of a stream. */
export const headKey = (stream: string): string | undefined => {
  if (stream.startsWith(ACCOUNT_STREAM)) return rowKey.account(stream.slice(ACCOUNT_STREAM.length));
  if (stream.startsWith(NUMBER_STREAM)) return rowKey.number(stream.slice(NUMBER_STREAM.length));
  return undefined;
};

/** A number stands under its own name, and among those of its account. */
export const keysOf = ({ stream, event }: Pick<AppendedEvent, 'stream' | 'event'>): readonly string[] => {
  const head = headKey(stream);
  if (head === undefined) return [];
  if (!stream.startsWith(NUMBER_STREAM)) return [head];
  const { account: address, number } = (event as LineNumberEvent).data;
  return [head, rowKey.line(address, number)];
};

/** The row after an event; the same row when it holds that event already. */
export const evolveRow = (row: LinesRow | undefined, recorded: AppendedEvent): LinesRow => {
  const { stream, position, timeMs } = recorded;
  const revision = recorded.revision ?? 0;
  if (row !== undefined && revision <= row.revision) return row;
  const head = { revision, at: position, atMs: timeMs };
  if (stream.startsWith(ACCOUNT_STREAM)) {
    const event = recorded.event as AccountEvent;
    const before = row?.kind === 'account' ? row.state : undefined;
    return { ...head, kind: 'account', state: account.evolve(before, { event, stream, position }) };
  }
  const event = recorded.event as LineNumberEvent;
  const before = row?.kind === 'number' ? row.state : undefined;
  return { ...head, kind: 'number', state: lineNumber.evolve(before, { event, stream, position }) };
};
