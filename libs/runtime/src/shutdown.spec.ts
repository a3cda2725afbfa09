// Draining: the order of phases, its bounds, and the exit code.
import type { Clock } from './clock.port.js';
import { createHealth } from './health.js';
import { silentLogger } from './logger.js';
import { createShutdown, DRAIN_MS_MAX, DRAIN_PHASES } from './shutdown.js';

/** Timers are kept; fire() runs all that are due by then. */
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
  const fire = async (ms: number) => {
    nowMs += ms;
    for (const timer of timers.filter(({ atMs }) => atMs <= nowMs)) timer.run();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { clock, fire, pending: () => timers.length };
};

const setUp = () => {
  const { clock, fire, pending } = handClock();
  const health = createHealth();
  const exits: number[] = [];
  const shutdown = createShutdown({
    clock,
    health,
    logger: silentLogger,
    exit: (code) => void exits.push(code),
  });
  return { shutdown, health, fire, pending, exits };
};

const never = () => new Promise<void>(() => undefined);

describe('shutdown', () => {
  it('fits into ten seconds', () => {
    expect(Object.values(DRAIN_MS_MAX).reduce((sum, ms) => sum + ms)).toBeLessThan(10_000);
  });

  it('runs the phases in their order, whatever the order of registration', async () => {
    const { shutdown, health, pending } = setUp();
    const ran: string[] = [];
    for (const phase of [...DRAIN_PHASES].reverse()) {
      shutdown.on(phase, phase, async () => {
        await Promise.resolve();
        ran.push(`${phase} draining=${health.draining}`);
      });
    }
    expect(await shutdown.drain('test')).toBe(0);
    expect(ran).toEqual(DRAIN_PHASES.map((phase) => `${phase} draining=true`));
    expect(pending()).toBe(0);
  });

  it('goes on without a call that still rings, and exits 0', async () => {
    const { shutdown, fire } = setUp();
    let flushed = false;
    shutdown.on('finish', 'calls', never);
    shutdown.on('flush', 'log', () => {
      flushed = true;
    });
    const code = shutdown.drain('test');
    await fire(0);
    expect(flushed).toBe(false);
    await fire(DRAIN_MS_MAX.finish);
    expect(await code).toBe(0);
    expect(flushed).toBe(true);
  });

  it('exits 1 when the log was not flushed, or a step failed', async () => {
    const late = setUp();
    late.shutdown.on('flush', 'log', never);
    const lateCode = late.shutdown.drain('test');
    await late.fire(0);
    await late.fire(DRAIN_MS_MAX.flush);
    expect(await lateCode).toBe(1);

    const failed = setUp();
    let closed = false;
    failed.shutdown.on('refuse', 'port', () => {
      throw new Error('broken');
    });
    failed.shutdown.on('close', 'files', () => {
      closed = true;
    });
    expect(await failed.shutdown.drain('test')).toBe(1);
    expect(closed).toBe(true);
  });

  it('drains once', async () => {
    const { shutdown } = setUp();
    let runs = 0;
    shutdown.on('close', 'count', () => {
      runs += 1;
    });
    await Promise.all([shutdown.drain('a'), shutdown.drain('b')]);
    expect(runs).toBe(1);
  });

  it('exits at once on a second signal', async () => {
    const { shutdown, exits, fire } = setUp();
    shutdown.on('finish', 'calls', never);
    const before = ['SIGTERM', 'SIGINT', 'uncaughtException', 'unhandledRejection'].map((name) => ({
      name,
      listeners: process.listeners(name as NodeJS.Signals),
    }));
    shutdown.install();
    process.emit('SIGTERM');
    await fire(0);
    expect(exits).toEqual([]);
    process.emit('SIGINT');
    expect(exits).toEqual([1]);
    for (const { name, listeners } of before) {
      process.removeAllListeners(name);
      for (const listener of listeners) process.on(name, listener);
    }
  });
});
