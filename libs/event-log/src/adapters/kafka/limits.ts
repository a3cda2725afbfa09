// The bounds of the log on Kafka, each with what happens at it.

export type KafkaLimits = Readonly<{
  /** An append unanswered for so long: refused when it was never sent, AppendUnknown when it was. */
  appendTimeoutMs: number;
  /** A produce request that is not answered for so long is an error: its producer ends. Below appendTimeoutMs. */
  produceTimeoutMs: number;
  /** Bytes of events waiting to be sent; beyond it appends are refused. */
  appendBacklogBytesMax: number;
  /** Bytes of the events of one append; a larger one is refused. */
  appendBytesMax: number;
  /** Bytes of one produce request; what waits beyond it goes with the next. The broker's default takes 1 MiB a partition. */
  batchBytesMax: number;
  /** The longest time that a fetch waits at the broker for something new. */
  fetchWaitMs: number;
  /** Bytes that a fetch brings at most, of one partition and of all; a larger batch comes alone. */
  fetchPartitionBytesMax: number;
  fetchBytesMax: number;
  /** A fetch, or a look at the ends, that is not answered for so long is an error, and the connection is made anew. */
  readTimeoutMs: number;
  /** Between attempts to reach the brokers, doubling from the first to the second. Without end: lag and health tell. */
  retryMsMin: number;
  retryMsMax: number;
  /** Events handed to a subscriber at once. */
  subscriberBatchMax: number;
  /** Append ids and idempotency keys that the fold of an expect topic's partition remembers; the oldest is forgotten. */
  verdictsMax: number;
  /** Appends that wait for their verdict; beyond it they are refused. */
  verdictWaitersMax: number;
}>;

/** Of an append's time: what is left is for a producer that has to be made anew. */
const PRODUCE_SHARE = 0.6;

export const appendLimits = (
  appendTimeoutMs: number,
): Pick<KafkaLimits, 'appendTimeoutMs' | 'produceTimeoutMs'> => ({
  appendTimeoutMs,
  produceTimeoutMs: appendTimeoutMs * PRODUCE_SHARE,
});

export const KAFKA_LIMITS: KafkaLimits = {
  ...appendLimits(2_000),
  appendBacklogBytesMax: 32 << 20,
  appendBytesMax: 900_000,
  batchBytesMax: 900_000,
  fetchWaitMs: 500,
  fetchPartitionBytesMax: 1 << 20,
  fetchBytesMax: 8 << 20,
  readTimeoutMs: 5_000,
  retryMsMin: 100,
  retryMsMax: 2_000,
  subscriberBatchMax: 1_000,
  verdictsMax: 10_000,
  verdictWaitersMax: 10_000,
};
