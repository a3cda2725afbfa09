// What a projector remembers beside its view: the version the view was built with, and what it put aside.
// Port with two adapters: memory, and a table that all projections of a process may share.
import type { Position } from '#libs/decider';
import type { TableStore } from '#libs/stores';

/** A stream that is not folded any further: the poison event first, those behind it after it, in order. */
export type ParkedStream = Readonly<{
  stream: string;
  reason: string;
  /** Wall time at which the first was parked. */
  sinceMs: number;
  /** The events themselves stay in the log. */
  positions: readonly Position[];
}>;

export type LedgerEntries = Readonly<{ version: number | undefined; parked: readonly ParkedStream[] }>;

/** Durable before it resolves, where the view is. */
export interface ProjectionLedger {
  load(): Promise<LedgerEntries>;
  setVersion(version: number): Promise<void>;
  park(parked: ParkedStream): Promise<void>;
  release(stream: string): Promise<void>;
}

export const createMemoryLedger = (): ProjectionLedger => {
  const parked = new Map<string, ParkedStream>();
  let version: number | undefined;
  return {
    load: () => Promise.resolve({ version, parked: [...parked.values()] }),
    setVersion: (next) => Promise.resolve(void (version = next)),
    park: (entry) => Promise.resolve(void parked.set(entry.stream, entry)),
    release: (stream) => Promise.resolve(void parked.delete(stream)),
  };
};

/** A row of the shared table. Rows are written by a count of their own: they change without the log moving on. */
export type LedgerRow = Readonly<{ count: number; version?: number; parked?: ParkedStream }>;

const PAGE = 1_000;

/** `owner` is the projection's name. */
export const createTableLedger = (owner: string, table: TableStore<LedgerRow>): ProjectionLedger => {
  const versionKey = `${owner}/version`;
  const prefix = `${owner}/parked/`;
  const counts = new Map<string, number>();
  const write = async (key: string, row: Omit<LedgerRow, 'count'>): Promise<void> => {
    const count = (counts.get(key) ?? 0) + 1;
    counts.set(key, count);
    await table.apply([
      { key, row: { ...row, count }, position: { generation: 1, partition: 0, offset: count } },
    ]);
  };
  return {
    async load() {
      const held = await table.get(versionKey);
      counts.set(versionKey, held?.count ?? 0);
      const parked: ParkedStream[] = [];
      let after: string | undefined;
      for (;;) {
        const page = await table.scan({ prefix, limit: PAGE, ...(after === undefined ? {} : { after }) });
        for (const [key, row] of page) {
          counts.set(key, row.count);
          if (row.parked) parked.push(row.parked);
        }
        after = page.at(-1)?.[0];
        if (page.length < PAGE) return { version: held?.version, parked };
      }
    },
    setVersion: (version) => write(versionKey, { version }),
    park: (parked) => write(prefix + parked.stream, { parked }),
    release: (stream) => write(prefix + stream, {}),
  };
};
