// The embedded log on a disk in memory: the log of tests and simulations. Same code, no machine underneath.
import { createEmbeddedLog, type EmbeddedLog, type EmbeddedLogOptions } from './embedded.event-log.js';
import { MemoryDisk } from './disk/memory-disk.js';

export type MemoryLogOptions = Pick<EmbeddedLogOptions, 'clock' | 'random'> & Partial<EmbeddedLogOptions>;

/** A log whose appends are durable after a few microtasks, with no timer: a fake clock need not move for it. */
export const createMemoryLog = (options: MemoryLogOptions): Promise<EmbeddedLog> =>
  createEmbeddedLog({
    directory: '/data',
    disk: new MemoryDisk(),
    soon: queueMicrotask,
    ...options,
    limits: { gatherMs: 0, ...options.limits },
  });
