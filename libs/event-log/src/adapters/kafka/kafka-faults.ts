// What stops a log on Kafka for an operator to look. Apart from the code that throws them, which loads kafkajs.

/** The brokers have other topics than this process needs. */
export class TopicsUnfit extends Error {}

/** The log no longer holds what was to be read next, or never held it. Go on from a snapshot, the archive, or rebuild. */
export class OffsetGone extends Error {}

/** No broker answers, or none lets this client in. */
export class BrokersUnreachable extends Error {}

/** The topics are there, and some partitions have no leader: on brokers that have just started for a while. */
export class PartitionsUnled extends Error {}
