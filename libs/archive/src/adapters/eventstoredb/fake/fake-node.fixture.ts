// What a node of the stand-in is at the moment, and which faults are due. Read by its services, set by tests.
import type { Metadata, ServiceError } from '@grpc/grpc-js';
import { status } from '@grpc/grpc-js';
import type { FakeEventStore } from './event-store.js';
import { failure } from './messages.fixture.js';

/** What befalls one append: nothing is written, it is written and the answer lost, or there is no answer at all. */
export type AppendFault = 'lose-request' | 'lose-answer' | 'silence';

/** Where the leader is, as host and port. */
export type Leader = Readonly<{ host: string; port: number }>;

export class FakeNode {
  /** Set: this node is a follower. */
  leader: Leader | undefined;
  /** The process lives and answers that it is not ready, as EventStoreDB does while it starts. */
  isUnavailable = false;
  /** Due at the next appends, in order. */
  readonly appendFaults: AppendFault[] = [];
  /** Reads that are not answered. */
  silentReads = 0;
  #number = 0;
  readonly #downs = new Set<() => void>();

  constructor(readonly store: FakeEventStore) {}

  nextNumber(): number {
    this.#number += 1;
    return this.#number;
  }

  nextFault(): AppendFault | undefined {
    return this.appendFaults.shift();
  }

  nextReadFault(): 'silence' | undefined {
    if (this.silentReads === 0) return undefined;
    this.silentReads -= 1;
    return 'silence';
  }

  /** Why this node does not do it. A follower reads for whoever does not insist on the leader. */
  refusal(metadata: Metadata, isWrite: boolean): Partial<ServiceError> | undefined {
    if (this.isUnavailable) return failure(status.UNAVAILABLE, 'Server Is Not Ready');
    const wantsLeader = isWrite || metadata.get('requires-leader')[0] === 'true';
    if (this.leader === undefined || !wantsLeader) return undefined;
    return failure(status.NOT_FOUND, 'Leader info available', {
      exception: 'not-leader',
      'leader-endpoint-host': this.leader.host,
      'leader-endpoint-port': String(this.leader.port),
    });
  }

  /** Told when the node goes down; the function returned forgets that. */
  onDown(run: () => void): () => void {
    this.#downs.add(run);
    return () => this.#downs.delete(run);
  }

  goDown(): void {
    for (const run of this.#downs) run();
    this.#downs.clear();
  }
}
