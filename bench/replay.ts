// `npm run bench -- replay`: a log of N registration events read from its files (checksums checked, JSON parsed, versions brought up)
// through the loop that every read model runs and the registration fold into rows: events a second, by CPU and by wall time.
import { mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { Recorded } from '#libs/decider';
import { UPCASTERS, type Registration, type RegistrationEvent } from '#libs/domain';
import { createEmbeddedLog, createUpcasting, nodeDisk, type EmbeddedLog } from '#libs/event-log';
import { createRowsSink, startProjector, type Projection } from '#libs/projector';
import { systemClock, systemRandom } from '#libs/runtime';
import { createMemoryKeyValueStore } from '#libs/stores';
import { registrationCodec, RegistrationRows, registrationsByAor } from '#projections/registrations-by-aor';
import { median, progress, round } from './measure/report.js';
import { inRepository } from './harness/root.js';
import { usersOfLog, writeRegistrationLog } from './registration-log.js';

type Replay = Readonly<{ cpuUs: number; ms: number; rows: number }>;

/** One fold of the whole log into an empty view, as a start without a snapshot does it. */
const replayOnce = async (log: EmbeddedLog): Promise<Replay> => {
  const clock = systemClock;
  const store = createMemoryKeyValueStore<Registration>({ name: 'replay', clock, codec: registrationCodec });
  const rows = new RegistrationRows(store, clock);
  const cpu = process.cpuUsage();
  const startMs = performance.now();
  const projector = await startProjector({
    log,
    clock,
    projection: registrationsByAor,
    sink: createRowsSink({
      projection: registrationsByAor as unknown as Projection<Registration>,
      rows: { apply: (key, events) => rows.follow(key, events as readonly Recorded<RegistrationEvent>[]) },
      clock,
    }),
  });
  await projector.caughtUp();
  const ms = performance.now() - startMs;
  const { user, system } = process.cpuUsage(cpu);
  await projector.stop();
  if (projector.failure !== undefined) throw projector.failure as Error;
  return { cpuUs: user + system, ms, rows: [...rows.all()].length };
};

export type ReplayFigures = Readonly<{
  events: number;
  users: number;
  /** By CPU time of the whole process, V8's helpers and the threads that read included. */
  eventsPerCpuS: number;
  eventsPerS: number;
  cpuUsPerEvent: number;
  runs: readonly number[];
  wallRuns: readonly number[];
}>;

export const benchReplay = async ({
  events,
  runs,
}: Readonly<{ events: number; runs: number }>): Promise<ReplayFigures> => {
  // Beside the repository, not in /tmp: that is memory on many machines.
  const directory = mkdtempSync(path.join(inRepository(), 'data-bench-'));
  try {
    await writeRegistrationLog(directory, events);
    progress(`${events} events written`);
    const { upcast, versionOf } = createUpcasting(UPCASTERS);
    const log = await createEmbeddedLog({
      directory,
      disk: nodeDisk,
      clock: systemClock,
      random: systemRandom,
      upcast,
      versionOf,
    });
    const perS = (us: number): number => Math.round((events * 1_000_000) / us);
    const byCpu: number[] = [];
    const byWall: number[] = [];
    try {
      for (let run = 0; run < runs; run += 1) {
        const { cpuUs, ms, rows } = await replayOnce(log);
        if (rows !== usersOfLog(events)) throw new Error(`${rows} rows, not ${usersOfLog(events)}`);
        byCpu.push(perS(cpuUs));
        byWall.push(perS(ms * 1000));
        progress(`replay: ${perS(cpuUs)} events a second of CPU, ${perS(ms * 1000)} by the clock`);
      }
    } finally {
      await log.close();
    }
    return {
      events,
      users: usersOfLog(events),
      eventsPerCpuS: median(byCpu),
      eventsPerS: median(byWall),
      cpuUsPerEvent: round(1_000_000 / median(byCpu), 2),
      runs: byCpu,
      wallRuns: byWall,
    };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
};
