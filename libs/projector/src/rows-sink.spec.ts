// When rows are kept: not more often than the pause allows, and then even if nothing more comes.
import type { Position } from '#libs/decider';
import type { RecordedEvent } from '#libs/event-log';
import { createFakeClock } from '#libs/testkit';
import { createRowsSink } from './rows-sink.js';

const PAUSE_MS = 1_000;

const at = (offset: number): Position => ({ generation: 1, partition: 0, offset });
const event = (offset: number): RecordedEvent => ({
  event: { type: 'Added', data: {} },
  stream: 'account-1',
  position: at(offset),
  id: String(offset),
  topic: 'accounts',
  timeMs: 0,
});

const newSink = () => {
  const clock = createFakeClock();
  const saved: number[] = [];
  const sink = createRowsSink<object>({
    projection: { name: 'rows', keyOf: ({ stream }) => stream },
    rows: { apply: () => Promise.resolve() },
    clock,
    snapshots: {
      checkpoint: () => Promise.resolve(undefined),
      save: ({ offset }) => Promise.resolve(void saved.push(offset)),
      clear: () => Promise.resolve(),
    },
    snapshotEvents: 2,
    snapshotPauseMs: PAUSE_MS,
  });
  const apply = (offset: number) => sink.apply([event(offset)], at(offset));
  return { clock, saved, sink, apply };
};

describe('snapshots of rows', () => {
  it('are not taken while a start folds, but once the pause is over, of all that is there by then', async () => {
    const { clock, saved, apply } = newSink();
    for (let offset = 0; offset < 9; offset++) await apply(offset);
    await clock.advanceAsync(PAUSE_MS - 1);
    expect(saved).toEqual([]);
    await clock.advanceAsync(1);
    expect(saved).toEqual([8]);
    await clock.advanceAsync(10 * PAUSE_MS);
    expect(saved).toEqual([8]);
  });

  it('are taken at once where the last one is long ago', async () => {
    const { clock, saved, apply } = newSink();
    await clock.advanceAsync(PAUSE_MS);
    await apply(0);
    await apply(1);
    expect(saved).toEqual([1]);
  });

  it('are not taken after the end, nor of a view that was emptied', async () => {
    const { clock, saved, sink, apply } = newSink();
    for (let offset = 0; offset < 3; offset++) await apply(offset);
    await sink.flush();
    expect(saved).toEqual([2]);
    for (let offset = 3; offset < 6; offset++) await apply(offset);
    await sink.clear();
    await clock.advanceAsync(10 * PAUSE_MS);
    expect(saved).toEqual([2]);
  });
});
