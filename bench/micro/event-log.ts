// What the embedded log costs: CPU an event, latency of an append, replay. Real disk, in a temporary folder.
// Run: npx tsc -b bench && npx node dist/bench/micro/event-log.js [seconds]. Prints JSON lines.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { createEmbeddedLog, nodeDisk, type EmbeddedLog } from '#libs/event-log';
import { systemClock, systemRandom } from '#libs/runtime';

const SECONDS = Number(process.argv[2] ?? 5);

/** About what a registration leaves: 350 bytes a line. */
const event = (n: number) => ({
  type: 'BindingAdded',
  data: {
    contact: `sip:user${n % 1000}@10.0.0.5:40000;transport=udp`,
    callId: `a84b4c76e66710-${n}`,
    cseq: n,
    expiresAtMs: 1_900_000_000_000 + n,
    path: ['<sip:token@127.0.0.1:5058;lr;ob>'],
    instance: 'urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6',
  },
});

const print = (line: object): void => console.log(JSON.stringify(line));
const rounded = (value: number): number => Math.round(value * 100) / 100;
const percentile = (sorted: readonly number[], part: number): number =>
  rounded(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0);

type Cost = Readonly<{ userUs: number; systemUs: number }>;
const costOf = async (run: () => Promise<void>): Promise<Cost> => {
  const before = process.cpuUsage();
  await run();
  const { user, system } = process.cpuUsage(before);
  return { userUs: user, systemUs: system };
};

const tick = (): Promise<void> => new Promise((resolve) => systemClock.after(1, resolve));

/** Appends at a rate, as packets come: some each turn of the event loop. */
const atRate = async (log: EmbeddedLog, perSecond: number): Promise<void> => {
  const latencies: number[] = [];
  let commits = 0;
  let sent = 0;
  const idle = await costOf(() => paced(perSecond, () => undefined));
  const busy = await costOf(async () => {
    const waiting: Promise<void>[] = [];
    await paced(perSecond, () => {
      const startMs = performance.now();
      const n = sent++;
      waiting.push(
        log.append(`registration-sip:user${n % 1000}@ims.test`, [event(n)]).then(() => {
          latencies.push(performance.now() - startMs);
        }),
      );
    });
    await Promise.all(waiting);
    commits = commitsOf(log);
  });
  latencies.sort((a, b) => a - b);
  print({
    bench: 'append',
    perSecond,
    events: sent,
    eventsPerCommit: rounded(sent / commits),
    userUsPerEvent: rounded((busy.userUs - idle.userUs) / sent),
    systemUsPerEvent: rounded((busy.systemUs - idle.systemUs) / sent),
    p50Ms: percentile(latencies, 0.5),
    p99Ms: percentile(latencies, 0.99),
    maxMs: percentile(latencies, 1),
  });
};

const paced = async (perSecond: number, run: () => void): Promise<void> => {
  const startMs = performance.now();
  let done = 0;
  for (;;) {
    const elapsedMs = performance.now() - startMs;
    if (elapsedMs > SECONDS * 1000) return;
    for (const due = Math.floor((elapsedMs * perSecond) / 1000); done < due; done++) run();
    await tick();
  }
};

let commitCount = 0;
const commitsOf = (_log: EmbeddedLog): number => {
  const count = commitCount;
  commitCount = 0;
  return count;
};

/** As many as it takes, so many under way at once. */
const asFastAsItGoes = async (log: EmbeddedLog, concurrency: number): Promise<number> => {
  let sent = 0;
  const startMs = performance.now();
  const cost = await costOf(async () => {
    const one = async (): Promise<void> => {
      while (performance.now() - startMs < SECONDS * 1000) {
        await log.append(`registration-sip:user${sent % 1000}@ims.test`, [event(sent++)]);
      }
    };
    await Promise.all(Array.from({ length: concurrency }, one));
  });
  const seconds = (performance.now() - startMs) / 1000;
  print({
    bench: 'append-closed-loop',
    concurrency,
    perSecond: Math.round(sent / seconds),
    eventsPerCommit: rounded(sent / commitsOf(log)),
    userUsPerEvent: rounded(cost.userUs / sent),
    systemUsPerEvent: rounded(cost.systemUs / sent),
  });
  return sent;
};

const directory = await mkdtemp(`${tmpdir()}/event-log-bench-`);
const open = () =>
  createEmbeddedLog({
    directory,
    disk: nodeDisk,
    clock: systemClock,
    random: systemRandom,
    onCommit: () => void commitCount++,
  });

try {
  let log = await open();
  for (const concurrency of [1, 64, 1024]) await asFastAsItGoes(log, concurrency);
  for (const perSecond of [500, 2_000, 5_000]) await atRate(log, perSecond);
  await log.close();

  let startMs = performance.now();
  log = await open();
  print({ bench: 'open', events: (log.head?.offset ?? -1) + 1, ms: rounded(performance.now() - startMs) });

  let replayed = 0;
  startMs = performance.now();
  const replay = await costOf(async () => {
    const subscription = await log.subscribe({
      topics: ['registration'],
      group: 'bench',
      startAt: 'oldest',
      onBatch: (events) => void (replayed += events.length),
    });
    await subscription.caughtUp();
    await subscription.stop();
  });
  const replaySeconds = (performance.now() - startMs) / 1000;
  print({
    bench: 'replay',
    events: replayed,
    perSecond: Math.round(replayed / replaySeconds),
    cpuUsPerEvent: rounded((replay.userUs + replay.systemUs) / replayed),
  });

  startMs = performance.now();
  let found = 0;
  for await (const recorded of log.read('registration-sip:user7@ims.test'))
    found += recorded.revision ? 1 : 0;
  print({ bench: 'read-stream', events: found, of: replayed, ms: rounded(performance.now() - startMs) });
  await log.close();
} finally {
  await rm(directory, { recursive: true });
}
