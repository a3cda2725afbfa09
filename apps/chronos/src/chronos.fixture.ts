// One life of Chronos for tests: a log on a disk in memory, the view with its snapshot, callbacks that a test answers, a clock that it moves.
import {
  createMemoryLog,
  createSoleOwner,
  type EmbeddedLog,
  MemoryDisk,
  type PartitionOwners,
} from '#libs/event-log';
import { createRowsSink, type Projector, startProjector } from '#libs/projector';
import type { Random } from '#libs/runtime';
import { createSeededRandom, type FakeClock, settle } from '#libs/testkit';
import { TimersDue, timersDue } from '#projections/timers-due';
import type { CallbackOutcome, Callbacks } from './callback.port.js';
import { type Chronos, createChronos } from './chronos.js'; // prettier-ignore

export type Called = Readonly<{ uri: string; sequence: number; opaque: string; atMs: number }>;

/** A receiver of callbacks: notes them, and answers as it is told. */
export class Receiver implements Callbacks {
  readonly called: Called[] = [];
  pending = 0;
  answer: (called: Called) => CallbackOutcome | Promise<CallbackOutcome> = () => ({ ok: true, body: '' });

  constructor(private readonly nowMs: () => number) {}

  send(uri: string, sequence: number, opaque: string): Promise<CallbackOutcome> {
    const called = { uri, sequence, opaque, atMs: this.nowMs() };
    this.called.push(called);
    this.pending++;
    return Promise.resolve(this.answer(called)).finally(() => void this.pending--);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

export type Life = Readonly<{
  log: EmbeddedLog;
  due: TimersDue;
  chronos: Chronos;
  /** What was given up, and why. */
  gaveUp: string[];
  stop(): Promise<void>;
  /** As kill -9: nothing of it goes on. */
  vanish(): void;
}>;

export type LifeOptions = Readonly<{
  clock: FakeClock;
  receiver: Callbacks;
  disk?: MemoryDisk;
  owners?: PartitionOwners;
  random?: Random;
  /** Between log and Chronos, for tests of its faults. */
  appends?: (log: EmbeddedLog) => Pick<EmbeddedLog, 'append'>;
  timersMax?: number;
  triesMax?: number;
  withBindings?: boolean;
}>;

/** Opens the log of the disk, folds it, and starts to pop. */
export const startLife = async (options: LifeOptions): Promise<Life> => {
  const { clock, receiver, disk = new MemoryDisk(), random = createSeededRandom(7) } = options;
  const log = await createMemoryLog({ clock, random, disk });
  const nowMs = (): number => clock.nowMs();
  const due = new TimersDue(nowMs, options.withBindings);
  const sink = createRowsSink({
    projection: { name: timersDue.name, keyOf: ({ stream }) => stream },
    rows: {
      apply: (stream, events) => {
        due.apply(stream, events);
        return Promise.resolve();
      },
    },
    clock,
  });
  const projector: Projector = await startProjector({ log, clock, projection: timersDue, sink });
  await projector.caughtUp();
  const gaveUp: string[] = [];
  const chronos = createChronos({
    due,
    caughtUp: () => projector.caughtUp(),
    log: options.appends?.(log) ?? log,
    owners: options.owners ?? createSoleOwner(),
    callbacks: receiver,
    clock,
    random,
    nowMs,
    timersMax: options.timersMax ?? 1_000,
    triesMax: options.triesMax ?? 4,
    ...(options.withBindings ? { expireUri: 'http://sprout/timers' } : {}),
    observe: {
      popped: () => undefined,
      failed: () => undefined,
      gaveUp: (timer, reason) => void gaveUp.push(`${timer} ${reason}`),
      notRecorded: () => undefined,
    },
  });
  chronos.popper.start();
  await settle();
  return {
    log,
    due,
    chronos,
    gaveUp,
    async stop() {
      chronos.popper.stop();
      await projector.stop();
      await log.close();
    },
    vanish() {
      chronos.popper.stop();
    },
  };
};

export const request = (interval: number, repeatFor?: number, more: object = {}): object => ({
  timing: { interval, ...(repeatFor === undefined ? {} : { 'repeat-for': repeatFor }) },
  callback: { http: { uri: 'http://127.0.0.1:9999/x', opaque: 'o' } },
  ...more,
});
