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
});
