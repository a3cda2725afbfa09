// What waits for the fold of an expect topic while Kafka gives nothing: it can be told to stop, and the log can be closed.
import { createFakeClock } from '#libs/testkit';
import { ExpectView } from './expect-view.js';
import type { KafkaConnection } from './kafka-connection.js';
import { KAFKA_LIMITS } from './limits.js';
import type { KafkaLogReader } from './log-reader.js';

/** A view that follows brokers which never answer; `ends`: whether they say where the log ends. */
const silentView = (ends: () => Promise<ReadonlyMap<string, number>>) => {
  const connect = (): KafkaConnection => {
    const never = Promise.withResolvers<void>();
    const cluster = { connect: () => never.promise };
    const connection = { cluster: () => cluster, destroy: () => never.reject(new Error('ended')) };
    return connection as unknown as KafkaConnection;
  };
  return new ExpectView({
    connect,
    nameOf: (topic) => topic,
    reader: { ends } as unknown as KafkaLogReader,
    partitions: 1,
    limits: KAFKA_LIMITS,
    clock: createFakeClock(),
  });
};

const oneEvent = (): Promise<ReadonlyMap<string, number>> =>
  Promise.resolve(new Map([['provisioning/0', 1]]));

describe('the fold of expect topics while Kafka gives nothing', () => {
  it('lets go whoever gives up', async () => {
    const view = silentView(oneEvent);
    const givesUp = new AbortController();
    const waiting = view.passed('provisioning/0', 1, givesUp.signal);
    givesUp.abort();
    await expect(waiting).rejects.toThrow('no longer waits');
    await expect(view.passed('provisioning/0', 1, givesUp.signal)).rejects.toThrow('no longer waits');
    await view.stop();
  });

  it('is closed while it starts, and refuses from then on', async () => {
    const view = silentView(oneEvent);
    const starting = expect(view.ready()).rejects.toThrow('closed');
    await view.stop();
    await starting;
    await expect(view.ready()).rejects.toThrow('closed');
  });

  it('waits for records also where the end of the log cannot be had: that is no failure of the fold', async () => {
    const view = silentView(() => Promise.reject(new Error('no broker answers')));
    const waiting = view.passed('provisioning/0', 1);
    await expect(view.ready()).rejects.toThrow('no broker answers');
    await view.stop();
    await expect(waiting).rejects.toThrow('closed');
  });
});
