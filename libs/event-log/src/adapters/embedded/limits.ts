// The bounds of the embedded log, each with what happens at it.

export type EmbeddedLimits = Readonly<{
  /** An append unanswered for so long is AppendUnknown. */
  appendTimeoutMs: number;
  /** Bytes of events waiting for the disk; beyond it appends are refused. */
  appendBacklogBytesMax: number;
  /** Bytes of the events of one append; a larger one is refused. */
  appendBytesMax: number;
  /** Bytes written by one group commit; what waits beyond it goes with the next. */
  batchBytesMax: number;
  /** A segment that has reached this size is sealed and the next begun. */
  segmentBytesMax: number;
  /** So much of the newest segment is written with zeros ahead of its end; where the disk has no room for them there are none. */
  roomBytes: number;
  /** So long an append waits for others to share its group commit, while waiting brings any. At most 2. */
  gatherMs: number;
  /** Events queued for a subscriber; one that lags more reads them from the files instead. */
  subscriberQueueMax: number;
  /** Events handed to a subscriber at once. */
  subscriberBatchMax: number;
  /** Verdicts remembered by idempotency key; the oldest is forgotten. */
  idempotencyKeysMax: number;
}>;

export const EMBEDDED_LIMITS: EmbeddedLimits = {
  appendTimeoutMs: 2_000,
  appendBacklogBytesMax: 32 << 20,
  appendBytesMax: 1 << 20,
  batchBytesMax: 4 << 20,
  segmentBytesMax: 64 << 20,
  roomBytes: 1 << 20,
  gatherMs: 2,
  subscriberQueueMax: 10_000,
  subscriberBatchMax: 1_000,
  idempotencyKeysMax: 10_000,
};
