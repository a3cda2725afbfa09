// Plays a row: load, fault, its end, and a while after; then what clients were told is judged, and what they were told has happened is looked for in views
// and log. Used by accept 8.2.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { countLost } from '../accept/acknowledged.js';
import { checkCallBetween } from '../accept/checks.js';
import type { Figure, Report } from '../accept/line.js';
import { UPCASTERS } from '#libs/domain';
import { createUpcasting, openKafkaLog } from '#libs/event-log';
import { systemClock as clock, systemRandom as random } from '#libs/runtime';
import { sleep } from '../harness/children.js';
import type { BenchCluster } from '../harness/cluster.js';
import { markOf } from '../harness/fleet.js';
import type { SippResult } from '../harness/sipp.js';
import { AFTER_MS_MAX, carriedCalls, judgeAnswers } from './answers.js';
import { chargedFor, type FaultBench } from './charged.js';
import type { FaultLoad, Rates } from './load.js';
import type { Row } from './row.js';
import { setFaultTimers } from './timers.js';

/** Of the load before the fault begins. */
const CALM_MS = 3_000;
/** Of the load after answers of the fault are over: what is told then is right. */
const AFTER_MS = AFTER_MS_MAX + 4_000;
const SHOWN_MAX = 5;
const PARTITIONS = 12;

export const countsOf = ({ created, successful, failed, retransmissions }: SippResult): Figure => ({ created, successful, failed, retransmissions }); // prettier-ignore

const openLog = ({ engines, name }: BenchCluster, { upcast } = createUpcasting(UPCASTERS)): ReturnType<typeof openKafkaLog> => {
  const brokers = engines.kafka.endpoints;
  return openKafkaLog({
    connection: { brokers, clientId: 'faults' },
    topicPrefix: name,
    generation: 1,
    partitions: PARTITIONS,
    isSingle: brokers.length < 3,
    retentionMs: 7 * 86_400_000,
    clock,
    random,
    upcast,
  });
}; // prettier-ignore

/** How many events of registrations are in the log, by type and the version that they were written in: `BindingAdded v1`. */
export const versionsInLog = async (bench: BenchCluster): Promise<Readonly<Record<string, number>>> => {
  const counts: Record<string, number> = {};
  const { upcast, versionOf } = createUpcasting(UPCASTERS);
  const log = await openLog(bench, {
    versionOf,
    upcast(stream, event, version) {
      const name = `${event.type} v${version}`;
      counts[name] = (counts[name] ?? 0) + 1;
      return upcast(stream, event, version);
    },
  });
  try {
    for await (const { unreadable } of log.readAll(['registration'], 'oldest'))
      if (unreadable !== undefined) counts['unreadable'] = (counts['unreadable'] ?? 0) + 1;
    return counts;
  } finally {
    await log.close();
  }
};

/** `user mark` of each registration in the log. */
export const marksInLog = async (bench: BenchCluster): Promise<ReadonlySet<string>> => {
  const log = await openLog(bench);
  const marks = new Set<string>();
  try {
    for await (const { event } of log.readAll(['registration'], 'oldest')) {
      const { contact } = event.data as { contact?: string };
      const mark = markOf(contact ?? '');
      if (mark !== undefined) marks.add(`${/^sips?:([^@]+)@/.exec(contact!)?.[1]} ${mark}`);
    }
  } finally {
    await log.close();
  }
  return marks;
};

const SAID_CHARACTERS = 600;

/** Of each process of ours that said something. */
export const lastWords = ({ cluster }: BenchCluster): readonly string[] =>
  cluster.members.flatMap(({ name, folder }) => {
    const said = readFileSync(path.join(folder, 'output.log'), 'utf8').slice(-SAID_CHARACTERS).trim();
    return said === '' ? [] : [`${name}: ${said}`];
  });

/** The fault, from its beginning until what its row waits for has come. `problem`: it has not. */
const bringAbout = async (bench: FaultBench, row: Row) => {
  const beganMs = Date.now();
  await row.begin(bench);
  await sleep(row.holdMs);
  await row.end(bench);
  const endedMs = Date.now();
  let problem = '';
  await row.passed?.(bench).catch((error: unknown) => (problem = String(error)));
  return { beganMs, endedMs, passedMs: Date.now(), problem };
};

export const playRow = async (report: Report, bench: FaultBench, load: FaultLoad, rates: Rates, row: Row): Promise<void> => {
  report.note(`${row.name}: ${row.fault}, ${row.holdMs / 1000} s`);
  const endedBefore = bench.endedByThemselves.length;
  const popped = await setFaultTimers(bench, row.popLateMsMax);
  const stop = await load.start(rates);
  await sleep(CALM_MS);
  const { beganMs, endedMs, passedMs, problem } = await bringAbout(bench, row).catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  await sleep(AFTER_MS);
  const { answers, sipp, called } = await stop();
  const [one, other] = load.rested;
  for (const [caller, callee] of [[one, other], [other, one]] as const)
    await checkCallBetween(report, caller, callee, `${row.name}: who has rested since before`).catch((error: unknown) =>
      report.check(`${row.name}: who has rested since before is called on the flow of then`, false, String(error)),
    );
  const { counts, violations, lastAfterMs } = judgeAnswers(answers, row.allowed, { beganMs, passedMs });
  const lost = await countLost(report, load.acknowledged);
  const inLog = await marksInLog(bench);
  const notInLog = [...load.marks].filter((mark) => !inLog.has(mark));
  const timers = await popped();
  const charged = await chargedFor(bench.cdf, new Set(carriedCalls(answers)));
  const ended = bench.endedByThemselves.slice(endedBefore);

  report.figure(row.name, {
    fault: row.fault,
    awayMs: endedMs - beganMs,
    passedAfterMs: passedMs - endedMs,
    told: counts,
    lastAnswerOfTheFaultAfterMs: lastAfterMs,
    acknowledged: load.marks.size,
    lost,
    timers,
    charged: { calls: charged.calls, records: charged.records, missing: charged.missing.length, doubled: charged.doubled.length },
    sippRegistrations: countsOf(sipp.registrations),
    sippCalls: countsOf(sipp.calls),
    sippAnswering: countsOf(sipp.answering),
  });
  if (violations.length > 0) for (const text of lastWords(bench)) report.note(text);
  const shown = violations.slice(0, SHOWN_MAX).join('; ');
  report.check(`${row.name}: its own bound is kept`, problem === '', problem);
  report.check(`${row.name}: only answers that the row allows, while it lasts`, violations.length === 0, `${violations.length}: ${shown}`);
  report.check(`${row.name}: every binding that was acknowledged is found`, lost === 0, String(lost));
  report.check(`${row.name}: every registration that was acknowledged is in the log`, notInLog.length === 0, notInLog.slice(0, SHOWN_MAX).join('; '));
  report.check(`${row.name}: nobody is called twice for one call`, called.size <= sipp.calls.created, `${called.size} came of ${sipp.calls.created}`);
  report.check(`${row.name}: no timer is lost`, timers.set > 0 && timers.lost === 0, JSON.stringify(timers));
  report.check(`${row.name}: none pops later than ${timers.latestMsMax} ms`, timers.latestMs <= timers.latestMsMax, JSON.stringify(timers));
  report.check(`${row.name}: each call that was carried is charged`, charged.missing.length === 0, `${charged.missing.length}: ${charged.missing.slice(0, SHOWN_MAX).join('; ')}`);
  report.check(`${row.name}: nothing is charged twice`, charged.doubled.length === 0, charged.doubled.slice(0, SHOWN_MAX).join('; '));
  report.check(`${row.name}: there was a load`, load.marks.size > 0 && sipp.calls.successful > 0 && sipp.registrations.successful > 0);
  report.check(`${row.name}: no process ends by itself`, ended.length === 0, ended.join('\n'));
}; // prettier-ignore
