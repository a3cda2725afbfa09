// Several processes append to the same streams, each expecting the revision that it knows: exactly one wins each round, and all come to the same
// verdicts, as does a process that folds the log afterwards. RACE_ROUNDS=10000 for the long form.
import { execFileSync, spawn } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { jest } from '@jest/globals';
import { RevisionConflict } from '../../event-log.port.js';
import { brokers, describeWithKafka, testLog } from './broker.fixture.js';

jest.setTimeout(600_000);

const ROOT = path.resolve(import.meta.dirname, '../../../../..');
const ROUNDS = Number(process.env['RACE_ROUNDS'] ?? 150);
const PROCESSES = 4;
const STREAM = 'subscriber-raced';

/** Tries to be the one who appends revision 1, 2, …; prints the rounds that it won. */
const RACER = `
  import { openKafkaLog, RevisionConflict, AppendUnknown } from '#libs/event-log';
  import { systemClock, systemRandom } from '#libs/runtime';
  const [brokers, topicPrefix, rounds, name] = process.argv.slice(1);
  const log = await openKafkaLog({ connection: { brokers: brokers.split(','), clientId: name }, topicPrefix, generation: 1,
    partitions: 3, isSingle: brokers.split(',').length < 3, retentionMs: 7 * 86400000, clock: systemClock, random: systemRandom });
  const out = { won: [], unknown: 0, conflicts: 0 };
  for (let expected = 0; expected < Number(rounds);) {
    try {
      await log.append('${STREAM}', [{ type: 'Won', data: { by: name } }], { expected });
      out.won.push(expected++);
    } catch (error) {
      if (error instanceof RevisionConflict) { out.conflicts++; expected = error.actual; }
      else if (error instanceof AppendUnknown) out.unknown++;
      else throw error;
    }
  }
  console.log(JSON.stringify(out));
  await log.close();`;

type Result = Readonly<{ won: readonly number[]; unknown: number; conflicts: number }>;

const race = (prefix: string, name: string): Promise<Result> =>
  new Promise((resolve, reject) => {
    const { NODE_OPTIONS: _jestOptions, ...env } = process.env;
    const args = ['--input-type=module', '-e', RACER, brokers().join(','), prefix, String(ROUNDS), name];
    const child = spawn(process.execPath, args, { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'inherit'] });
    let last = '';
    createInterface({ input: child.stdout }).on('line', (line) => (last = line));
    child.on('exit', (code) => {
      if (code === 0) resolve(JSON.parse(last) as Result);
      else reject(new Error(`a racer ended with ${code}`));
    });
  });

describeWithKafka('racing appends of several processes', () => {
  beforeAll(() => {
    execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-b', 'libs/event-log'], {
      cwd: ROOT,
    });
  }, 300_000);

  it(`has one winner in each of ${ROUNDS} rounds, and one verdict on each append everywhere`, async () => {
    const test = testLog();
    await (await test.open()).close();
    const names = Array.from({ length: PROCESSES }, (_, n) => `racer-${n}`);
    const results = await Promise.all(names.map((name) => race(test.prefix, name)));
    const log = await test.open();
    const winners: string[] = [];
    for await (const { event, revision } of log.read(STREAM)) {
      winners.push((event.data as { by: string }).by);
      expect(revision).toBe(winners.length);
    }
    expect(winners).toHaveLength(ROUNDS);
    const isCertain = results.every(({ unknown }) => unknown === 0);
    results.forEach(({ won }, n) => {
      const found = winners.flatMap((by, round) => (by === names[n] ? [round] : []));
      if (isCertain) expect(found).toEqual(won);
      else expect(found).toEqual(expect.arrayContaining([...won]));
    });
    await expect(log.append(STREAM, [{ type: 'Won', data: {} }], { expected: 0 })).rejects.toThrow(
      RevisionConflict,
    );
    process.stdout.write(
      `${JSON.stringify(results.map(({ won, conflicts, unknown }) => ({ won: won.length, conflicts, unknown })))}\n`,
    );
    await log.close();
    await test.deleteTopics();
  });
});
