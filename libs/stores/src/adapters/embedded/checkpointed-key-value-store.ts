// KeyValueStore in memory with snapshots: a restart reads the newest one and folds only the log's tail behind it.
// For rows folded from the log (registrations-by-aor). Written by handlers and projections; the owner says when to snapshot.
import type { Position } from '#libs/decider';
import type { Clock } from '#libs/runtime';
import { type Codec, StoreUnavailable } from '../../key-value-store.port.js';
import type { SnapshotDisk, SnapshotFile } from '../../snapshot-disk.port.js';
import { jsonCodec } from './json-codec.js';
import { KEY_VALUE_ENTRIES_MAX, KeyValueTable, type View } from './key-value-table.js';
import { machineDisk } from './machine-disk.js';
import {
  type EmbeddedKeyValueStore,
  type MemoryKeyValueOptions,
  storeOver,
} from './memory-key-value-store.js';
import { framesIn, replaceFile } from './snapshot-file.js';
import {
  eachRow,
  endFrame,
  headFrame,
  RowsFrame,
  SnapshotDamaged,
  type SnapshotHead,
} from './snapshot-frames.js';

/** A block of rows is written when it has this many bytes, or took this long: the event loop turns in between. */
const BLOCK_BYTES = 256 * 1024;
const BLOCK_MS_MAX = 2;
const ROWS_BETWEEN_LOOKS_AT_CLOCK = 32;

export type CheckpointedOptions<V> = MemoryKeyValueOptions<V> & Readonly<{ disk?: SnapshotDisk }>;

/** `damaged`: the store is empty and the log must be folded from its start; `reason` is for the operator. */
export type Restored =
  | Readonly<{ state: 'restored'; position: Position; rows: number; expired: number }>
  | Readonly<{ state: 'absent' }>
  | Readonly<{ state: 'damaged'; reason: string }>;

export type CheckpointedKeyValueStore<V> = EmbeddedKeyValueStore<V> &
  Readonly<{
    /**
     * Writes the entries as they are at this call, whatever happens while it runs, with the position up to which the
     * caller has folded the log into them. When it rejects the former snapshot is still there. One at a time.
     * `rows` counts an entry twice that changed meanwhile.
     */
    snapshot(file: string, position: Position): Promise<Readonly<{ rows: number; bytes: number }>>;
    /** Fills the empty store, before anybody uses it. What expired meanwhile is left out. */
    restore(file: string): Promise<Restored>;
  }>;

export const createCheckpointedKeyValueStore = <V>({
  name,
  clock,
  codec = jsonCodec(),
  entriesMax = KEY_VALUE_ENTRIES_MAX,
  disk = machineDisk,
}: CheckpointedOptions<V>): CheckpointedKeyValueStore<V> => {
  const table = new KeyValueTable<V>(name, clock, entriesMax);
  let running = false;

  const snapshot = async (file: string, position: Position) => {
    if (running) throw new StoreUnavailable(`${name}: a snapshot is being written`);
    running = true;
    // Before the first await: this is the moment that the snapshot shows.
    const view = table.openView();
    const written = { rows: 0 };
    const head = { store: name, position, takenAtMs: clock.nowMs() };
    try {
      const bytes = await replaceFile(disk, file, framesOf(head, view, codec, clock, written));
      return { rows: written.rows, bytes };
    } finally {
      view.close();
      running = false;
    }
  };

  const restore = async (file: string): Promise<Restored> => {
    if (table.size > 0) throw new Error(`${name}: only an empty store is restored`);
    const opened = await openIfThere(disk, file);
    if (!opened) return { state: 'absent' };
    try {
      return await load(opened, { name, table, codec, clock });
    } catch (error) {
      table.clear();
      return {
        state: 'damaged',
        reason: `${file}: ${error instanceof Error ? error.message : String(error)}`,
      };
    } finally {
      await opened.close();
    }
  };

  return { ...storeOver(table), snapshot, restore };
};

async function* framesOf<V>(
  head: SnapshotHead,
  view: View<V>,
  codec: Codec<V>,
  clock: Clock,
  written: { rows: number },
): AsyncGenerator<Buffer> {
  const takenMs = clock.monotonicMs();
  const block = new RowsFrame(2 * BLOCK_BYTES);
  let blockMs = takenMs;
  let steps = 0;
  // Each yield ends when the block is written, so the event loop has turned.
  yield headFrame(head);
  for (const entry of view.steps) {
    steps += 1;
    if (entry !== undefined && entry.expiresAtMs > takenMs) {
      block.add(entry.key, codec.encode(entry.value), entry.expiresAtMs - takenMs);
      written.rows += 1;
    }
    const looks = steps % ROWS_BETWEEN_LOOKS_AT_CLOCK === 0;
    if (block.length >= BLOCK_BYTES || (looks && clock.monotonicMs() - blockMs >= BLOCK_MS_MAX)) {
      yield block.take();
      blockMs = clock.monotonicMs();
    }
  }
  yield block.take();
  yield endFrame(written.rows);
}

type Loading<V> = Readonly<{ name: string; table: KeyValueTable<V>; codec: Codec<V>; clock: Clock }>;

const load = async <V>(file: SnapshotFile, { name, table, codec, clock }: Loading<V>): Promise<Restored> => {
  let head: SnapshotHead | undefined;
  let promised: number | undefined;
  let elapsedMs = 0;
  let rows = 0;
  let expired = 0;
  const take = (key: string, text: string, remainingMs: number) => {
    if (remainingMs > elapsedMs) table.load(key, codec.decode(text), remainingMs - elapsedMs);
    else expired += 1;
  };
  for await (const frame of framesIn(file)) {
    if (promised !== undefined) throw new SnapshotDamaged('it goes on behind its end');
    if ((frame.kind === 'head') !== (head === undefined))
      throw new SnapshotDamaged('its head is not where it belongs');
    switch (frame.kind) {
      case 'head':
        if (frame.head.store !== name)
          throw new SnapshotDamaged(`it is of ${frame.head.store}, not of ${name}`);
        head = frame.head;
        // A wall clock that was set back meanwhile gives no row more time than it had.
        elapsedMs = Math.max(0, clock.nowMs() - head.takenAtMs);
        break;
      case 'rows':
        rows += eachRow(frame.payload, take);
        break;
      case 'end':
        promised = frame.rows;
    }
  }
  if (!head || promised !== rows) throw new SnapshotDamaged('it ends too early');
  return { state: 'restored', position: head.position, rows: table.size, expired };
};

const openIfThere = async (disk: SnapshotDisk, file: string): Promise<SnapshotFile | undefined> => {
  try {
    return await disk.open(file, 'read');
  } catch (error) {
    // By shape: an error may come from another realm.
    if (typeof error === 'object' && error !== null && 'code' in error && error.code === 'ENOENT')
      return undefined;
    throw error;
  }
};
