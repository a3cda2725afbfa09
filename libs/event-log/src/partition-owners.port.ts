// Who does what must be done by one: each partition of the log has one owner among the processes of a group (docs/architecture.md §2, Own).
// Partition p of all topics goes to one member. Adapters: embedded/sole-owner.ts, kafka/group-owners.ts. Users: what drives effects.

/** What came to this process and what went from it. */
export type OwnershipChange = Readonly<{ gained: readonly number[]; lost: readonly number[] }>;

export interface PartitionOwners {
  readonly partitions: number;
  /** Of a stream, on every topic. */
  partitionOf(stream: string): number;
  /** As last told: a former owner may not have heard yet that it is none any more. */
  owns(partition: number): boolean;
  /**
   * False while the group was not heard of for half a session: somebody else may own what this process holds. Effects that must not
   * be doubled are not begun then; what may be, goes on.
   */
  readonly isSure: boolean;
  /** Told at each change, and at once of what is owned by now. Returns how to be told no more. */
  onChange(listener: (change: OwnershipChange) => void): () => void;
  /** Gives all partitions to the others. */
  stop(): Promise<void>;
}

/** Of a process that may be taken out of work and back. */
export interface LeavableOwners extends PartitionOwners {
  /** Gives all partitions to the others, until it comes back. Who is alone keeps what nobody else could have. */
  leave(): Promise<void>;
  comeBack(): Promise<void>;
}
