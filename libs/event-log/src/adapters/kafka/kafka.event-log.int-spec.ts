// The log on Kafka against the contract that the embedded log passes, on a real broker.
import { jest } from '@jest/globals';
import { describeEventLog } from '../../../contract/event-log.contract.js';
import { describeWithKafka, testLog } from './broker.fixture.js';

jest.setTimeout(60_000);

describeWithKafka('on Kafka', () => {
  describeEventLog('kafka', async () => {
    const test = testLog();
    const first = await test.open();
    let log = first;
    return {
      log: first,
      isOrderedByStreamOnly: true,
      restart: async () => {
        await log.close();
        log = await test.open();
        return log;
      },
      end: async () => {
        await log.close();
        await test.deleteTopics();
      },
    };
  });

  it('tells of each event which node wrote it', async () => {
    const test = testLog();
    const [one, other] = [
      await test.open({ node: 'router-1:9881' }),
      await test.open({ node: 'router-2:9881' }),
    ];
    try {
      await one.append('call-x', [{ type: 'Began', data: {} }]);
      await other.append('call-x', [{ type: 'Ended', data: {} }]);
      const told: unknown[] = [];
      for await (const { event, node } of one.readAll(['calls'], 'oldest')) told.push([event.type, node]);
      expect(told).toEqual([
        ['Began', 'router-1:9881'],
        ['Ended', 'router-2:9881'],
      ]);
    } finally {
      await Promise.all([one.close(), other.close()]);
      await test.deleteTopics();
    }
  });
});
