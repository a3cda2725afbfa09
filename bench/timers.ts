// `npm run bench -- timers`: Chronos alone on an embedded log. CPU of its process a set over HTTP and a pop with its callback; timers re-armed
// from the registration stream; a million timers: memory, and how long a restart takes with a snapshot and with nothing but the log.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createEmbeddedLog, nodeDisk } from '#libs/event-log';
import { systemClock, systemRandom } from '#libs/runtime';
import { sleep, until } from './harness/children.js';
import {
  type RunningChronos,
  setTimers,
  startChronos,
  startReceiver,
  stopChronos,
} from './harness/chronos.js';
import { cpuUsOf, residentMiBOf } from './measure/process-tree.js';
import { progress, round } from './measure/report.js';
import { inRepository } from './harness/root.js';
import { writeRegistrationLog } from './registration-log.js';

export type TimerFigures = Readonly<{
  sets: number;
  cpuUsPerSet: number;
  cpuUsPerPop: number;
  popLateMsMax: number;
  rearmedPerS: number;
  timers: number;
  residentMiB: number;
  residentMiBAtOnce: number;
  readyMsFromLog: number;
  readyMsFromSnapshot: number;
}>;

const POP_INTERVAL_S = 20;
const REST_MS = 40_000;
const APPENDS_TOGETHER = 500;

const measureSetAndPop = async (count: number) => {
  const dataDir = mkdtempSync(path.join(tmpdir(), 'bench-timers-'));
  const receiver = await startReceiver();
  const uri = `http://127.0.0.1:${receiver.port}/timers`;
  const set = async ({ url }: RunningChronos, intervalS: number): Promise<void> => {
    const timers = Array.from({ length: count }, () => ({ intervalS, uri }));
    const acknowledged = await setTimers([url], timers);
    if (acknowledged < count) throw new Error(`${count - acknowledged} timers were not acknowledged`);
  };
  const running = await startChronos(dataDir);
  try {
    await set(running, 86_400); // warm
    await sleep(500);
    const before = cpuUsOf(running.child.pid);
    const startMs = performance.now();
    await set(running, POP_INTERVAL_S);
    const setMs = performance.now() - startMs;
    const cpuUsPerSet = round((cpuUsOf(running.child.pid) - before) / count);
    progress(`${count} set in ${Math.round(setMs)} ms, ${cpuUsPerSet} us each`);
    if (receiver.count > 0)
      throw new Error('timers popped while they were set: this machine is too slow for so many');
    const idle = cpuUsOf(running.child.pid);
    const lastDueMs = startMs + setMs + POP_INTERVAL_S * 1000;
    await until('all to pop', 60_000, () => Promise.resolve(receiver.count >= count ? true : undefined));
    const popLateMsMax = Math.max(0, Math.round(performance.now() - lastDueMs));
    await sleep(500);
    const cpuUsPerPop = round((cpuUsOf(running.child.pid) - idle) / count);
    progress(`popped, ${cpuUsPerPop} us each`);
    return { sets: count, cpuUsPerSet, cpuUsPerPop, popLateMsMax };
  } finally {
    await stopChronos(running);
    receiver.close();
    rmSync(dataDir, { recursive: true, force: true });
  }
};

const measureRearm = async (events: number): Promise<number> => {
  const dataDir = mkdtempSync(path.join(tmpdir(), 'bench-timers-'));
  try {
    await writeRegistrationLog(dataDir, events);
    const empty = mkdtempSync(path.join(tmpdir(), 'bench-timers-'));
    const without = await startChronos(empty);
    await stopChronos(without);
    rmSync(empty, { recursive: true, force: true });
    const withAll = await startChronos(dataDir, { CHRONOS_SPROUT_URL: 'http://127.0.0.1:9' });
    await stopChronos(withAll, 'SIGKILL');
    progress(
      `${events} registration events: ready after ${withAll.readyMs} ms, ${without.readyMs} without any`,
    );
    return Math.round((events * 1000) / Math.max(1, withAll.readyMs - without.readyMs));
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
};

const writeTimers = async (dataDir: string, count: number): Promise<void> => {
  const log = await createEmbeddedLog({ directory: dataDir, disk: nodeDisk, clock: systemClock, random: systemRandom });
  for (let from = 0; from < count; from += APPENDS_TOGETHER) {
    const together = Array.from({ length: Math.min(APPENDS_TOGETHER, count - from) }, (_, i) => {
      const data = {
        startMs: Date.now(),
        intervalS: 3_600 + ((from + i) % 80_000),
        repeatForS: 90_000,
        uri: 'http://127.0.0.1:9888/timers',
        opaque: `{"aor_id":"sip:${from + i}@ims.test","binding_id":"<urn:uuid:${from + i}>:1"}`,
        tags: [{ type: 'BIND', count: 1 }],
        replicationFactor: 2,
      };
      return log.append(`timer-${(from + i).toString(16).padStart(16, '0')}`, [{ type: 'TimerSet', data }]);
    });
    await Promise.all(together);
  }
  await log.close();
}; // prettier-ignore

const measureMany = async (timers: number) => {
  // On a disk, not in memory: a restart reads it.
  const dataDir = mkdtempSync(path.join(inRepository(), 'data-bench-'));
  try {
    await writeTimers(dataDir, timers);
    progress(`${timers} timers written`);
    const first = await startChronos(dataDir);
    progress(`ready after ${first.readyMs} ms with nothing but the log`);
    await sleep(2_000);
    const residentMiBAtOnce = residentMiBOf(first.child.pid);
    // What the fold left behind is given back at rest, as with registered users (memory.ts).
    await sleep(REST_MS);
    const residentMiB = residentMiBOf(first.child.pid);
    progress(`${residentMiBAtOnce} MiB at once, ${residentMiB} after ${REST_MS / 1000} s of rest`);
    await stopChronos(first);
    const again = await startChronos(dataDir);
    progress(`ready after ${again.readyMs} ms with a snapshot; ${residentMiB} MiB before, ${residentMiBOf(again.child.pid)} after`); // prettier-ignore
    await stopChronos(again, 'SIGKILL');
    return {
      timers,
      residentMiB,
      residentMiBAtOnce,
      readyMsFromLog: first.readyMs,
      readyMsFromSnapshot: again.readyMs,
    };
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
};

/** `timers` of them for memory and restarts; sets, pops and registration events are fewer. */
export const benchTimers = async ({ timers }: { timers: number }): Promise<TimerFigures> => {
  const setAndPop = await measureSetAndPop(Math.min(20_000, timers));
  const rearmedPerS = await measureRearm(Math.min(500_000, timers));
  return { ...setAndPop, rearmedPerS, ...(await measureMany(timers)) };
};
