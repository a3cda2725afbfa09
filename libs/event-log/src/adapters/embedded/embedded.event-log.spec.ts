// The embedded log against the contract, on a disk in memory and on a real one.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { systemClock, systemRandom } from '#libs/runtime';
import { createFakeClock, createSeededRandom } from '#libs/testkit';
import { describeEventLog, type LogUnderTest } from '../../../contract/event-log.contract.js';
import { createEmbeddedLog, type EmbeddedLog } from './embedded.event-log.js';
import { MemoryDisk } from './disk/memory-disk.js';
import { createMemoryLog } from './memory.event-log.js';
import { nodeDisk } from './disk/node-disk.js';

const restartable = async (
  open: () => Promise<EmbeddedLog>,
  afterEnd?: () => Promise<void>,
): Promise<LogUnderTest> => {
  const first = await open();
  let log = first;
  return {
    log: first,
    restart: async () => {
      await log.close();
      log = await open();
      return log;
    },
    end: async () => {
      await log.close();
      await afterEnd?.();
    },
  };
};

describeEventLog('embedded, on a disk in memory', () => {
  const disk = new MemoryDisk();
  const clock = createFakeClock();
  const random = createSeededRandom(1);
  return restartable(() => createMemoryLog({ disk, clock, random }));
});

describeEventLog('embedded, on a disk in memory, in tiny segments and queues', () => {
  const disk = new MemoryDisk();
  const clock = createFakeClock();
  const random = createSeededRandom(1);
  const limits = { segmentBytesMax: 600, subscriberQueueMax: 3, subscriberBatchMax: 2, batchBytesMax: 500 };
  return restartable(() => createMemoryLog({ disk, clock, random, limits }));
});

describeEventLog('embedded, on a real disk', async () => {
  const directory = await mkdtemp(`${tmpdir()}/event-log-`);
  const open = () =>
    createEmbeddedLog({ directory, disk: nodeDisk, clock: systemClock, random: systemRandom });
  return restartable(open, () => rm(directory, { recursive: true }));
});
