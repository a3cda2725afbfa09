// The rows of lines-by-account in their table. Written by ellis before it answers, and by the projector, which repairs what a crash left
// out; batches go in the order they came. Several processes may write one table: nothing is remembered here.
import type { Checkpoint } from '#libs/decider';
import type { Account, LineNumber } from '#libs/domain';
import type { AppendedEvent, RecordedEvent } from '#libs/event-log';
import { PoisonEvent, type ProjectionSink } from '#libs/projector';
import type { TableStore } from '#libs/stores';
import { evolveRow, headKey, keysOf, type LinesRow, rowKey } from './lines-by-account.js';

/** Rows of one page of a scan. */
const SCAN_PAGE_MAX = 500;

export type LinesByAccountPorts = Readonly<{
  table: TableStore<LinesRow>;
  /** The accepted events of one stream from a revision on. */
  readStream: (stream: string, fromRevision: number) => AsyncIterable<AppendedEvent>;
}>;

/** Told of a number after each event of it, whoever wrote it. */
export type NumberListener = (number: string, isTaken: boolean) => void;

export class LinesByAccount implements ProjectionSink {
  private writing: Promise<void> = Promise.resolve();
  private readonly listeners: NumberListener[] = [];

  constructor(private readonly ports: LinesByAccountPorts) {}

  // ---- Writing ----

  /** Folds events into the view. Readers of this process see them when it resolves. Repeats change nothing. */
  apply(events: readonly AppendedEvent[], checkpoint?: Checkpoint): Promise<void> {
    const done = this.writing.then(() => this.write(events, checkpoint));
    // A failed batch is its callers' failure; the next one reads the rows afresh.
    this.writing = done.catch(() => undefined);
    return done;
  }

  checkpoint(): Promise<Checkpoint | undefined> {
    return this.ports.table.checkpoint();
  }

  /** The first step of a rebuild. */
  async clear(): Promise<void> {
    await this.writing;
    await this.ports.table.clear();
  }

  onNumber(listener: NumberListener): void {
    this.listeners.push(listener);
  }

  private async write(events: readonly AppendedEvent[], checkpoint: Checkpoint | undefined): Promise<void> {
    const touched = events.flatMap((recorded) => keysOf(recorded).map((key) => ({ key, recorded })));
    if (touched.length === 0 && checkpoint === undefined) return;
    const keys = [...new Set(touched.map(({ key }) => key))];
    const before = keys.length === 0 ? new Map<string, LinesRow>() : await this.ports.table.getMany(keys);
    const rows = new Map(before);
    for (const { key, recorded } of touched) rows.set(key, fold(rows.get(key), recorded));
    const changes = [...rows].flatMap(([key, row]) =>
      row === before.get(key) ? [] : [{ key, row, position: row.at }],
    );
    if (changes.length > 0 || checkpoint !== undefined) await this.ports.table.apply(changes, checkpoint);
    this.tell(rows);
  }

  private tell(rows: ReadonlyMap<string, LinesRow>): void {
    const prefix = rowKey.number('');
    for (const [key, row] of rows) {
      if (!key.startsWith(prefix)) continue;
      for (const listener of this.listeners) listener(key.slice(prefix.length), row.state !== undefined);
    }
  }

  // ---- Reading ----

  async account(address: string): Promise<Account | undefined> {
    const row = await this.ports.table.get(rowKey.account(address));
    return row?.kind === 'account' ? row.state : undefined;
  }

  async number(number: string): Promise<LineNumber | undefined> {
    const row = await this.ports.table.get(rowKey.number(number));
    return row?.kind === 'number' ? row.state : undefined;
  }

  /** The numbers of an account, in the order of their names; `limit` at most. */
  async linesOf(address: string, limit: number): Promise<LineNumber[]> {
    const lines: LineNumber[] = [];
    for await (const number of this.numbersBelow(rowKey.lines(address))) {
      lines.push(number);
      if (lines.length >= limit) break;
    }
    return lines;
  }

  /** Every number that belongs to somebody. */
  numbers(): AsyncGenerator<LineNumber> {
    return this.numbersBelow(rowKey.number(''));
  }

  async *accounts(): AsyncGenerator<Account> {
    for await (const row of this.rows(rowKey.account('')))
      if (row.kind === 'account' && row.state !== undefined) yield row.state;
  }

  /** The row that a stream is folded into, as a decision needs it: with its revision. */
  head(stream: string): Promise<LinesRow | undefined> {
    const key = headKey(stream);
    if (key === undefined) throw new Error(`${stream} is not a stream of this view`);
    return this.ports.table.get(key);
  }

  /** Brings a row up to the log: after a conflict, when another writer's events are not here yet. */
  async catchUp(stream: string): Promise<void> {
    const held = (await this.head(stream))?.revision ?? 0;
    const missed: AppendedEvent[] = [];
    for await (const recorded of this.ports.readStream(stream, held + 1)) missed.push(recorded);
    await this.apply(missed);
  }

  private async *numbersBelow(prefix: string): AsyncGenerator<LineNumber> {
    for await (const row of this.rows(prefix))
      if (row.kind === 'number' && row.state !== undefined) yield row.state;
  }

  private async *rows(prefix: string): AsyncGenerator<LinesRow> {
    let after: string | undefined;
    for (;;) {
      const from = after === undefined ? {} : { after };
      const page = await this.ports.table.scan({ prefix, limit: SCAN_PAGE_MAX, ...from });
      for (const [, row] of page) yield row;
      after = page.at(-1)?.[0];
      if (after === undefined || page.length < SCAN_PAGE_MAX) return;
    }
  }
}

const fold = (row: LinesRow | undefined, recorded: AppendedEvent): LinesRow => {
  try {
    return evolveRow(row, recorded);
  } catch (error) {
    throw new PoisonEvent(recorded as RecordedEvent, error);
  }
};
