// 2.7: the embedded log in figures: appends at 64 callers against the raw rate of the disk in the same run, events replayed through the
// registration fold, the start on a million of them, and the memory of 100,000 registered users.
import { benchAppend } from '../../append.js';
import { benchMemory } from '../../memory.js';
import { benchRecover } from '../../recover.js';
import { benchReplay } from '../../replay.js';
import type { Line, Report } from '../line.js';

type Form = Readonly<{
  appendS: number;
  /** Of 64 × the raw rate. */
  appendShareMin: number;
  replayEvents: number;
  replayRuns: number;
  replayPerSMin: number;
  recoverEvents: number;
  recoverMsMax: number;
  users: number;
  /** Answers are kept for 32 s: the full form waits until they are gone. */
  settleS: number;
  residentMiBMax: number;
}>;

const FULL: Form = {
  appendS: 3,
  appendShareMin: 0.4,
  replayEvents: 1_000_000,
  replayRuns: 5,
  replayPerSMin: 250_000,
  recoverEvents: 1_000_000,
  recoverMsMax: 10_000,
  users: 100_000,
  settleS: 40,
  residentMiBMax: 600,
};

/**
 * The short form runs beside other work on whatever machine it meets: it finds what costs a multiple, not what costs a percent. The
 * limits themselves are judged by the full form alone.
 */
const SHORT: Form = {
  appendS: 0.5,
  appendShareMin: 0.08,
  replayEvents: 100_000,
  replayRuns: 3,
  replayPerSMin: 50_000,
  recoverEvents: 100_000,
  recoverMsMax: 15_000,
  users: 300,
  settleS: 1,
  residentMiBMax: 400,
};

const judgeLog = async (report: Report, form: Form): Promise<void> => {
  report.note('append');
  const append = await benchAppend({ seconds: form.appendS });
  report.figure('appendCallers', append.callers);
  report.figure('appendSharesAt64', append.sharesAt64);
  report.figure('rawFdatasyncPerS', append.rawFdatasyncPerS);
  report.atLeast('appendShareOfIdealAt64', append.shareOfIdealAt64, form.appendShareMin);

  report.note('replay');
  const replay = await benchReplay({ events: form.replayEvents, runs: form.replayRuns });
  report.figure('replayEventsPerSByTheClock', replay.eventsPerS);
  report.figure('replayRuns', replay.runs);
  report.atLeast('replayEventsPerS', replay.eventsPerCpuS, form.replayPerSMin);
};

const judgeProduct = async (report: Report, form: Form): Promise<void> => {
  report.note('recover');
  const recover = await benchRecover({ events: form.recoverEvents });
  report.atMost('readyMs', recover.readyMs, form.recoverMsMax);
  report.atMost('readyAfterKillMs', recover.readyAfterKillMs, form.recoverMsMax);
  report.figure('residentMiBAfterRecovery', recover.residentMiB);

  report.note('memory');
  const memory = await benchMemory({ users: form.users, settleS: form.settleS });
  report.figure('users', memory.users);
  report.figure('residentMiBEmpty', memory.emptyMiB);
  report.figure('residentMiBProvisioned', memory.provisionedMiB);
  report.figure('residentMiBRegistered', memory.registeredMiB);
  report.atMost('residentMiB', memory.residentMiB, form.residentMiBMax);
};

export const line: Line = {
  async run(report) {
    const form = report.quick ? SHORT : FULL;
    await judgeLog(report, form);
    await judgeProduct(report, form);
  },
};
