// Ways between the workers of one program: processes that listen on the same ports (docs/architecture.md §8). What a link carries is
// handover.ts's; sockets are adapters/worker-sockets.ts.

/** Workers of one program at most: what a branch's mark has characters for. */
export const WORKERS_MAX = 16;

export interface WorkerLinks {
  /** Number of this worker, from 0. */
  readonly own: number;
  readonly count: number;
  /** Queues a frame of latin1 text. False: that worker cannot be reached just now, or too much waits for it. */
  send(worker: number, frame: string): boolean;
  /** From now on frames go there, one at a time; what came before goes first. */
  listen(take: (frame: string) => void): void;
}
