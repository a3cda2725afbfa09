import { createFakeClock, createSeededRandom } from '#libs/testkit';
import { EventLogConfig } from '../event-log.config.js';
import { MemoryDisk } from './embedded/disk/memory-disk.js';
import { createEmbeddedLog } from './embedded/embedded.event-log.js';
import { BrokersUnreachable } from './kafka/kafka-faults.js';
import { openConfiguredLog, OtherLog } from './open-log.js';

const onKafka = Object.assign(new EventLogConfig(), { eventLog: 'kafka', kafkaBrokers: ['127.0.0.1:1'] });

const options = (disk: MemoryDisk) => ({
  directory: '/data',
  disk,
  clock: createFakeClock(),
  random: createSeededRandom(1),
  retentionMs: 86_400_000,
});

describe('the log that is configured', () => {
  it('is in files unless told otherwise', async () => {
    const log = await openConfiguredLog(new EventLogConfig(), options(new MemoryDisk()));
    expect(log.health()).toEqual({ ok: true });
    expect(log.head).toBeUndefined();
    await log.close();
  });

  it('is not on Kafka in a folder that holds an embedded one', async () => {
    const disk = new MemoryDisk();
    await (await createEmbeddedLog(options(disk))).close();
    await expect(openConfiguredLog(onKafka, options(disk))).rejects.toThrow(OtherLog);
    // The folder is free again.
    await (await createEmbeddedLog(options(disk))).close();
  });

  it('is not in files, nor of another generation, where views are of a log on Kafka', async () => {
    const disk = new MemoryDisk();
    // No broker answers, but whose the folder is was written before.
    await expect(openConfiguredLog(onKafka, options(disk))).rejects.toThrow(BrokersUnreachable);
    await expect(openConfiguredLog(new EventLogConfig(), options(disk))).rejects.toThrow(OtherLog);
    const other = Object.assign(new EventLogConfig(), onKafka, { kafkaGeneration: 2 });
    await expect(openConfiguredLog(other, options(disk))).rejects.toThrow(/clearwater\.1, not clearwater\.2/);
  });
});
