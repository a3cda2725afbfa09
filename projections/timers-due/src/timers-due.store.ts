// The snapshot of what is due: one file of DATA_DIR, rows by name. Rows are written as they are when their turn comes, some newer than the
// checkpoint: events that such a row has seen already change nothing when they are folded again.
import type { Checkpoint } from '#libs/decider';
import type { EndedTimer } from '#libs/domain';
import type { RowSnapshots } from '#libs/projector';
import type { Clock } from '#libs/runtime';
import { readRowSnapshot, type SnapshotDisk, writeRowSnapshot } from '#libs/stores';
import { BindingNode } from './binding-expiries.js';
import { packTimer, unpackTimer } from './packed-timer.js';
import { type DeadLetter, letterKey, type TimersDue, timersDue } from './timers-due.js';

const [TIMER, BINDINGS, LETTER, ENDED] = ['t', 'b', 'l', 'e'];

function* rowsOf(due: TimersDue): Generator<readonly [string, string]> {
  for (const [id, { timer }] of due.timers) yield [TIMER + id, packTimer(timer)];
  for (const [aor, { flat }] of due.bindings) yield [BINDINGS + aor, JSON.stringify(flat)];
  for (const letter of due.letters.values())
    yield [LETTER + letterKey(letter.timer, letter), JSON.stringify(letter)];
  for (const [id, ended] of due.ended) yield [ENDED + id, JSON.stringify(ended)];
}

const take = (due: TimersDue, key: string, text: string): void => {
  const name = key.slice(1);
  switch (key[0]) {
    case TIMER:
      return due.restore(name, unpackTimer(text));
    case BINDINGS: {
      const node = new BindingNode(name);
      node.flat = JSON.parse(text) as number[];
      return due.restoreBindings(node);
    }
    case LETTER:
      return void due.letters.set(name, JSON.parse(text) as DeadLetter);
    case ENDED:
      return void due.ended.set(name, JSON.parse(text) as EndedTimer);
    default:
      throw new Error(`no row is named ${key.slice(0, 40)}`);
  }
};

export type TimerSnapshotOptions = Readonly<{
  due: TimersDue;
  file: string;
  clock: Clock;
  disk?: SnapshotDisk;
  /** A damaged file: the log is folded from its start. */
  onDamaged: (reason: string) => void;
}>;

/** Reads the snapshot into the empty view, and writes it from then on. */
export const openTimerSnapshots = async ({
  due,
  file,
  clock,
  disk,
  onDamaged,
}: TimerSnapshotOptions): Promise<RowSnapshots> => {
  const { name } = timersDue;
  const options = { name, file, clock, ...(disk === undefined ? {} : { disk }) };
  const restored = await readRowSnapshot(options, (key, text) => take(due, key, text));
  if (restored.state === 'damaged') {
    due.clear();
    onDamaged(restored.reason);
  }
  const at: Checkpoint | undefined = restored.state === 'restored' ? restored.position : undefined;
  return {
    checkpoint: () => Promise.resolve(at),
    save: (position) => writeRowSnapshot(options, position, rowsOf(due)),
    clear: () => Promise.resolve(due.clear()),
  };
};
