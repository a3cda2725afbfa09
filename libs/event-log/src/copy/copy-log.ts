// Copies a log into another one: accepted events only, as they were written, each with its original position. It can be interrupted at any
// time and run again: what is there is not written twice. Afterwards both are compared, event by event (docs/architecture.md §2).
// Used by `npm run log -- copy`.
import { createHash, type Hash } from 'node:crypto';
import type { Clock } from '#libs/runtime';
import { positionText } from './original-position.js';
import { CopyRefused, type CopyTarget, type StoredEvent, type StoredLog } from './stored-log.port.js';

export type CopyProgress = Readonly<{ phase: 'look' | 'copy' | 'verify'; done: number; total: number }>;

export type CopyOptions = Readonly<{
  source: StoredLog;
  target: CopyTarget;
  clock: Clock;
  onProgress?: (progress: CopyProgress) => void;
  report?: (message: string) => void;
}>;

export type CopyResult = Readonly<{
  /** Accepted events of the source: all are in the target now. */
  events: number;
  /** Of these, those that an earlier run had copied. */
  before: number;
}>;

/** A target that does not answer: it is looked at again, and gone on from there. */
const ATTEMPTS_MAX = 5;
const ATTEMPT_WAIT_MS = 3_000;

/** What two lanes have in common, counted and hashed in its order. */
class Tally {
  count = 0;
  lastId = '';
  private readonly hash: Hash = createHash('sha256');
  private text = '';

  add(event: StoredEvent): void {
    this.count += 1;
    this.lastId = event.id;
    this.text += textOf(event);
    if (this.text.length < HASH_TEXT) return;
    this.hash.update(this.text);
    this.text = '';
  }

  digest(): string {
    return this.hash.update(this.text).digest('hex');
  }
}
const HASH_TEXT = 64 << 10;

/** All that a copy keeps of an event. */
const textOf = (event: StoredEvent): string => {
  const { stream, topic, type, version, timeMs, id, revision, expected, correlationId, causationId } = event;
  const { idempotencyKey, node, appendId, index, count, position, data } = event;
  const append = [appendId, index, count, positionText(position)];
  const who = [id, stream, topic, type, version, timeMs, revision, expected];
  return `${JSON.stringify([...who, correlationId, causationId, idempotencyKey, node, ...append, data])}\n`;
};

/** Attributes beside the data, roughly. */
const ATTRIBUTES_BYTES = 500;
const bytesOf = ({ data, stream }: StoredEvent): number =>
  JSON.stringify(data).length + stream.length + ATTRIBUTES_BYTES;

type Tallies = Map<string, Tally>;

const tallyOf = (tallies: Tallies, lane: string): Tally => {
  let tally = tallies.get(lane);
  if (!tally) tallies.set(lane, (tally = new Tally()));
  return tally;
};

/** Rejects with CopyRefused, or with what the target said when it did not answer. */
export const copyLog = async (options: CopyOptions): Promise<CopyResult> => {
  const { source, target, clock, report } = options;
  if (target.generation <= source.generation)
    throw new CopyRefused(
      `a copy is a later generation than what it is copied from: ${target.generation} is not above ${source.generation}`,
    );
  let before: number | undefined;
  for (let attempt = 1; ; attempt += 1) {
    const there = await tallyTarget(options, 'look', 'what it holds is not a copy');
    before ??= [...there.values()].reduce((sum, { count }) => sum + count, 0);
    try {
      const wanted = await copyRest(options, there);
      await verify(options, wanted);
      await target.finish();
      return { events: [...wanted.values()].reduce((sum, { count }) => sum + count, 0), before };
    } catch (error) {
      if (error instanceof CopyRefused || attempt >= ATTEMPTS_MAX) throw error;
      report?.(
        `${error instanceof Error ? error.message : String(error)}; looking what is there, and going on`,
      );
      await new Promise<void>((resolve) => clock.after(ATTEMPT_WAIT_MS, resolve));
    }
  }
};

/** Order is kept within a lane of each log: what went from one lane to another is where an interrupted copy was. */
const laneIn = ({ source, target }: CopyOptions, event: StoredEvent): string =>
  `${source.laneOf(event)} > ${target.laneOf(event)}`;

const tallyTarget = async (
  options: CopyOptions,
  phase: 'look' | 'verify',
  refusal: string,
): Promise<Tallies> => {
  const { target, onProgress } = options;
  const total = await target.total();
  const tallies: Tallies = new Map();
  let done = 0;
  for await (const events of target.read()) {
    for (const event of events) {
      if (!event.isCopy)
        throw new CopyRefused(`${refusal}: ${event.type} of ${event.stream} was appended to the target`);
      tallyOf(tallies, laneIn(options, event)).add(event);
    }
    onProgress?.({ phase, done: (done += events.length), total });
  }
  return tallies;
};

const copyRest = async (options: CopyOptions, there: Tallies): Promise<Tallies> => {
  const { source, target, onProgress } = options;
  const total = await source.total();
  const wanted: Tallies = new Map();
  let done = 0;
  let batch: StoredEvent[] = [];
  let bytes = 0;
  const write = async (): Promise<void> => {
    if (batch.length > 0) await target.write(batch);
    batch = [];
    bytes = 0;
  };
  for await (const events of source.read()) {
    for (const event of events) {
      const lane = laneIn(options, event);
      const tally = tallyOf(wanted, lane);
      tally.add(event);
      if (isThere(there.get(lane), tally, event)) continue;
      const more = bytesOf(event);
      if (bytes + more > target.writeBytesMax) await write();
      batch.push(event);
      bytes += more;
    }
    onProgress?.({ phase: 'copy', done: (done += events.length), total });
  }
  await write();
  return wanted;
};

const isThere = (there: Tally | undefined, wanted: Tally, event: StoredEvent): boolean => {
  if (!there || wanted.count > there.count) return false;
  if (wanted.count === there.count && there.lastId !== event.id)
    throw new CopyRefused(
      `the target holds something else than the source: its ${there.count}. event there is ${there.lastId}, not ${event.id}; copy into a new generation`,
    );
  return true;
};

const verify = async (options: CopyOptions, wanted: Tallies): Promise<void> => {
  const found = await tallyTarget(options, 'verify', 'somebody else writes');
  for (const lane of new Set([...wanted.keys(), ...found.keys()])) {
    const [is, should] = [found.get(lane), wanted.get(lane)];
    if (is?.count !== should?.count || is?.digest() !== should?.digest())
      throw new CopyRefused(
        `the copy is not what was copied: ${lane} has ${is?.count ?? 0} events of ${should?.count ?? 0}, or other ones; copy into a new generation`,
      );
  }
};
