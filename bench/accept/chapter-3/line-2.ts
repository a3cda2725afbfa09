// 3.2: a cluster of two of each program carries chapter 1's job; an INVITE within 1 ms of the 200 OK through another Sprout finds the
// binding, 10,000 of 10,000, also while a Kafka broker restarts. Each REGISTER brings a new contact, and the INVITE must arrive at that one.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { statusOf } from '#libs/testkit';
import { sleep } from '../../harness/children.js';
import { type BenchCluster, withCluster } from '../../harness/cluster.js';
import { createFleet, type Fleet, forEachAtOnce, markOf } from '../../harness/fleet.js';
import type { Phone } from '../../harness/phone.js';
import { invite } from '../../harness/phone-call.js';
import { quantile, round } from '../../measure/report.js';
import { methodOf } from '../../harness/sip-text.js';
import { usersOf } from '../../harness/users.js';
import { checkStatus, statusLine } from '../checks.js';
import { runJest } from '../jest-run.js';
import type { Line, Report } from '../line.js';

type Size = Readonly<{ pairs: number; atOnce: number; found: number; kafkaNodes: number }>;
const FULL: Size = { pairs: 200, atOnce: 8, found: 10_000, kafkaNodes: 3 };
const QUICK: Size = { pairs: 20, atOnce: 4, found: 200, kafkaNodes: 1 };
/** An INVITE that this process sent later than that after the 200 OK shows nothing, and is not counted. */
const AFTER_MS_MAX = 1;
const ATTEMPTS_A_FOUND_MAX = 20;
/** Who is refused while a broker restarts tries again after so long. */
const AGAIN_MS = 500;
const DOWN_MS = 2_000;
const UP_MS = 20_000;
const BUSY = 486;

type Pair = Readonly<{
  callee: Phone;
  caller: Phone;
  contact: (mark: number) => string;
  /** When the last message came for the callee. */
  cameMs: () => number;
}>;

type Tally = {
  found: number;
  late: number;
  refused: number;
  attempts: number;
  gapsMs: number[];
  misses: string[];
};

const newTally = (): Tally => ({ found: 0, late: 0, refused: 0, attempts: 0, gapsMs: [], misses: [] });

const pairOf = (fleet: Fleet, callee: Phone, caller: Phone): Pair => {
  let cameMs = 0;
  const take = callee.socket.onMessage;
  callee.socket.onMessage = (text) => {
    cameMs = performance.now();
    take(text);
  };
  callee.onRequest = (request, phone) => {
    if (methodOf(request) === 'INVITE') phone.reply(request, BUSY, 'Busy Here');
    return true;
  };
  return { callee, caller, contact: (mark) => fleet.contact(callee, mark), cameMs: () => cameMs };
};

let marks = 0;

/** Registers through one edge and router, and calls at once through the others. */
const attempt = async ({ callee, caller, contact, cameMs }: Pair, tally: Tally): Promise<void> => {
  tally.attempts += 1;
  const mark = (marks += 1);
  const registered = await callee.register({ contact: contact(mark), expires: 3600 }).catch(() => '');
  const acknowledgedMs = cameMs();
  if (statusOf(registered) !== 200) {
    tally.refused += 1;
    return sleep(AGAIN_MS);
  }
  callee.received.length = 0;
  const call = invite(caller, callee.user.impu);
  const gapMs = performance.now() - acknowledgedMs;
  const final = await Promise.race([call.final, sleep(35_000).then(() => 'no answer')]);
  const arrived = callee.received.find((request) => methodOf(request) === 'INVITE') ?? 'no INVITE';
  const isFound = statusOf(final) === BUSY && markOf(statusLine(arrived)) === String(mark);
  // Late or not: what was acknowledged must be found.
  if (!isFound)
    tally.misses.push(`${callee.user.name} n=${mark}: ${statusLine(final)}; ${statusLine(arrived)}`);
  else if (gapMs > AFTER_MS_MAX) tally.late += 1;
  else {
    tally.found += 1;
    tally.gapsMs.push(gapMs);
  }
};

const tryAll = async (pairs: readonly Pair[], size: Size, isLongEnough: () => boolean): Promise<Tally> => {
  const tally = newTally();
  const isDone = (): boolean =>
    (tally.found >= size.found && isLongEnough()) ||
    tally.misses.length > 50 ||
    tally.attempts > ATTEMPTS_A_FOUND_MAX * size.found;
  const share = Math.ceil(pairs.length / size.atOnce);
  const workers = Array.from({ length: size.atOnce }, (_, n) => pairs.slice(n * share, (n + 1) * share));
  await Promise.all(
    workers.map(async (own) => {
      while (!isDone() && own.length > 0) for (const pair of own) if (!isDone()) await attempt(pair, tally);
    }),
  );
  return tally;
};

const judge = (report: Report, name: string, tally: Tally, size: Size, tookMs: number): void => {
  const { found, late, refused, attempts, gapsMs, misses } = tally;
  report.figure(name, {
    attempts,
    late,
    refused,
    gapMs: { p50: round(quantile(gapsMs, 0.5), 3), max: round(Math.max(0, ...gapsMs), 3) },
    perS: Math.round((attempts * 1000) / tookMs),
  });
  report.atLeast(`${name}Found`, found, size.found);
  report.atMost(`${name}NotFound`, misses.length, 0);
  report.check(
    `${name}: every binding that was acknowledged is found`,
    misses.length === 0,
    misses.join('\n'),
  );
};

/** One broker after the other, killed and started again, until it is said to stop; one at least, and a single one once. */
const restartBrokers = async (
  { kafka }: BenchCluster,
  nodes: number,
  isOn: () => boolean,
  told: () => void,
): Promise<number> => {
  let restarts = 0;
  do {
    await kafka.signal(restarts % nodes, 'SIGKILL');
    await sleep(DOWN_MS);
    await kafka.start();
    restarts += 1;
    told();
    if (isOn()) await sleep(UP_MS);
  } while (isOn() && nodes > 1);
  return restarts;
};

const preparePairs = async (
  report: Report,
  bench: BenchCluster,
  size: Size,
): Promise<Readonly<{ pairs: readonly Pair[]; close: () => void }>> => {
  await bench.provision(size.pairs);
  const at = (number: number) => ({ transport: 'udp', host: bench.bono(number), port: 5060 }) as const;
  const callers = await createFleet(at(2), usersOf('a', size.pairs));
  const callees = await createFleet(at(1), usersOf('b', size.pairs));
  await forEachAtOnce(callers.phones, size.atOnce, async (phone) => {
    const registered = await phone.register({ contact: callers.contact(phone, 0), expires: 3600 });
    checkStatus(report, `${phone.user.name} registers`, registered, 200);
  });
  const pairs = callees.phones.map((callee, n) => pairOf(callees, callee, callers.phones[n] as Phone));
  const close = (): void => {
    callers.close();
    callees.close();
  };
  return { pairs, close };
};

const runRounds = async (report: Report, bench: BenchCluster, size: Size): Promise<void> => {
  const { pairs, close } = await preparePairs(report, bench, size);
  try {
    report.note('registering at one edge and router, calling through the others');
    const calmMs = performance.now();
    judge(report, 'calm', await tryAll(pairs, size, () => true), size, performance.now() - calmMs);
    report.note('the same while brokers are killed and started again');
    const startMs = performance.now();
    let isOn = true;
    let hasRestarted = false;
    const restarting = restartBrokers(
      bench,
      size.kafkaNodes,
      () => isOn,
      () => (hasRestarted = true),
    );
    const tally = await tryAll(pairs, size, () => hasRestarted);
    judge(report, 'restarting', tally, size, performance.now() - startMs);
    isOn = false;
    report.atLeast('restarts', await restarting, 1);
  } finally {
    close();
  }
};

const runEndToEnd = async (report: Report): Promise<void> => {
  const folder = mkdtempSync(path.join(tmpdir(), 'jest-'));
  try {
    report.note('end-to-end tests of the cluster');
    const config = ['--config', '.config/jest.e2e.config.mjs', '--runInBand'];
    const output = path.join(folder, 'output.json');
    const tests = await runJest([...config, 'apps/clearwater/e2e/cluster.e2e.spec.ts'], output);
    report.figure('endToEndTests', tests.passed);
    report.check('no end-to-end test fails', tests.failed === 0, tests.failures.join('; '));
    report.check('there are end-to-end tests', tests.passed >= 5, String(tests.passed));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

export const line: Line = {
  async run(report) {
    const size = report.quick ? QUICK : FULL;
    await withCluster(
      { kafkaNodes: size.kafkaNodes, isPinned: true, env: { REG_MAX_EXPIRES: '3600' } },
      async (bench) => {
        await runRounds(report, bench, size);
        report.check('all stop with 0', await bench.cluster.stop());
        report.check(
          'nobody ended before',
          bench.endedByThemselves.length === 0,
          bench.endedByThemselves.join('\n'),
        );
      },
    );
    // .ci/run has them among its own.
    if (!report.quick) await runEndToEnd(report);
  },
};
