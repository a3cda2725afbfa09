import type { LeavableOwners } from '../../partition-owners.port.js';
import type { GroupOwnersOptions } from './group-owners.js';
import type { KafkaLog, KafkaLogOptions } from './kafka.event-log.js';

export { type KafkaLog, type KafkaLogOptions } from './kafka.event-log.js';
export { type KafkaBrokers, type TlsOptions } from './kafka-connection.js';
export { BrokersUnreachable, OffsetGone, TopicsUnfit } from './kafka-faults.js';
export { appendLimits, KAFKA_LIMITS, type KafkaLimits } from './limits.js';

/** As createKafkaLog. The driver is loaded only where the log is on Kafka. */
export const openKafkaLog = async (options: KafkaLogOptions): Promise<KafkaLog> => {
  const { createKafkaLog } = await import('./kafka.event-log.js');
  return createKafkaLog(options);
};

/** As createGroupOwners. */
export const joinGroup = async (options: GroupOwnersOptions): Promise<LeavableOwners> => {
  const { createGroupOwners } = await import('./group-owners.js');
  return createGroupOwners(options);
};
