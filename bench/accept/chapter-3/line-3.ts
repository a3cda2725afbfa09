// 3.3: appends that race for the same revision, one winner a round: four processes on Kafka, four callers of the one process that an embedded
// log has. And a history that is copied embedded → Kafka → embedded: the same rows and verdicts from each, folded from the start.
import { mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { createEmbeddedLog, type EventLog, nodeDisk, RevisionConflict } from '#libs/event-log';
import { systemClock as clock, systemRandom as random } from '#libs/runtime';
import { inRepository } from '../../harness/root.js';
import { checkTests } from '../jest-run.js';
import type { Line, Report } from '../line.js';

const RACERS = 4;
const STREAM = 'subscriber-raced';

/** Tries to be the one who appends each revision; resolves with those that it did. */
const race = async (log: EventLog, name: string, rounds: number): Promise<readonly number[]> => {
  const won: number[] = [];
  for (let expected = 0; expected < rounds;) {
    try {
      await log.append(STREAM, [{ type: 'Won', data: { by: name } }], { expected });
      won.push(expected++);
    } catch (error) {
      if (!(error instanceof RevisionConflict)) throw error;
      expected = error.actual;
    }
  }
  return won;
};

const judgeEmbedded = async (report: Report, rounds: number): Promise<void> => {
  const directory = mkdtempSync(path.join(inRepository(), 'data-bench-'));
  const open = () => createEmbeddedLog({ directory, disk: nodeDisk, clock, random });
  try {
    const log = await open();
    const names = Array.from({ length: RACERS }, (_, n) => `racer-${n}`);
    const won = await Promise.all(names.map((name) => race(log, name, rounds)));
    await log.close();
    const winners: string[] = [];
    const again = await open();
    for await (const { event } of again.read(STREAM)) winners.push((event.data as { by: string }).by);
    await again.close();
    report.figure('embeddedRounds', winners.length);
    report.figure(
      'embeddedWon',
      won.map((rounds) => rounds.length),
    );
    const told = won.every((rounds, n) => rounds.every((round) => winners[round] === names[n]));
    const all = won.reduce((sum, rounds) => sum + rounds.length, 0);
    report.check(
      'embedded: one winner a round, and the log says who',
      told && all === rounds && winners.length === rounds,
    );
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
};

export const line: Line = {
  async run(report) {
    const rounds = report.quick ? 300 : 10_000;
    await judgeEmbedded(report, rounds);
    process.env['RACE_ROUNDS'] = String(report.quick ? 30 : rounds);
    process.env['COPY_USERS'] = String(report.quick ? 20 : 2_000);
    report.figure('kafkaRounds', Number(process.env['RACE_ROUNDS']));
    await checkTests(report, 'races of four processes on Kafka', ['kafka/race.int-spec']);
    await checkTests(report, 'a copy and its way back', ['log-copy.int-spec', 'copy/copy-log.spec'], {
      atLeast: 9,
    });
  },
};
