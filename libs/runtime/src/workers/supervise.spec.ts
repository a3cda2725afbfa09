// Workers that end, come back, and are stopped, with processes that a test ends.
import type { Clock } from '../clock.port.js';
import { createHealth } from '../health.js';
import { silentLogger } from '../logger.js';
import { createMetrics } from '../metrics.js';
import { createShutdown } from '../shutdown.js';
import {
  RESTART_MS_MAX,
  RESTART_MS_MIN,
  STABLE_MS,
  superviseWorkers,
  type WorkerProcess,
} from './supervise.js';

const settle = () => new Promise((resolve) => setImmediate(resolve));

const handClock = () => {
  let timers: { atMs: number; run: () => void }[] = [];
  let nowMs = 0;
  const clock: Clock = {
    nowMs: () => nowMs,
    monotonicMs: () => nowMs,
    after(delayMs, run) {
      const timer = { atMs: nowMs + delayMs, run };
      timers.push(timer);
      return () => {
        timers = timers.filter((other) => other !== timer);
      };
    },
  };
  const advance = async (ms: number): Promise<void> => {
    nowMs += ms;
    const due = timers.filter(({ atMs }) => atMs <= nowMs);
    timers = timers.filter(({ atMs }) => atMs > nowMs);
    for (const { run } of due) run();
    await settle();
  };
  return { clock, advance };
};

type Started = {
  worker: number;
  ready: () => Promise<void>;
  end: (code: number | null) => Promise<void>;
  signals: string[];
};

const world = (count = 2) => {
  const { clock, advance } = handClock();
  const health = createHealth();
  const metrics = createMetrics();
  const shutdown = createShutdown({ clock, health, logger: silentLogger, exit: () => undefined });
  const started: Started[] = [];
  const exits: number[] = [];
  const start = (worker: number): WorkerProcess => {
    const signals: string[] = [];
    let [isReady, isOver] = [(): void => undefined, (_code: number | null): void => undefined];
    const process: WorkerProcess = {
      pid: 100 + started.length,
      ready: new Promise((resolve) => (isReady = resolve)),
      ended: new Promise((resolve) => (isOver = resolve)),
      signal: (name) => void signals.push(name),
    };
    started.push({
      worker,
      signals,
      ready: async () => (isReady(), void (await settle())),
      end: async (code) => (isOver(code), void (await settle())),
    });
    return process;
  };
  const supervisor = superviseWorkers({
    ...{ count, start, clock, logger: silentLogger, health, metrics, shutdown },
    exit: (code) => void exits.push(code),
  });
  const workers = () => started.map(({ worker }) => worker);
  return { advance, health, metrics, shutdown, started, exits, supervisor, workers };
};

it('starts the first alone, the others when it serves, and is ready when all are', async () => {
  const { health, started, workers } = world(3);
  expect(workers()).toEqual([0]);
  await started[0]!.ready();
  expect(workers()).toEqual([0, 1, 2]);
  expect(health.ok).toBe(false);
  await started[1]!.ready();
  await started[2]!.ready();
  expect(health.ok).toBe(true);
});

it('starts who ended again, later each time, and soon again who has lived long', async () => {
  const { advance, health, metrics, started, workers } = world();
  await started[0]!.ready();
  await started[1]!.ready();
  let waitMs = RESTART_MS_MIN;
  for (let ends = 1; ends <= 8; ends++) {
    await started.at(-1)!.end(ends % 2 === 0 ? 1 : null);
    expect(health.ok).toBe(false);
    await advance(waitMs - 1);
    expect(workers()).toHaveLength(1 + ends);
    await advance(1);
    expect(workers()).toHaveLength(2 + ends);
    expect(workers().at(-1)).toBe(1);
    await started.at(-1)!.ready();
    expect(health.ok).toBe(true);
    waitMs = Math.min(2 * waitMs, RESTART_MS_MAX);
  }
  await advance(STABLE_MS);
  await started.at(-1)!.end(1);
  await advance(RESTART_MS_MIN);
  expect(workers()).toHaveLength(11);
  expect(await metrics.text()).toContain('workers_restarted 9');
});

it.each([
  [78, 78],
  [0, 1],
  [null, 1],
])('ends with it when the first cannot start: %p', async (code, exit) => {
  const { advance, exits, started, workers } = world();
  await started[0]!.end(code);
  await advance(60_000);
  expect(exits).toEqual([exit]);
  expect(workers()).toEqual([0]);
});

it('passes SIGTERM on, waits, and starts nobody again', async () => {
  const { advance, shutdown, started, workers } = world();
  await started[0]!.ready();
  await started[1]!.ready();
  await started[1]!.end(1);
  const drained = shutdown.drain('test');
  await settle();
  expect(started[0]!.signals).toEqual(['SIGTERM']);
  await advance(RESTART_MS_MAX);
  expect(workers()).toEqual([0, 1]);
  await started[0]!.end(0);
  expect(await drained).toBe(0);
});

it('kills who does not end, and passes SIGHUP on', async () => {
  const { advance, shutdown, started, supervisor } = world();
  await started[0]!.ready();
  supervisor.hangUp();
  const drained = shutdown.drain('test');
  for (let n = 0; n < 12; n++) await advance(1_000);
  await drained;
  expect(started[0]!.signals).toEqual(['SIGHUP', 'SIGTERM', 'SIGKILL']);
  // Who was still starting too.
  expect(started[1]!.signals).toEqual(['SIGHUP', 'SIGTERM', 'SIGKILL']);
});
