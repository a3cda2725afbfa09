// The snapshot of the charging sessions: one file of DATA_DIR, rows by name. Rows are written as they are when their turn comes, some newer
// than the checkpoint: events that such a row has seen already change nothing when they are folded again.
import type { Checkpoint } from '#libs/decider';
import type { ChargingRow } from '#libs/domain';
import type { RowSnapshots } from '#libs/projector';
import type { Clock } from '#libs/runtime';
import { readRowSnapshot, type SnapshotDisk, writeRowSnapshot } from '#libs/stores';
import { type ChargingSessions, chargingSessions, type Remembered } from './charging-sessions.js';

const [OPEN, OVER] = ['s', 'o'];

function* rowsOf(sessions: ChargingSessions): Generator<readonly [string, string]> {
  for (const [stream, row] of sessions.rows) yield [OPEN + stream, JSON.stringify(row)];
  for (const [stream, remembered] of sessions.remembered()) yield [OVER + stream, JSON.stringify(remembered)];
}

const take = (sessions: ChargingSessions, key: string, text: string): void => {
  const stream = key.slice(1);
  if (key[0] === OPEN) sessions.restore(stream, JSON.parse(text) as ChargingRow);
  else if (key[0] === OVER) sessions.restoreRemembered(stream, JSON.parse(text) as Remembered);
  else throw new Error(`no row is named ${key.slice(0, 40)}`);
};

export type ChargingSnapshotOptions = Readonly<{
  sessions: ChargingSessions;
  file: string;
  clock: Clock;
  disk?: SnapshotDisk;
  /** A damaged file: the log is folded from its start. */
  onDamaged: (reason: string) => void;
}>;

/** Reads the snapshot into the empty view, and writes it from then on. */
export const openChargingSnapshots = async (options: ChargingSnapshotOptions): Promise<RowSnapshots> => {
  const { sessions, file, clock, disk, onDamaged } = options;
  const { name } = chargingSessions;
  const place = { name, file, clock, ...(disk === undefined ? {} : { disk }) };
  const restored = await readRowSnapshot(place, (key, text) => take(sessions, key, text));
  if (restored.state === 'damaged') {
    sessions.clear();
    onDamaged(restored.reason);
  }
  const at: Checkpoint | undefined = restored.state === 'restored' ? restored.position : undefined;
  return {
    checkpoint: () => Promise.resolve(at),
    save: (position) => writeRowSnapshot(place, position, rowsOf(sessions)),
    clear: () => Promise.resolve(sessions.clear()),
  };
};
