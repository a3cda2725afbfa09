import { EventEmitter } from 'node:events';
import type { Worker } from 'node:worker_threads';
import { createFakeClock, settle } from '#libs/testkit';
import { SQL_ANSWER_TIMEOUT_MS } from './sqlite-database.js';
import type { FromWorker, SqlRead, ToWorker } from './sqlite-protocol.js';
import { DatabaseDamaged, openWholeDatabase } from './whole-database.js';

const FILE = '/nowhere/views.sqlite';

/** A thread that answers at once, but keeps the answer to a look until `release(verdict)`. */
const slowDisk = () => {
  const clock = createFakeClock();
  const told: string[] = [];
  let started = 0;
  let release: ((verdict: string) => void) | undefined;
  const startWorker = (): Worker => {
    started += 1;
    const worker = new EventEmitter();
    const say = (message: FromWorker): void => void setImmediate(() => worker.emit('message', message));
    const answer = (value: SqlRead): void => {
      say({ kind: 'read', answers: [{ ok: true, value }] });
      say({ kind: 'written', answer: { ok: true, value: [] } });
    };
    const postMessage = (message: ToWorker): void => {
      if (message.kind === 'close') setImmediate(() => worker.emit('exit', 0));
      else if (message.batch.reads.some(({ sql }) => sql.includes('quick_check')))
        release = (verdict) => answer([[[verdict]]]);
      else answer([[[1]]]);
    };
    say({ kind: 'open' });
    return Object.assign(worker, { postMessage, terminate: async () => 0 }) as unknown as Worker;
  };
  const opening = openWholeDatabase({
    file: FILE,
    clock,
    startWorker,
    onFault: (reason) => told.push(reason),
  });
  /** Ends the look with that verdict, after all callers were told that the disk does not answer. */
  const endLate = async (verdict: string): Promise<void> => {
    while (!release) await settle();
    clock.advance(SQL_ANSWER_TIMEOUT_MS);
    await settle();
    release(verdict);
  };
  return { opening, endLate, told, started: () => started };
};

describe('a look that takes longer than an answer may', () => {
  it('is told once and does not keep a file from being opened', async () => {
    const { opening, endLate, told, started } = slowDisk();
    await endLate('ok');
    const database = await opening;
    expect(await database.read('SELECT 1', [], ([row]) => row)).toEqual([1]);
    expect(told).toEqual([expect.stringMatching(/does not answer while it is looked through/)]);
    // The thread that had the look is gone: it would have refused what comes next.
    expect(started()).toBe(2);
    await database.close();
  });

  it('still finds what is damaged', async () => {
    const { opening, endLate } = slowDisk();
    const refused = expect(opening).rejects.toThrow(
      new DatabaseDamaged(`${FILE} is damaged: row 1 missing from index`),
    );
    await endLate('row 1 missing from index');
    await refused;
  });
});
